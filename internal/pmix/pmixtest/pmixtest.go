// Package pmixtest is a PMIx server for tests: it takes its clients' messages apart
// by code of its own, and serves the ranks of one job on a port of this host.
package pmixtest

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
)

// Server serves the ranks of a job.
type Server struct {
	// Aborted is told of an abort, and Closed of the end of a rank's connection.
	// Either may be nil.
	Aborted func(rank, code int, message string)
	Closed  func(rank int, finalized bool)

	size     int
	listener net.Listener

	mu      sync.Mutex
	put     map[int]map[string]string // before a fence
	shown   map[int]map[string]string
	waiting []func() // answers to those in the fence
	conns   []net.Conn
}

const namespace = "pmixtest@1"

// New returns a server of a job of size ranks, which serves until Close.
func New(size int) (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return &Server{size: size, listener: l, put: map[int]map[string]string{}, shown: map[int]map[string]string{}}, nil
}

// Start begins to serve.
func (s *Server) Start() {
	go func() {
		for {
			c, err := s.listener.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns = append(s.conns, c)
			s.mu.Unlock()
			go s.serve(c)
		}
	}()
}

// Close ends the service, and all connections.
func (s *Server) Close() error {
	s.mu.Lock()
	for _, c := range s.conns {
		_ = c.Close()
	}
	s.mu.Unlock()
	return s.listener.Close()
}

// Env is the environment of a rank.
func (s *Server) Env(rank int) []string {
	uri := "pmixtest.0;tcp4://" + s.listener.Addr().String()
	return []string{
		"PMIX_NAMESPACE=" + namespace, "PMIX_RANK=" + strconv.Itoa(rank), "PMIX_SECURITY_MODE=native",
		"PMIX_SERVER_URI2=" + uri, "PMIX_SERVER_URI21=" + uri, "PMIX_SERVER_URI3=" + uri, "PMIX_SERVER_URI4=" + uri, "PMIX_SERVER_URI41=" + uri,
	}
}

// reader takes a message apart, and panics with errBad where it cannot.
type reader struct{ r io.Reader }

var errBad = errors.New("not what a client sends")

func (r reader) bytes(n int) []byte {
	if n < 0 || n > 1<<20 {
		panic(errBad)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r.r, b); err != nil {
		panic(err)
	}
	return b
}

func (r reader) u8() byte    { return r.bytes(1)[0] }
func (r reader) u16() int    { return int(binary.BigEndian.Uint16(r.bytes(2))) }
func (r reader) u32() uint32 { return binary.BigEndian.Uint32(r.bytes(4)) }

func (r reader) is(want uint32) {
	if r.u32() != want {
		panic(errBad)
	}
}

func (r reader) text() string {
	b := r.bytes(int(r.u32()))
	if len(b) == 0 || b[len(b)-1] != 0 {
		panic(errBad)
	}
	return string(b[:len(b)-1])
}

func (r reader) cstring() string {
	var b []byte
	for {
		c := r.u8()
		if c == 0 {
			return string(b)
		}
		b = append(b, c)
	}
}

func (r reader) length() int {
	if r.u16() != 15 {
		panic(errBad)
	}
	return int(binary.BigEndian.Uint64(r.bytes(8)))
}

func (r reader) size() int {
	r.is(1)
	return r.length()
}

func (r reader) infos() (keys []string) {
	n := r.size()
	if n > 0 {
		r.is(uint32(n))
	}
	for range n {
		keys = append(keys, r.text())
		r.u32()
		if r.u16() != 1 { // a bool
			panic(errBad)
		}
		r.u8()
	}
	return keys
}

func u32(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }

func join(parts ...[]byte) (b []byte) {
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

func text(s string) []byte { return join(u32(uint32(len(s)+1)), []byte(s), []byte{0}) }

func length(n int) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint16(nil, 15), uint64(n))
}

// serve serves one connection.
func (s *Server) serve(c net.Conn) {
	rank, finalized := -1, false
	defer func() {
		_ = recover() // the client has gone, or is none
		_ = c.Close()
		if rank >= 0 && s.Closed != nil {
			s.Closed(rank, finalized)
		}
	}()
	r := reader{c}
	rank = s.welcome(r, c)
	var wmu sync.Mutex
	for {
		r.u32()
		tag := r.u32()
		n := r.u32()
		r.u32()
		body := r.bytes(int(n))
		reply := func(rest ...[]byte) {
			b := join(rest...)
			m := join(u32(0), u32(tag), u32(uint32(len(b))), u32(0), b)
			wmu.Lock()
			_, _ = c.Write(m)
			wmu.Unlock()
		}
		if s.command(rank, reader{&limited{body}}, reply) {
			finalized = true
		}
	}
}

