package launch

import (
	"syscall"
	"testing"
)

// TestStatusAfterSignal: whose status a job has that was asked to end.
func TestStatusAfterSignal(t *testing.T) {
	const interrupt = 130
	type failure struct {
		rank, status int
		aborted      bool
	}
	for _, c := range []struct {
		name   string
		before []rankState // when the signal comes
		then   []failure
		status int
		rank   int
	}{
		{"nobody had failed", []rankState{{}, {}}, []failure{{0, 1, false}, {1, 7, false}}, interrupt, 0},
		{"the first to be judged had failed", []rankState{{}, {exited: true, exit: exit{code: 7}}}, []failure{{1, 7, false}, {0, 130, false}}, 7, 1},
		{"the last to be judged had failed", []rankState{{}, {exited: true, exit: exit{code: 7}}}, []failure{{0, 130, false}, {1, 7, false}}, 7, 1},
		{"a program under a script had failed", []rankState{{}, {program: exit{signal: 9}}}, []failure{{0, 130, false}, {1, 137, false}}, 137, 1},
		{"a channel had closed", []rankState{{}, {closed: true, active: true}}, []failure{{0, 130, false}, {1, 1, false}}, 1, 1},
		{"one had ended well", []rankState{{}, {exited: true}}, []failure{{0, 130, false}}, interrupt, 0},
		{"Abort after the signal", []rankState{{}, {}}, []failure{{0, 130, false}, {1, 6, true}, {0, 9, true}}, 6, 1},
	} {
		r := &runner{job: &Job{}, hosts: newHosts([]string{"host"}, []int{0, 0}, 0), ranks: c.before}
		r.signalled(syscall.SIGINT)
		for _, f := range c.then {
			r.record(f.rank, "failed", f.status, f.aborted)
		}
		if f := r.failure; f.Status != c.status || f.Rank != c.rank {
			t.Errorf("%s: status %d of rank %d, want %d of rank %d", c.name, f.Status, f.Rank, c.status, c.rank)
		}
	}
}
