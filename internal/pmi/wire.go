package pmi

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

const (
	// MaxLine is the longest line that is read, newline included. C clients
	// use 1024 bytes; a client that sends more is in error, but abort messages
	// are worth some room.
	MaxLine = 16 << 10

	// KVSNameMax is the longest name of a key-value space that the server
	// announces (get_maxes) and takes.
	KVSNameMax = 256
	// KeyMax is the longest key.
	KeyMax = 64
	// ValueMax is the longest value.
	ValueMax = 1024
)

// ErrLineTooLong is returned for a line of more than MaxLine bytes.
var ErrLineTooLong = errors.New("pmi: line too long")

// Message is one command or reply. The zero value has no name and no values.
type Message struct {
	Name string // the value of cmd; for a spawn the value of mcmd
	keys []string
	vals []string
}

// NewMessage returns a message with the given keys and values, in turn.
func NewMessage(name string, keyValues ...string) Message {
	m := Message{Name: name}
	for i := 0; i+1 < len(keyValues); i += 2 {
		m.keys = append(m.keys, keyValues[i])
		m.vals = append(m.vals, keyValues[i+1])
	}
	return m
}

// Get returns the value of a key, or "" if the message does not have it.
func (m Message) Get(key string) string {
	v, _ := m.Lookup(key)
	return v
}

// Lookup returns the value of a key, and whether the message has it. If a key
// is there twice, the first value counts.
func (m Message) Lookup(key string) (string, bool) {
	for i, k := range m.keys {
		if k == key {
			return m.vals[i], true
		}
	}
	return "", false
}

// Int returns the value of a key as a decimal number.
func (m Message) Int(key string) (int, error) {
	v, ok := m.Lookup(key)
	if !ok {
		return 0, fmt.Errorf("pmi: %s has no %s", m.Name, key)
	}
	n, err := strconv.Atoi(v)
	if err != nil {
		return 0, fmt.Errorf("pmi: %s in %s is not a number: %q", key, m.Name, v)
	}
	return n, nil
}

// Append appends the message as one line to dst. Spaces and line ends in a
// value would end it early: they are written as underscores.
func (m Message) Append(dst []byte) []byte {
	dst = append(dst, "cmd="...)
	dst = appendWord(dst, m.Name)
	for i, k := range m.keys {
		dst = append(dst, ' ')
		dst = appendWord(dst, k)
		dst = append(dst, '=')
		dst = appendWord(dst, m.vals[i])
	}
	return append(dst, '\n')
}

func appendWord(dst []byte, s string) []byte {
	for i := range len(s) {
		c := s[i]
		if c == ' ' || c == '\n' || c == '\r' || c == 0 {
			c = '_'
		}
		dst = append(dst, c)
	}
	return dst
}

// Parse reads one line, with or without its end. Words without '=' are
// ignored, as are additional keys.
func Parse(line string) (Message, error) {
	var m Message
	named := false
	for word := range strings.FieldsSeq(line) {
		key, value, ok := strings.Cut(word, "=")
		switch {
		case !ok || key == "":
		case !named && (key == "cmd" || key == "mcmd"):
			m.Name, named = value, true
		default:
			m.keys = append(m.keys, key)
			m.vals = append(m.vals, value)
		}
	}
	if m.Name == "" {
		return Message{}, fmt.Errorf("pmi: %.60q is not a command: it has no cmd=NAME", line)
	}
	return m, nil
}

// Escape writes any text as one value of a message: spaces, control
// characters, '%' and bytes above 126 become %XX. Unescape reads it back.
func Escape(text string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(text) {
		if c := text[i]; c <= ' ' || c == '%' || c > '~' {
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// Unescape undoes Escape. A '%' that is not followed by two hexadecimal digits
// stays as it is.
func Unescape(value string) string {
	if !strings.Contains(value, "%") {
		return value
	}
	var b strings.Builder
	for i := 0; i < len(value); i++ {
		if value[i] == '%' && i+2 < len(value) {
			if c, err := strconv.ParseUint(value[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(c))
				i += 2
				continue
			}
		}
		b.WriteByte(value[i])
	}
	return b.String()
}

// A lineReader reads lines of bounded length.
type lineReader struct{ r *bufio.Reader }

func newLineReader(r io.Reader) lineReader {
	return lineReader{bufio.NewReaderSize(r, MaxLine)}
}

// next returns the next line without its end. A last line without an end is
// not a line: its sender died while writing it, and io.ErrUnexpectedEOF says so.
func (l lineReader) next() (string, error) {
	line, err := l.r.ReadSlice('\n')
	switch {
	case err == nil:
		return strings.TrimRight(string(line), "\r\n"), nil
	case errors.Is(err, bufio.ErrBufferFull):
		return "", ErrLineTooLong
	case errors.Is(err, io.EOF) && len(line) > 0:
		return "", io.ErrUnexpectedEOF
	}
	return "", err
}
