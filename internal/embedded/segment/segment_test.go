//go:build unix

package segment_test

import (
	"math"
	"os"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/ringo-mpi/ringo/internal/embedded/segment"
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
)

// second maps the segment another time, as another process would.
func second(t *testing.T, s *segment.Segment) *segment.Segment {
	t.Helper()
	fd, err := unix.Dup(int(s.File().Fd()))
	if err != nil {
		t.Fatal(err)
	}
	o, err := segment.Open(uintptr(fd))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.Close() })
	return o
}

// extent maps extent k of a rank's arena.
func extent(t *testing.T, s *segment.Segment, rank, k int) []byte {
	t.Helper()
	mem, err := s.Extent(rank, k)
	if err != nil {
		t.Fatal(err)
	}
	return mem
}

func TestPartsAreSharedAndDisjoint(t *testing.T) {
	for _, ranks := range []int{1, 2, 7, 33, 130} {
		s, err := segment.Create(ranks, 70_000, 2)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		o := second(t, s)
		if o.Ranks() != ranks || o.Cores() != 2 {
			t.Fatalf("opened with %d ranks, %d cores", o.Ranks(), o.Cores())
		}
		type part struct {
			name string
			a, b []byte
		}
		var parts []part
		add := func(name string, a, b []byte) {
			// The first and the last byte stand for the part: all of a big segment would be committed otherwise.
			parts = append(parts, part{name + " start", a[:1], b[:1]}, part{name + " end", a[len(a)-1:], b[len(b)-1:]})
		}
		for to := range ranks {
			for from := range ranks {
				c1, d1 := s.Ring(to, from)
				c2, d2 := o.Ring(to, from)
				if len(d1)&(len(d1)-1) != 0 {
					t.Fatalf("ring of %d bytes", len(d1))
				}
				if ranks < 10 {
					add("control", c1, c2)
					add("ring", d1, d2)
				}
			}
			for k := range s.Extents() {
				add("extent", extent(t, s, to, k), extent(t, o, to, k))
			}
		}
		add("board", s.Board(), o.Board())
		for i, p := range parts {
			if p.a[0] != 0 {
				t.Fatalf("%d ranks: %s overlaps an earlier part or is not zero", ranks, p.name)
			}
			p.a[0] = byte(i%255 + 1)
			if p.b[0] != p.a[0] {
				t.Fatalf("%d ranks: %s is not shared", ranks, p.name)
			}
		}
	}
}

