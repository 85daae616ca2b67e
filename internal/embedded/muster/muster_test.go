//go:build linux

package muster

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ringo-mpi/ringo/internal/embedded/transport"
	"github.com/ringo-mpi/ringo/internal/manager"
	"github.com/ringo-mpi/ringo/internal/proof"
)

// table is a process manager of goroutines.
type table struct {
	size    int
	mu      sync.Mutex
	put     map[string]string
	shown   map[string]string
	waiting int
	round   int
	turn    *sync.Cond

	// change may change what a rank gets.
	change func(by, of int, key, value string) string
}

func newTable(size int) *table {
	t := &table{size: size, put: map[string]string{}, shown: map[string]string{}}
	t.turn = sync.NewCond(&t.mu)
	return t
}

// seat is a rank's side of a table.
type seat struct {
	*table
	rank int
	ours int
	fd   int
}

func (t *table) seat(tb testing.TB, rank int) *seat {
	tb.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		tb.Fatal(err)
	}
	s := &seat{table: t, rank: rank, ours: fds[0], fd: fds[1]}
	tb.Cleanup(func() { unix.Close(fds[0]); unix.Close(fds[1]) })
	return s
}

func (s *seat) Rank() int                  { return s.rank }
func (s *seat) Size() int                  { return s.size }
func (s *seat) Secret() []byte             { return nil }
func (s *seat) Descriptor() int            { return s.fd }
func (s *seat) Farewell() manager.Farewell { return manager.Farewell{Server: 0} }
func (s *seat) Abort(int, string)          {}
func (s *seat) Finalize() error            { return nil }

func (s *seat) Put(key, value string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(value) > manager.ValueMax || strings.ContainsAny(value, " \n") {
		return fmt.Errorf("%q is no value", value)
	}
	s.put[fmt.Sprint(key, s.rank)] = value
	return nil
}

func (s *seat) Fence() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	round := s.round
	if s.waiting++; s.waiting == s.size {
		s.waiting = 0
		s.round++
		for k, v := range s.put {
			s.shown[k] = v
		}
		s.turn.Broadcast()
	}
	for s.round == round {
		s.turn.Wait()
	}
	return nil
}

func (s *seat) Get(rank int, key string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.shown[fmt.Sprint(key, rank)]
	if !ok {
		return "", errors.New("not found")
	}
	if s.change != nil {
		v = s.change(s.rank, rank, key, v)
	}
	return v, nil
}

// gather has the ranks of a table join, and returns what has become of each.
func gather(t *testing.T, tab *table) ([]*Job, []*seat, []error) {
	t.Helper()
	jobs, seats, errs := make([]*Job, tab.size), make([]*seat, tab.size), make([]error, tab.size)
	var all sync.WaitGroup
	for r := range jobs {
		seats[r] = tab.seat(t, r)
		all.Go(func() { _, jobs[r], errs[r] = Join(seats[r]) })
	}
	all.Wait()
	return jobs, seats, errs
}

// The ranks of one host have one memory, and see each other go.
func TestOneHost(t *testing.T) {
	jobs, _, errs := gather(t, newTable(4))
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	for r, j := range jobs {
		if j.seg.Spread() || j.seg.RanksHere() != 4 || j.seg.Place(r) != r || len(j.sockets) != 4 || string(j.seg.Key()) != string(jobs[0].seg.Key()) {
			t.Errorf("rank %d: %d ranks here, place %d, sockets %v", r, j.seg.RanksHere(), j.seg.Place(r), j.sockets)
		}
		if j.seg.State(0) != transport.Running {
			t.Errorf("rank %d sees rank 0 as %v", r, j.seg.State(0))
		}
	}
	// Rank 2 ends without a word, and rank 3 as it should.
	unix.Close(jobs[2].life)
	jobs[2].life = -1
	jobs[3].seg.Advance(3, transport.Finalized)
	unix.Close(jobs[3].life)
	jobs[3].life = -1
	for begin := time.Now(); jobs[0].seg.State(2) != transport.Dead; time.Sleep(time.Millisecond) {
		if time.Since(begin) > time.Minute {
			t.Fatal("nobody sees that rank 2 has died")
		}
	}
	if c := jobs[0].seg.Cause(2); c != died {
		t.Errorf("it has died of %q", c)
	}
	if s := jobs[0].seg.State(3); s != transport.Finalized {
		t.Errorf("rank 3 is %v", s)
	}
	leave(t, jobs)
}

func leave(t *testing.T, jobs []*Job) {
	t.Helper()
	var all sync.WaitGroup
	for r, j := range jobs {
		if j != nil {
			j.seg.Advance(r, transport.Finalized)
			all.Go(func() {
				if err := j.Leave(); err != nil {
					t.Errorf("rank %d: %v", r, err)
				}
			})
		}
	}
	all.Wait()
}

// The end of the rank that was the manager is its death.
func TestManagerDies(t *testing.T) {
	jobs, seats, errs := gather(t, newTable(2))
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	unix.Close(seats[1].ours)
	seats[1].ours = -1
	for begin := time.Now(); jobs[1].seg.State(0) != transport.Dead; time.Sleep(time.Millisecond) {
		if time.Since(begin) > time.Minute {
			t.Fatal("rank 1 does not see that the manager has gone")
		}
	}
	leave(t, jobs)
}

