package pmi

import (
	"fmt"
	"net"
	"sync"
	"testing"
)

// hub joins the servers of several hosts as a launcher does.
type hub struct {
	mu      sync.Mutex
	servers []*Server
	names   Server
	arrived int
	rounds  int
	puts    []Pair
}

func (h *hub) Arrived(puts []Pair) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.puts = append(h.puts, puts...)
	if h.arrived++; h.arrived < len(h.servers) {
		return
	}
	for _, s := range h.servers {
		s.Release(h.puts)
	}
	h.arrived, h.puts = 0, nil
	h.rounds++
}

func (h *hub) Names(m Message) Message { return h.names.Names(m) }

// TestServersOfHosts: ranks that several servers have between them exchange values by
// one message of each server a barrier, and find published names.
func TestServersOfHosts(t *testing.T) {
	const hosts, each = 3, 2
	h := &hub{}
	for range hosts {
		h.servers = append(h.servers, &Server{Size: hosts * each, Here: each, Above: h, Name: "kvs"})
	}
	var firsts sync.Map
	var ranks sync.WaitGroup
	for i, s := range h.servers {
		s.Handler.Barrier = func(rank int) {
			n, _ := firsts.LoadOrStore(i, new(int))
			*n.(*int)++
		}
		for k := range each {
			rank := i*each + k
			ours, theirs := net.Pipe()
			ranks.Go(func() { s.Serve(rank, ours); ours.Close() })
			ranks.Go(func() {
				defer theirs.Close()
				c := NewClient(theirs)
				must(t, c.Init())
				for round := range 3 {
					must(t, c.Put(fmt.Sprintf("%d-%d", round, rank), fmt.Sprint(rank*rank)), c.Barrier())
					for other := range hosts * each {
						if v, err := c.Get(fmt.Sprintf("%d-%d", round, other)); err != nil || v != fmt.Sprint(other*other) {
							t.Errorf("round %d: rank %d has %q of %d, %v", round, rank, v, other, err)
						}
					}
				}
				if rank == 0 {
					must(t, c.PublishName("service", "port"))
				}
				must(t, c.Barrier())
				if port, err := c.LookupName("service"); err != nil || port != "port" {
					t.Errorf("rank %d finds %q, %v", rank, port, err)
				}
				must(t, c.Finalize())
			})
		}
	}
	ranks.Wait()
	if h.rounds != 4 {
		t.Errorf("%d rounds", h.rounds)
	}
	firsts.Range(func(host, n any) bool {
		if *n.(*int) != 4 {
			t.Errorf("server %v: %d of 4 barriers have told of their first rank once", host, *n.(*int))
		}
		return true
	})
}
