//go:build unix

package tcp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/inproc"
	"github.com/ringo-mpi/ringo/internal/embedded/ring"
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
)

var testKey = bytes.Repeat([]byte{7}, 32)

// world makes the ends of n goroutine ranks, each far from the others. They leave
// at the end of the test.
func world(t *testing.T, n int) []*end {
	t.Helper()
	var mu sync.Mutex
	addrs := map[int]string{}
	bases := inproc.New(n)
	ends := make([]*end, n)
	for r := range ends {
		over, err := Over(bases[r], Config{
			Key: testKey, Listen: "127.0.0.1:0",
			Publish: func(addr string) { mu.Lock(); addrs[r] = addr; mu.Unlock() },
			Find:    func(rank int) string { mu.Lock(); defer mu.Unlock(); return addrs[rank] },
		})
		if err != nil {
			t.Fatal(err)
		}
		ends[r] = over.Self.(*end)
	}
	t.Cleanup(func() {
		var all sync.WaitGroup
		for _, e := range ends {
			all.Go(func() {
				e.Advance(transport.Finalizing)
				e.Advance(transport.Finalized)
				if err := e.Leave(); err != nil {
					t.Errorf("rank %d: %v", e.rank, err)
				}
			})
		}
		all.Wait()
	})
	return ends
}

// sender writes frames to a peer as an endpoint does.
type sender struct {
	w    ring.Writer
	link transport.Link
}

func (e *end) sender(to int) *sender {
	s := &sender{link: e.Link(to)}
	s.w.Open(e.Open(to))
	return s
}

// put sends a frame, when there is room for it, as rank does not read meanwhile.
func (s *sender) put(kind uint8, h ring.Header, data []byte) { s.putFlagged(kind, 0, h, data) }

func (s *sender) putFlagged(kind, flags uint8, h ring.Header, data []byte) {
	for {
		if at := s.w.Reserve(len(data)); at != nil {
			copy(unsafe.Slice((*byte)(at.Payload()), len(data)), data)
			at.Ctx, at.Src, at.Tag, at.Sig = h.Ctx, h.Src, h.Tag, h.Sig
			s.w.Publish(at, kind, flags)
			s.link.Wake()
			return
		}
		s.link.Wake()
		time.Sleep(50 * time.Microsecond)
	}
}

// receiver reads the frames of a peer.
type receiver struct {
	e     *end
	from  int
	r     ring.Reader
	found bool
}

func (r *receiver) next(t *testing.T) (kind uint8, h ring.Header, data []byte) {
	t.Helper()
	for begin := time.Now(); time.Since(begin) < time.Minute; {
		r.e.Poll()
		r.e.NewRings(func(from int, m ring.Memory) {
			if from == r.from {
				r.r.Open(m)
				r.found = true
			}
		})
		if r.found {
			if f, ok := r.r.Next(); ok {
				if !r.r.Valid(f) {
					t.Fatal("a frame that is not in the ring")
				}
				kind, h = f.Kind, *f.Header
				data = bytes.Clone(unsafe.Slice((*byte)(f.Payload()), f.Len))
				r.r.Release(f)
				return kind, h, data
			}
		}
		time.Sleep(20 * time.Microsecond)
	}
	t.Fatal("nothing comes")
	return
}

func pattern(n, seed int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i*7 + seed)
	}
	return p
}

// Frames of all lengths arrive as they were sent, in their order, also where
// both ranks call each other at the same time and where the ring is full often.
func TestFrames(t *testing.T) {
	ends := world(t, 2)
	lengths := []int{0, 1, 8, 40, 41, 100, 1000, 1024, 1025, 4095, 4096, 5000, 6000}
	const rounds = 60
	var all sync.WaitGroup
	for me := range 2 {
		all.Go(func() {
			s := ends[me].sender(1 - me)
			for i := range rounds {
				for k, n := range lengths {
					s.put(uint8(1+k%3), ring.Header{Ctx: uint32(i), Src: int32(me), Tag: int32(-k), Sig: 0xdeadbeef}, pattern(n, i+k))
				}
			}
		})
		all.Go(func() {
			r := &receiver{e: ends[me], from: 1 - me}
			for i := range rounds {
				for k, n := range lengths {
					kind, h, data := r.next(t)
					if kind != uint8(1+k%3) || h.Ctx != uint32(i) || h.Src != int32(1-me) || h.Tag != int32(-k) || h.Sig != 0xdeadbeef || !bytes.Equal(data, pattern(n, i+k)) {
						t.Errorf("frame %d of round %d: kind %d, %+v, %d bytes", k, i, kind, h, len(data))
						return
					}
				}
			}
		})
	}
	all.Wait()
	if n := len(ends[0].joined); n != 1 {
		t.Errorf("%d connections between two ranks", n)
	}
}

