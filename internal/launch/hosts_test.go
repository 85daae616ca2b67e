package launch

import (
	"slices"
	"testing"
)

// TestEnvironmentOfHosts: what a rank is told of the ranks of its host comes from
// the description of the job.
func TestEnvironmentOfHosts(t *testing.T) {
	e := jobEnv{id: "1", size: 9, hosts: newHosts([]string{"a", "b", "c"}, []int{0, 0, 1, 1, 1, 2, 2, 2, 2}, 1), cores: 12, ctl: 3, shm: 4}
	common := e.common(nil)
	for rank, local := range map[int]string{2: "0", 3: "1", 4: "2"} {
		env := e.rank(common, rank)
		for _, want := range []string{
			"RINGO_SIZE=9", "PMI_SIZE=9", "RINGO_LOCAL_SIZE=3", "MPI_LOCALNRANKS=3",
			"RINGO_LOCAL_RANK=" + local, "MPI_LOCALRANKID=" + local, "GOMAXPROCS=4",
			"PMI_HOSTNAME=b",
		} {
			if !slices.Contains(env, want) {
				t.Errorf("rank %d: no %s in %v", rank, want, env)
			}
		}
	}
	j := Job{Apps: []App{{Ranks: 2}, {Ranks: 3}}}
	if h := j.hosts(); len(h.ranks) != 5 || h.place[4] != 4 || h.several() {
		t.Errorf("a job of five ranks here: %+v", h)
	}
	turns := newHosts([]string{"a", "b"}, []int{0, 1, 0, 1, 1}, 1)
	if !slices.Equal(turns.ranks, []int{1, 3, 4}) || !slices.Equal(turns.place, []int{0, 0, 1, 1, 2}) || turns.name(2) != "a" || turns.near(0) {
		t.Errorf("ranks dealt out in turn: %+v", turns)
	}
}
