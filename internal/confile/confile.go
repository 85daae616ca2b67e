package confile

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
)

// MaxSize is the size in bytes above which a file is refused: a configuration
// file is written by hand, a larger file was named by mistake.
const MaxSize = 1 << 20

// Entry is one key of a file that holds a value (not a table).
type Entry struct {
	// Path is the key, from the outermost table inwards: the TOML key "max" in
	// table [count] is {"count", "max"}.
	Path []string
	// Line is the line of the key, counted from 1.
	Line int
	// Value is a bool, int64, uint64 (only above the range of int64), float64,
	// string, []any of these, map[string]any (only inside a list) or nil
	// (a YAML key without value).
	Value any
}

// Key returns the path joined with dots, as a message should show it.
func (e Entry) Key() string { return strings.Join(e.Path, ".") }

// Error is a defect of a file. Its text is one line: file, line, key (where
// known) and what is wrong.
type Error struct {
	File string
	Line int    // 0 if the defect has no line
	Key  string // "" if it concerns no single key
	Msg  string
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
	}
	b.WriteString(": ")
	if e.Key != "" {
		fmt.Fprintf(&b, "key %q: ", e.Key)
	}
	b.WriteString(e.Msg)
	return b.String()
}

// Read reads the file at path. The format follows the extension: .toml, or
// .yaml and .yml. The entries come in the order of their lines. A defect of
// the content is reported as an *[Error].
func Read(path string) ([]Entry, error) {
	if !Known(path) {
		return nil, &Error{File: path, Msg: fmt.Sprintf("unknown extension %q: a configuration file ends in .toml, .yaml or .yml", filepath.Ext(path))}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the configuration file: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("cannot read the configuration file: %w", err)
	}
	return Parse(path, data)
}

// Known reports whether path has an extension that Read understands.
func Known(path string) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".toml", ".yaml", ".yml":
		return true
	}
	return false
}

// Parse is Read for a text in memory; path tells the format and names the
// text in errors.
func Parse(path string, data []byte) ([]Entry, error) {
	if len(data) > MaxSize {
		return nil, &Error{File: path, Msg: fmt.Sprintf("larger than %d bytes: not a configuration file", MaxSize)}
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // the byte order mark of Windows editors
	if strings.EqualFold(filepath.Ext(path), ".toml") {
		return parseTOML(path, data)
	}
	return parseYAML(path, data)
}

// Kind names the type of a value of an [Entry] with its article, as a message
// says it: "an integer", "a string" …
func Kind(v any) string {
	switch v.(type) {
	case nil:
		return "no value"
	case bool:
		return "a boolean"
	case int64, uint64:
		return "an integer"
	case float64:
		return "a floating-point number"
	case string:
		return "a string"
	case []any:
		return "a list"
	case map[string]any:
		return "a table"
	}
	return fmt.Sprintf("a %T", v)
}

// Show returns a value of an [Entry] as a message shows it: strings quoted,
// long ones cut.
func Show(v any) string {
	s := fmt.Sprint(v)
	if str, ok := v.(string); ok {
		s = fmt.Sprintf("%q", str)
	}
	if f, ok := v.(float64); ok && f == math.Trunc(f) && !strings.ContainsAny(s, ".eEnN") {
		s += ".0"
	}
	if r := []rune(s); len(r) > 60 {
		s = string(r[:57]) + "..."
	}
	return s
}