// What a rank has sent before it left arrives, and only then has it left.
func TestLeavesAfterWhatItSent(t *testing.T) {
	ends := world(t, 2)
	s := ends[0].sender(1)
	const frames = 200
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range frames {
			s.put(1, ring.Header{Tag: int32(i)}, pattern(3000, i))
		}
		ends[0].Advance(transport.Finalizing)
		ends[0].Advance(transport.Finalized)
	}()
	r := &receiver{e: ends[1], from: 0}
	for i := range frames {
		if s := ends[1].State(0); s > transport.Finalizing {
			t.Fatalf("rank 0 is %v and %d frames are missing", s, frames-i)
		}
		if _, h, data := r.next(t); h.Tag != int32(i) || !bytes.Equal(data, pattern(3000, i)) {
			t.Fatalf("frame %d has tag %d", i, h.Tag)
		}
	}
	<-done
}

// strangers are what others than the ranks of the job may send.
func TestStrangersGetNothing(t *testing.T) {
	ends := world(t, 2)
	addr := ends[0].cfg.Find(0)
	hello := func(from, to int) []byte {
		b := make([]byte, helloSize)
		n := copy(b, magic)
		binary.LittleEndian.PutUint32(b[n:], uint32(from))
		binary.LittleEndian.PutUint32(b[n+4:], uint32(to))
		return b
	}
	for name, talk := range map[string]func(c net.Conn) error{
		"silence": func(c net.Conn) error { return c.(*net.TCPConn).CloseWrite() },
		"bytes":   func(c net.Conn) error { _, err := c.Write(pattern(4096, 3)); return err },
		"a web browser": func(c net.Conn) error {
			_, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"+strings.Repeat("x", 200))
			return err
		},
		"no key": func(c net.Conn) error {
			_, err := c.Write(append(hello(1, 0), make([]byte, 32)...))
			return err
		},
		"another rank": func(c net.Conn) error { _, err := c.Write(hello(1, 1)); return err },
		"no rank":      func(c net.Conn) error { _, err := c.Write(hello(2, 0)); return err },
		"itself":       func(c net.Conn) error { _, err := c.Write(hello(0, 0)); return err },
	} {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		_ = c.SetDeadline(time.Now().Add(time.Minute))
		_ = talk(c)
		got, _ := io.ReadAll(c)
		c.Close()
		want := 0
		if name == "no key" {
			want = numberSize + 32 // a number and its proof, no verdict
		}
		if len(got) != want {
			t.Errorf("%s: %d bytes came back, want %d", name, len(got), want)
		}
	}
	if n := len(ends[0].joined); n != 0 {
		t.Errorf("%d connections", n)
	}
	// The rank is not the worse for it.
	ends[1].sender(0).put(1, ring.Header{Tag: 5}, nil)
	if _, h, _ := (&receiver{e: ends[0], from: 1}).next(t); h.Tag != 5 {
		t.Errorf("tag %d", h.Tag)
	}
}

// A conversation that was heard once is of no use again.
func TestReplay(t *testing.T) {
	ends := world(t, 2)
	caller := &end{rank: 1, cfg: Config{Key: testKey}}
	var heard bytes.Buffer
	addr := ends[0].cfg.Find(0)
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	_, err = caller.introduce(struct {
		io.Reader
		io.Writer
	}{c, io.MultiWriter(c, &heard)}, 0)
	c.Close()
	if err != nil {
		t.Fatal(err)
	}
	c, err = net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	_, _ = c.Write(heard.Bytes())
	if got, _ := io.ReadAll(c); len(got) != numberSize+32 {
		t.Errorf("%d bytes came back: a verdict", len(got))
	}
}

