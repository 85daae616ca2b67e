package launch

import (
	"errors"
	"syscall"

	"github.com/ringo-mpi/ringo/internal/embedded/segment"
)

// watchProgram watches the process that has opened the segment as this rank, if it is
// not the one that was started: a program under a shell script, a debugger, a
// profiler. Its end must be known before the script's. Numbers of processes are those
// of its namespace; where that is not known, the process must at least be in the
// rank's group.
func (s *here) watchProgram(rank int, namespace string) {
	pid, started := 0, s.procs[s.hosts.place[rank]].id()
	s.read(func(m *segment.Segment) { pid = m.Pid(rank) })
	if pid == 0 || pid == started {
		return
	}
	same := namespace != "" && namespace == pidNamespace()
	if !same && (namespace != "" || !inGroup(pid, started)) {
		return
	}
	told := make(chan struct{})
	stop, err := watch(pid, func(e exit, known bool) {
		<-told
		s.post(event{kind: evStrayEnd, rank: rank, exit: s.limited(e), known: known})
	})
	if err == nil {
		s.stop(stop)
		s.post(event{kind: evJoin, rank: rank})
	}
	close(told)
	if same && errors.Is(err, syscall.ESRCH) { // it has ended already
		s.post(event{kind: evStrayEnd, rank: rank})
	}
}