// A rank that cannot reach the head of its host is a host of its own.
func TestUnreachable(t *testing.T) {
	tab := newTable(3)
	tab.change = func(by, of int, key, value string) string {
		if by == 1 && of == 0 && key == keyCard {
			f := strings.Split(value, ";")
			f[3] = strings.Repeat("0", socketDigits)
			return strings.Join(f, ";")
		}
		return value
	}
	jobs, _, errs := gather(t, tab)
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	for r, here := range []int{2, 1, 2} {
		s := jobs[r].seg
		if !s.Spread() || s.RanksHere() != here || s.Near(1) != (r == 1) || s.Home(1).Host != 1 || s.Home(2).Host != 0 {
			t.Errorf("rank %d: %d ranks here, want %d; rank 1 is on host %d, rank 2 on %d", r, s.RanksHere(), here, s.Home(1).Host, s.Home(2).Host)
		}
	}
	// They tell each other where they are, and how they end.
	var all sync.WaitGroup
	for r, j := range jobs {
		j.seg.Publish(r, fmt.Sprintf("127.0.0.1:%d", 100+r))
		all.Go(func() {
			if err := j.Tell(); err != nil {
				t.Errorf("rank %d: %v", r, err)
			}
		})
	}
	all.Wait()
	for r, j := range jobs {
		for other := range jobs {
			if at := j.seg.Find(other); at != fmt.Sprintf("127.0.0.1:%d", 100+other) {
				t.Errorf("rank %d finds rank %d at %q", r, other, at)
			}
		}
	}
	jobs[2].seg.MarkFailed(2, "no more paper")
	for begin := time.Now(); jobs[1].seg.State(2) != transport.Failed; time.Sleep(time.Millisecond) {
		if time.Since(begin) > time.Minute {
			t.Fatal("rank 1 does not hear that rank 2 has failed")
		}
	}
	if c := jobs[1].seg.Cause(2); c != "no more paper" {
		t.Errorf("the cause is %q", c)
	}
	leave(t, jobs)
	for other, want := range []transport.State{transport.Finalized, transport.Finalized, transport.Failed} {
		if s := jobs[0].seg.State(other); s != want {
			t.Errorf("rank 0 has last heard that rank %d is %v, want %v", other, s, want)
		}
	}
}

// One who does not know the key gets no memory, and the others are not the worse.
func TestStrangers(t *testing.T) {
	tab := newTable(2)
	met := make(chan error, 1)
	tab.change = func(by, of int, key, value string) string {
		if by == 1 && of == 0 && key == keyCard { // rank 1 is about to call
			c, err := parseCard(value)
			if err != nil {
				t.Error(err)
			}
			fd, err := callSocket(forMemory, c.socket)
			if err == nil {
				go func() {
					defer unix.Close(fd)
					met <- proof.Call(proof.Within(fd, firstWords), make([]byte, keySize), 1)
				}()
			}
		}
		return value
	}
	jobs, _, errs := gather(t, tab)
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if err := <-met; !errors.Is(err, proof.ErrStranger) {
		t.Errorf("the stranger: %v", err)
	}
	leave(t, jobs)
}

// A rank with another key is told so.
func TestWrongKey(t *testing.T) {
	tab := newTable(2)
	tab.change = func(by, of int, key, value string) string {
		if by == 1 && of == 0 && key == keyCard {
			return value[:len(value)-2*keySize] + strings.Repeat("0", 2*keySize)
		}
		return value
	}
	go Join(tab.seat(t, 0)) // it waits for rank 1
	if _, _, err := Join(tab.seat(t, 1)); !errors.Is(err, proof.ErrStranger) {
		t.Errorf("error %v", err)
	}
}

// What others put may be anything.
func TestNonsense(t *testing.T) {
	for _, c := range []struct{ key, value, text string }{
		{keyCard, "nonsense", "another version"},
		{keyCard, "x;h;n;s;;;", "all ranks of a job run the same build"},
		{keyCard, build + ";h;n;s;;;", "no key"},
		{keyHead, "7", "says"},
		{keyHead, "-1", "says"},
	} {
		tab := newTable(2)
		tab.change = func(by, of int, key, value string) string {
			if key == c.key && (by == 1 || key == keyHead) {
				return c.value
			}
			return value
		}
		errs := make(chan error, 2)
		for r := range 2 {
			s := tab.seat(t, r)
			go func() {
				_, _, err := Join(s)
				errs <- err
			}()
		}
		err := <-errs
		if err != nil && !strings.Contains(err.Error(), c.text) {
			err = <-errs // the other one lost its peer
		}
		if err == nil || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s is %q: %v", c.key, c.value, err)
		}
	}
}

// Whatever comes over a link ends it or is news.
func FuzzNews(f *testing.F) {
	f.Add([]byte{1, 0, 0, 0, 3, 0})
	f.Add([]byte{1, 0, 0, 0, 5, 2, 'o', 'h'})
	f.Add([]byte{9, 0, 0, 0, 5, 2, 'o', 'h'})
	f.Fuzz(func(t *testing.T, data []byte) {
		rank, state, cause, err := readNews(strings.NewReader(string(data)), 4)
		if err == nil && (rank < 0 || rank >= 4 || state < transport.Finalizing || state > transport.Dead || len(cause) > 255) {
			t.Errorf("rank %d, %v, %q", rank, state, cause)
		}
	})
}
