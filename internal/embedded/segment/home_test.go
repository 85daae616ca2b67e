//go:build unix

package segment_test

import (
	"testing"
	"time"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/segment"
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
)

// spread makes the segment of host here of a job whose ranks run on these hosts.
func spread(t *testing.T, here int, hosts ...int) *segment.Segment {
	t.Helper()
	n := 0
	for _, h := range hosts {
		if h == here {
			n++
		}
	}
	s, err := segment.CreateFor(len(hosts), n, 4096, 2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if !s.SetHere(here, "10.0.0.1,fd00::1") {
		t.Fatal("no room for two addresses")
	}
	for rank, h := range hosts {
		s.SetHome(rank, segment.Home{Host: h, Name: "host" + string(rune('0'+h))})
	}
	return s
}

// The ranks of a host have rings and tables of their own, whatever their numbers in
// the job are, and places for those of others are not there.
func TestHomes(t *testing.T) {
	s := spread(t, 1, 0, 1, 0, 1, 1, 2)
	reopened := second(t, s)
	if s.Ranks() != 6 || s.RanksHere() != 3 || !s.Spread() || reopened.Ranks() != 6 || reopened.RanksHere() != 3 {
		t.Fatalf("%d ranks, %d here", s.Ranks(), s.RanksHere())
	}
	if got := reopened.Addresses(); got != "10.0.0.1,fd00::1" {
		t.Errorf("addresses %q", got)
	}
	seen := map[unsafe.Pointer]bool{}
	for place, rank := range []int{1, 3, 4} {
		if !reopened.Near(rank) || reopened.Place(rank) != place || reopened.Home(rank) != (segment.Home{Host: 1, Name: "host1"}) {
			t.Errorf("rank %d: place %d, %+v", rank, reopened.Place(rank), reopened.Home(rank))
		}
		for _, from := range []int{1, 3, 4} {
			control, data := s.Ring(rank, from)
			seen[unsafe.Pointer(&control[0])] = true
			seen[unsafe.Pointer(&data[0])] = true
		}
		seen[unsafe.Pointer(&s.Claims(rank)[0])] = true
		seen[unsafe.Pointer(&s.Active(rank)[0])] = true
	}
	if len(seen) != 9*2+2*3 {
		t.Errorf("%d of %d tables", len(seen), 9*2+2*3)
	}
	for _, rank := range []int{0, 2, 5} {
		if s.Near(rank) || s.Home(rank).Host == 1 {
			t.Errorf("rank %d is near: %+v", rank, s.Home(rank))
		}
	}
	one, err := segment.Create(3, 4096, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	if one.Spread() || !one.Near(2) || one.Place(2) != 2 {
		t.Error("a job of one host is taken for one of several")
	}
}

func TestNews(t *testing.T) {
	s := spread(t, 0, 0, 1)
	rank := second(t, s)
	told := make(chan uint32)
	go func() {
		defer close(told)
		for seen, more := s.AwaitNews(0); more; seen, more = s.AwaitNews(seen) {
			told <- seen
		}
	}()
	wait := func(what string, is func() bool) {
		t.Helper()
		for end := time.After(10 * time.Second); !is(); {
			select {
			case <-told:
			case <-end:
				t.Fatalf("%s is not told", what)
			}
		}
	}
	if !rank.Publish(0, "10.0.0.1:7,10.0.0.2:7") {
		t.Fatal("no room for an address")
	}
	wait("an address", func() bool { return s.Find(0) == "10.0.0.1:7,10.0.0.2:7" })
	rank.Join(0)
	rank.Advance(0, transport.Finalizing)
	wait("a state", func() bool { return s.State(0) == transport.Finalizing })
	s.StopNews()
	for range told {
	}
}