// One who listens in the place of a rank and does not know the key is found out.
func TestFalseRank(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		_, _ = c.Write(make([]byte, 200))
		_, _ = io.Copy(io.Discard, c)
	}()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	caller := &end{rank: 1, cfg: Config{Key: testKey}}
	if _, err := caller.introduce(c, 0); !errors.Is(err, errStranger) {
		t.Errorf("error %v", err)
	}
}

// What is no frame ends the connection, and nothing else.
func FuzzPut(f *testing.F) {
	frame := func(word uint64, payload int) []byte {
		b := binary.LittleEndian.AppendUint64(nil, word)
		return append(b, make([]byte, 16+payload)...)
	}
	tailed := func(word uint64, tail uint64, follow int) []byte {
		return append(binary.LittleEndian.AppendUint64(frame(word, int(uint32(word))-8), tail), make([]byte, follow)...)
	}
	f.Add(frame(1<<32|8, 8), 3)
	f.Add(frame(1<<32|8, 8), 100)
	f.Add(frame(1<<32|20000, 20000), 1000)
	f.Add(frame(ring.Wrap<<32, 0), 7)
	f.Add(frame(1<<32|1<<31, 40), 9)
	f.Add([]byte{1, 2, 3}, 1)
	f.Add(tailed(uint64(transport.Tail)<<40|1<<32|16, 1000, 1030), 50)
	f.Add(tailed(uint64(transport.Tail)<<40|1<<32|16, 0, 30), 50)
	f.Add(tailed(uint64(transport.Tail)<<40|1<<32|8, 1<<63, 30), 50)
	f.Add(frame(uint64(transport.Tail)<<40|1<<32|4, 4), 9)
	f.Fuzz(func(t *testing.T, data []byte, step int) {
		if step < 1 || len(data) > 1<<20 {
			return
		}
		e := &end{peers: map[int]*peer{}, ends: ends{left: true}}
		p := e.peer(1)
		p.state = joined
		p.inMem = newRing()
		p.in.Open(p.inMem)
		p.buf = make([]byte, readSize)
		p.fd = -1
		var r ring.Reader
		r.Open(p.inMem)
		sent, got := 0, 0
		var to [512]byte // less than some tails
		for len(data) > 0 && p.state == joined {
			if l := &p.landing; l.left > 0 { // it is read to its place
				n := min(step, len(data), l.left)
				copy(unsafe.Slice((*byte)(l.to), l.room), data[:n])
				p.advance(n)
				data = data[n:]
				sent, got = sent+n, got+n
				continue
			}
			p.hi = copy(p.buf, p.buf[p.lo:p.hi])
			p.lo = 0
			n := copy(p.buf[p.hi:], data[:min(step, len(data))])
			p.hi += n
			data = data[n:]
			sent += n
			for {
				frames := p.put()
				for range frames {
					f, ok := r.Next()
					if !ok || !r.Valid(f) {
						t.Fatal("a frame is missing in the ring")
					}
					got += ring.HeaderSize + f.Len
					r.Release(f)
				}
				if p.landing.waits {
					n := p.landing.left
					held := p.hi - p.lo
					p.Land(1, unsafe.Pointer(&to), len(to), n)
					got += held - (p.hi - p.lo)
					continue
				}
				if frames == 0 {
					break
				}
			}
			if p.hi-p.lo >= ring.HeaderSize && p.state == joined && p.landing.left == 0 {
				t.Fatal("there is room, and a frame is left")
			}
		}
		under := 0
		if p.frame != nil {
			under = ring.HeaderSize + p.have
		}
		if rest := p.hi - p.lo; p.state == joined && sent != got+under+rest {
			t.Errorf("%d bytes came, %d are in frames, %d in one that comes, %d are held", sent, got, under, rest)
		}
	})
}

// What a caller says is checked.
func FuzzExamine(f *testing.F) {
	f.Add([]byte(magic))
	f.Add(append([]byte(magic), make([]byte, 200)...))
	f.Fuzz(func(t *testing.T, data []byte) {
		e := &end{rank: 0, size: 4, cfg: Config{Key: testKey}}
		rank, err := e.examine(struct {
			io.Reader
			io.Writer
		}{bytes.NewReader(data), io.Discard})
		if err == nil {
			t.Errorf("a stranger is rank %d", rank)
		}
	})
}