func TestDeathIsSeen(t *testing.T) {
	s, err := segment.Create(4, 4096, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	o := second(t, s)
	o.Join(1)
	if s.State(0) != transport.Absent || s.State(1) != transport.Running || s.Pid(1) != os.Getpid() {
		t.Fatalf("states %v %v, pid %d", s.State(0), s.State(1), s.Pid(1))
	}
	o.Join(2)
	before := o.Changes()
	bell := o.Bell(2)
	seq := bell.Arm()
	woken := make(chan struct{})
	go func() { defer close(woken); segment.Sleep(bell, seq, time.Minute) }()
	s.MarkDead(1, "killed by signal 9")
	<-woken
	if o.State(1) != transport.Dead || o.Cause(1) != "killed by signal 9" || o.Changes() == before {
		t.Fatalf("%v %q", o.State(1), o.Cause(1))
	}
	o.MarkFailed(1, "later")
	if s.Cause(1) != "killed by signal 9" || s.State(1) != transport.Dead {
		t.Fatal("a later report replaced the first")
	}
	o.Advance(2, transport.Finalized)
	s.MarkDead(2, "too late")
	if s.State(2) != transport.Finalized {
		t.Fatal("a rank that has left properly died afterwards")
	}
	s.MarkLeft(3, "it never came")
	if o.State(3) != transport.Finalized || o.Cause(3) != "it never came" || o.Order(3) != 0 {
		t.Fatalf("left without joining: %v %q, order %d", o.State(3), o.Cause(3), o.Order(3))
	}
	s.MarkFailed(0, "sorry")
	if o.Order(1) == 0 || o.Order(0) <= o.Order(1) {
		t.Fatalf("the order of the failures: rank 1 %d, rank 0 %d", o.Order(1), o.Order(0))
	}
}

func TestBellRingsOnlySleepers(t *testing.T) {
	var b transport.Bell
	segment.Wake(&b)
	if b.Seq != 0 {
		t.Fatal("rang a bell nobody listens to")
	}
	seq := b.Arm()
	segment.Wake(&b)
	if b.Seq == seq || b.Sleeping != 0 {
		t.Fatal("did not wake")
	}
	segment.Sleep(&b, seq, time.Hour) // returns at once: the bell has rung since Arm
}

func TestOffset(t *testing.T) {
	s, err := segment.Create(2, 4096, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	a := extent(t, s, 1, 0)
	off, ok := s.Offset(unsafe.Pointer(&a[100]))
	if !ok {
		t.Fatal("not found")
	}
	b, err := s.Slice(off, 5)
	if err != nil || &b[0] != &a[100] {
		t.Fatal("another place")
	}
	if _, ok := s.Offset(unsafe.Pointer(new(int))); ok {
		t.Fatal("heap memory taken for the segment")
	}
	for _, c := range [][2]int{{-1, 1}, {1, -1}, {math.MaxInt - 1, 1}, {off, math.MaxInt - 1}} {
		if _, err := s.Slice(c[0], c[1]); err == nil {
			t.Errorf("Slice(%d, %d) accepted", c[0], c[1])
		}
	}
}

func TestOpenRefusesOtherFiles(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "x")
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int64{0, 100, 1 << 20} {
		if err := f.Truncate(size); err != nil {
			t.Fatal(err)
		}
		fd, err := unix.Dup(int(f.Fd()))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := segment.Open(uintptr(fd)); err == nil || !strings.Contains(err.Error(), "segment") {
			t.Errorf("file of %d bytes: %v", size, err)
		}
	}
	if _, err := segment.Create(0, 0, 1); err == nil {
		t.Error("no ranks accepted")
	}
}

func TestDiscardZeroes(t *testing.T) {
	s, err := segment.Create(1, 4096, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	a := extent(t, s, 0, 0)[:1<<20]
	for i := range a {
		a[i] = 1
	}
	if err := segment.Discard(a); err != nil {
		t.Fatal(err)
	}
	for i, v := range a {
		if v != 0 {
			t.Fatalf("byte %d is %d", i, v)
		}
	}
}

// A question reaches the rank that awaits it, and the answer the launcher.
func TestQuestions(t *testing.T) {
	s, err := segment.Create(3, 4096, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	o := second(t, s)
	if s.Hears(1) {
		t.Error("a rank that has not joined hears")
	}
	old := s.Ask(1, true) // before anybody hears
	seen := o.Hear(1, true)
	if !s.Hears(1) || s.Hears(0) || s.Hears(2) || seen != old {
		t.Errorf("hears %v %v %v, last question %d, asked %d", s.Hears(0), s.Hears(1), s.Hears(2), seen, old)
	}
	if got := o.AwaitQuestion(1, seen, time.Millisecond); got != seen {
		t.Errorf("question %d, but nothing was asked since %d", got, seen)
	}
	for _, stacks := range []bool{false, true, true, false} {
		got := make(chan uint32)
		go func() {
			for {
				if q := o.AwaitQuestion(1, seen, time.Hour); q != seen {
					got <- q
					return
				}
			}
		}()
		asked := s.Ask(1, stacks)
		if q := <-got; q != asked || segment.WantsStacks(q) != stacks {
			t.Errorf("question %d, asked %d, stacks %v", q, asked, segment.WantsStacks(q))
		}
		if _, current := s.Told(1, asked); current {
			t.Error("answered before it was")
		}
		text := strings.Repeat("é", segment.AnswerMax/2)
		o.Tell(1, asked, segment.Answer{Text: text, InCall: stacks})
		a, current := s.Told(1, asked)
		if !current || a.Text != text || a.InCall != stacks {
			t.Errorf("%+v %v", a, current)
		}
		o.Tell(1, asked, segment.Answer{Text: text + "more"})
		if a, _ := s.Told(1, asked); len(a.Text) != segment.AnswerMax {
			t.Errorf("%d bytes of an answer that is too long", len(a.Text))
		}
		seen = asked
	}
	o.Hear(1, false)
	if s.Hears(1) {
		t.Error("it still hears")
	}
	for _, r := range []int{0, 2} {
		if a, _ := s.Told(r, 0); a.Text != "" {
			t.Errorf("rank %d says %q", r, a.Text)
		}
	}
}
