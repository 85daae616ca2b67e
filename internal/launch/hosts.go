package launch

import "os"

// hosts says which ranks of a job are on which host.
type hosts struct {
	names []string // of all hosts
	here  int      // which of them this one is; -1: none
	of    []int    // the host of each rank
	ranks []int    // the ranks of this host
	place []int    // of each rank its number among the ranks of its host
}

func newHosts(names []string, of []int, here int) *hosts {
	h := &hosts{names: names, here: here, of: of, place: make([]int, len(of))}
	count := make([]int, len(names))
	for rank, host := range of {
		h.place[rank] = count[host]
		count[host]++
		if host == here {
			h.ranks = append(h.ranks, rank)
		}
	}
	return h
}

// hosts returns where the ranks of the job run.
func (j *Job) hosts() *hosts {
	if j.Spread == nil {
		return newHosts([]string{hostname()}, make([]int, j.Ranks()), 0)
	}
	names := make([]string, len(j.Spread.Hosts))
	for i, h := range j.Spread.Hosts {
		names[i] = h.Name
	}
	return newHosts(names, j.Spread.Place, j.Spread.Here)
}

// several reports whether the ranks are on more hosts than this one.
func (h *hosts) several() bool { return len(h.names) > 1 || h.here != 0 }

// name is that of a rank's host.
func (h *hosts) name(rank int) string { return h.names[h.of[rank]] }

// near reports whether a rank is on this host.
func (h *hosts) near(rank int) bool { return h.of[rank] == h.here }

// ranksOf returns the ranks of a host.
func (h *hosts) ranksOf(host int) (ranks []int) {
	for rank, of := range h.of {
		if of == host {
			ranks = append(ranks, rank)
		}
	}
	return ranks
}

// hostname is the name that this host has for itself.
func hostname() string {
	if h, err := os.Hostname(); err == nil && h != "" {
		return h
	}
	return "localhost"
}
