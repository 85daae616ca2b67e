package launch

// hosts says which ranks of a job are on which host. The ranks fill the hosts one
// after another.
type hosts struct {
	ranks []int // of each host
	here  int   // which of them this one is
}

// hosts returns where the ranks of the job run: all of them here, so far.
func (j *Job) hosts() hosts { return hosts{ranks: []int{j.Ranks()}} }

// size is the number of ranks on this host.
func (h hosts) size() int { return h.ranks[h.here] }

// local is the number of a rank of this host among the ranks of this host.
func (h hosts) local(rank int) int {
	for _, n := range h.ranks[:h.here] {
		rank -= n
	}
	return rank
}
