package launch

import (
	"cmp"
	"slices"
	"sync"

	"github.com/ringo-mpi/ringo/internal/embedded/segment"
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
	"github.com/ringo-mpi/ringo/internal/launch/control"
)

// A mirror keeps the memory of several hosts alike in what it says of the ranks: how
// far each has come, why it has ended, and where it waits for connections. The memory
// of mpiexec's host is the one in which all of it comes together; failures are
// numbered there in the order in which they arrive.
type mirror struct {
	seg     *segment.Segment
	of      []int // the host of each rank
	running bool
	done    chan struct{} // closed when run has returned

	mu    sync.Mutex
	known []control.Fact // of each rank, what has been passed on
	owned []int          // the state that the rank's own host has told
	to    map[int]func([]control.Fact)
}

func newMirror(seg *segment.Segment, of []int) *mirror {
	return &mirror{seg: seg, of: of, done: make(chan struct{}), known: make([]control.Fact, len(of)), owned: make([]int, len(of)), to: map[int]func([]control.Fact){}}
}

// start begins to pass on what changes.
func (m *mirror) start() {
	if m.seg != nil {
		m.running = true
		go m.run()
	}
}

func (m *mirror) run() {
	defer close(m.done)
	for seen, more := m.seg.AwaitNews(0); more; seen, more = m.seg.AwaitNews(seen) {
		m.pass()
	}
}

// stop ends run, if it has been called.
func (m *mirror) stop() {
	if m.running {
		m.seg.StopNews()
		<-m.done
	}
}

// pass tells every host what it does not know.
func (m *mirror) pass() {
	m.mu.Lock()
	defer m.mu.Unlock()
	news := changed(m.seg, m.known, nil)
	if len(news) == 0 {
		return
	}
	for host, tell := range m.to {
		facts := make([]control.Fact, 0, len(news))
		for _, f := range news {
			if m.of[f.Rank] != host || f.State != m.owned[f.Rank] {
				facts = append(facts, f)
			}
		}
		if len(facts) > 0 {
			tell(facts)
		}
	}
}

// heard takes up what a host tells of its ranks.
func (m *mirror) heard(host int, facts []control.Fact) {
	if m.seg == nil {
		return
	}
	m.mu.Lock()
	for _, f := range facts {
		m.owned[f.Rank] = f.State
	}
	m.mu.Unlock()
	for _, f := range facts {
		takeUp(m.seg, f)
	}
}

// changed returns what the memory says of ranks (nil: of all) that is not known, in the
// order in which it happened, and notes that it is known now.
func changed(seg *segment.Segment, known []control.Fact, ranks []int) []control.Fact {
	var news []control.Fact
	look := func(rank int) {
		k := &known[rank]
		state := int(seg.State(rank))
		address := k.Address
		if address == "" {
			address = seg.Find(rank)
		}
		if state == k.State && address == k.Address {
			return
		}
		f := control.Fact{Rank: rank, State: state}
		if address != k.Address {
			f.Address = address
		}
		if state >= int(transport.Finalized) {
			f.Cause = seg.Cause(rank)
		}
		k.State, k.Address = state, address
		news = append(news, f)
	}
	if ranks == nil {
		for rank := range known {
			look(rank)
		}
	} else {
		for _, rank := range ranks {
			look(rank)
		}
	}
	slices.SortStableFunc(news, func(a, b control.Fact) int { return cmp.Compare(seg.Order(a.Rank), seg.Order(b.Rank)) })
	return news
}

// takeUp writes into the memory what another host has told.
func takeUp(seg *segment.Segment, f control.Fact) {
	if f.Address != "" && seg.Find(f.Rank) == "" {
		seg.Publish(f.Rank, f.Address)
	}
	switch state := transport.State(f.State); state {
	case transport.Failed:
		seg.MarkFailed(f.Rank, f.Cause)
	case transport.Dead:
		seg.MarkDead(f.Rank, f.Cause)
	case transport.Finalized:
		if f.Cause != "" {
			seg.MarkLeft(f.Rank, f.Cause)
		} else {
			seg.Advance(f.Rank, state)
		}
	case transport.Running, transport.Finalizing:
		seg.Advance(f.Rank, state)
	}
}
