package launch

import (
	"slices"
	"testing"
)

// TestEnvironmentOfHosts: what a rank is told of the ranks of its host comes from
// the description of the job.
func TestEnvironmentOfHosts(t *testing.T) {
	e := jobEnv{id: "1", size: 9, hosts: hosts{ranks: []int{2, 3, 4}, here: 1}, cores: 12, ctl: 3, shm: 4}
	common := e.common(nil)
	for rank, local := range map[int]string{2: "0", 3: "1", 4: "2"} {
		env := e.rank(common, rank)
		for _, want := range []string{
			"RINGO_SIZE=9", "PMI_SIZE=9", "RINGO_LOCAL_SIZE=3", "MPI_LOCALNRANKS=3",
			"RINGO_LOCAL_RANK=" + local, "MPI_LOCALRANKID=" + local, "GOMAXPROCS=4",
		} {
			if !slices.Contains(env, want) {
				t.Errorf("rank %d: no %s in %v", rank, want, env)
			}
		}
	}
	j := Job{Apps: []App{{Ranks: 2}, {Ranks: 3}}}
	if h := j.hosts(); h.size() != 5 || h.local(4) != 4 {
		t.Errorf("a job of five ranks here: %d, and the last is %d", h.size(), h.local(4))
	}
}