// limited is a reader of bytes.
type limited struct{ b []byte }

func (l *limited) Read(p []byte) (int, error) {
	if len(l.b) == 0 {
		return 0, io.EOF
	}
	n := copy(p, l.b)
	l.b = l.b[n:]
	return n, nil
}

// welcome reads what a client says first.
func (s *Server) welcome(r reader, c net.Conn) int {
	h := r.bytes(16)
	hello := reader{&limited{r.bytes(int(binary.NativeEndian.Uint32(h[8:])))}}
	if int32(binary.NativeEndian.Uint32(h)) != -1 || hello.cstring() != "native" {
		panic(errBad)
	}
	credentials := hello.bytes(int(hello.u32()))
	kind, space, rank := hello.u8(), hello.cstring(), int(hello.u32())
	version, encoding, described, store := hello.cstring(), hello.cstring(), hello.u8(), hello.cstring()
	status := uint32(0)
	if kind != 0 || space != namespace || rank >= s.size || version == "" || encoding != "v3" || described != 1 || store != "hash" ||
		len(credentials) != 8 || binary.NativeEndian.Uint32(credentials) != uint32(os.Geteuid()) {
		status = ^uint32(26) // bad parameter
	}
	if _, err := c.Write(join(u32(status), u32(uint32(rank)))); err != nil || status != 0 {
		panic(errBad)
	}
	return rank
}

// command serves one message.
func (s *Server) command(rank int, r reader, reply func(...[]byte)) (finalized bool) {
	status := func(v int32, rest ...[]byte) {
		reply(append([][]byte{u32(1), u32(uint32(v))}, rest...)...)
	}
	r.is(1)
	switch r.u8() {
	case 1:
		r.is(1)
		code := int(int32(r.u32()))
		r.is(1)
		message := r.text()
		if s.Aborted != nil {
			s.Aborted(rank, code, message)
		}
		status(0)
	case 2:
		s.commit(rank, r)
		status(0)
	case 3:
		if r.size() != 1 {
			panic(errBad)
		}
		r.is(1)
		if r.text() != namespace || r.u32() != 0xfffffffe {
			panic(errBad)
		}
		if keys := r.infos(); len(keys) != 1 || keys[0] != "pmix.collect" {
			panic(errBad)
		}
		s.fence(func() { status(0) })
	case 4:
		s.get(r, status)
	case 5:
		r.size()
		status(0)
		return true
	default:
		status(-47)
	}
	return false
}

// commit takes what a rank has put.
func (s *Server) commit(rank int, r reader) {
	for range 2 {
		r.is(1)
		if scope := r.u8(); scope != 1 && scope != 2 {
			panic(errBad)
		}
		r.is(1)
		if r.u8() != 1 {
			panic(errBad)
		}
		values := &limited{r.bytes(r.length())}
		for in := (reader{values}); len(values.b) > 0; {
			in.is(1)
			key := in.text()
			if in.u16() != 3 {
				panic(errBad)
			}
			value := in.text()
			s.mu.Lock()
			if s.put[rank] == nil {
				s.put[rank] = map[string]string{}
			}
			s.put[rank][key] = value
			s.mu.Unlock()
		}
	}
}

// fence answers all when the last has come, and shows what they have put.
func (s *Server) fence(answer func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting = append(s.waiting, answer); len(s.waiting) < s.size {
		return
	}
	for rank, values := range s.put {
		if s.shown[rank] == nil {
			s.shown[rank] = map[string]string{}
		}
		for k, v := range values {
			s.shown[rank][k] = v
		}
	}
	for _, f := range s.waiting {
		f()
	}
	s.waiting = nil
}

// get answers with all that a rank has put, whatever was asked for, as servers do.
func (s *Server) get(r reader, status func(int32, ...[]byte)) {
	r.is(1)
	if r.text() != namespace {
		panic(errBad)
	}
	r.is(1)
	rank := r.u32()
	immediate := len(r.infos()) > 0
	r.is(1)
	key := r.text()
	var values []byte
	switch {
	case rank == 0xfffffffe:
		values = join(u32(1), text("pmix.job.size"), []byte{0, 14}, u32(uint32(s.size)))
	default:
		s.mu.Lock()
		_, ok := s.shown[int(rank)][key]
		for k, v := range s.shown[int(rank)] {
			values = join(values, u32(1), text(k), []byte{0, 3}, text(v))
		}
		s.mu.Unlock()
		if !ok {
			if immediate {
				status(-46)
			} else {
				status(-24)
			}
			return
		}
	}
	object := join(u32(1), text(namespace), u32(rank), values)
	status(0, u32(1), length(len(object)), object)
}
