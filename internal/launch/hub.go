package launch

import (
	"sync"

	"github.com/ringo-mpi/ringo/internal/launch/control"
	"github.com/ringo-mpi/ringo/internal/pmi"
)

// A hub joins the process managers of the hosts: a barrier ends when the ranks of all
// of them are in it, and each host then has what the others have put.
type hub struct {
	near  *here // nil: no ranks here
	far   []*far
	hosts int // that have ranks
	names pmi.Server

	mu      sync.Mutex
	arrived int
	puts    map[int][]pmi.Pair // by the number of the host
}

// Arrived is called when the ranks of this host are in the barrier.
func (h *hub) Arrived(puts []pmi.Pair) {
	h.put(h.near.hosts.here, puts)
	h.arrive()
}

// Names answers a command about published names for all hosts.
func (h *hub) Names(m pmi.Message) pmi.Message { return h.names.Names(m) }

// put takes up what the ranks of a host have put before they came to the barrier.
func (h *hub) put(host int, puts []pmi.Pair) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.puts == nil {
		h.puts = map[int][]pmi.Pair{}
	}
	h.puts[host] = append(h.puts[host], puts...)
}

// arrive notes that the ranks of a host are in the barrier.
func (h *hub) arrive() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.arrived++; h.arrived < h.hosts {
		return
	}
	h.arrived = 0
	puts := h.puts
	h.puts = nil
	// Nobody waits any more before the first rank can end.
	for _, f := range h.far {
		f.waits.Store(false)
	}
	others := func(host int) (list []pmi.Pair) {
		for from, pairs := range puts {
			if from != host {
				list = append(list, pairs...)
			}
		}
		return list
	}
	if h.near != nil {
		h.near.server.Release(others(h.near.hosts.here))
	}
	for _, f := range h.far {
		f.link.puts(pairsFor(others(f.number)))
		f.link.send(&control.Release{})
	}
}
