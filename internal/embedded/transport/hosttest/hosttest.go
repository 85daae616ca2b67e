// Package hosttest is a transport for tests: goroutine ranks that pretend to be
// on several hosts. Those of one host have what goroutines have of each other
// (package inproc). Between hosts there is a ring and nothing else: no reach into
// the other's memory, no common table of claims, no shared pool, no help, and no
// agreement about fences.
//
// Only tests import it.
package hosttest

import (
	"fmt"
	"time"

	"github.com/ringo-mpi/ringo/internal/embedded/inproc"
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// New makes the ends of ranks of which rank r is on host hosts[r].
func New(hosts []int) []transport.End {
	ends := inproc.New(len(hosts))
	mixed := false
	count := make(map[int]int)
	for r := range ends {
		e := &end{
			Job: ends[r].Job, Self: ends[r].Self, Pool: ends[r].Pool,
			hosts: hosts, rank: r, limit: &mixed,
		}
		f := &ends[r].Facts
		f.Name, f.Fenced, f.LocalRank = "hosts", false, count[hosts[r]]
		count[hosts[r]]++
		ends[r].Job, ends[r].Self, ends[r].Pool = job{e}, self{e}, pool{e}
	}
	mixed = len(count) > 1
	for r := range ends {
		ends[r].Facts.LocalSize = count[hosts[r]]
	}
	return ends
}

// end is what a rank has of the job below.
type end struct {
	transport.Job
	transport.Self
	transport.Pool
	hosts []int
	rank  int
	limit *bool // there are several hosts
}

func (e *end) near(rank int) bool { return e.hosts[rank] == e.hosts[e.rank] }

type job struct{ *end }

// Host implements [transport.Job].
func (j job) Host(rank int) transport.Host {
	return transport.Host{Name: fmt.Sprintf("host%d", j.hosts[rank]), Number: j.hosts[rank]}
}

type self struct{ *end }

// Sleep implements [transport.Self]. A rank of another host may not see that this
// one sleeps: the limit counts.
func (s self) Sleep(seq uint32, limit time.Duration) {
	if *s.limit {
		defer time.AfterFunc(limit, s.Self.Link(s.rank).Wake).Stop()
	}
	s.Self.Sleep(seq, limit)
}

// Link implements [transport.Self].
func (s self) Link(peer int) transport.Link {
	l := s.Self.Link(peer)
	if s.near(peer) {
		return near{l}
	}
	return far{l}
}

// near is a link inside a host.
type near struct{ transport.Link }

// far is a link to another host.
type far struct{ transport.Link }

// Traits implements [transport.Link].
func (far) Traits() transport.Traits { return transport.Traits{} }

// Help implements [transport.Link].
func (far) Help() {}

// Claims implements [transport.Link].
func (far) Claims() []uint64 { return nil }

// Transfer implements [transport.Link].
func (far) Transfer(uint64) *transport.Transfer { return nil }

// Reach implements [transport.Link].
func (far) Reach() transport.Reach { return nil }

// pool is the memory of one host: a handle or memory of another one is refused.
type pool struct{ *end }

// WorldBoard implements [transport.Pool].
func (p pool) WorldBoard() []byte {
	if *p.limit {
		return nil
	}
	return p.Pool.WorldBoard()
}

const hostBits = 16

// NewBoard implements [transport.Pool].
func (p pool) NewBoard(members int) (uint64, []byte, error) {
	handle, mem, err := p.Pool.NewBoard(members)
	return handle<<hostBits | uint64(p.hosts[p.rank]), mem, err
}

// OpenBoard implements [transport.Pool].
func (p pool) OpenBoard(handle uint64, members int) ([]byte, error) {
	if host := handle & (1<<hostBits - 1); host != uint64(p.hosts[p.rank]) {
		return nil, engine.Errorf(engine.ErrIntern, "a board of host %d on host %d", host, p.hosts[p.rank])
	}
	return p.Pool.OpenBoard(handle>>hostBits, members)
}

// FreeBoard implements [transport.Pool].
func (p pool) FreeBoard(handle uint64) { p.Pool.FreeBoard(handle >> hostBits) }
