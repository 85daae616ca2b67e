package launch

import (
	"fmt"
	"slices"
	"strings"
	"syscall"

	"github.com/ringo-mpi/ringo/internal/embedded/transport"
)

// What is a failure:
//   - a rank killed by a signal, or ending with a status other than 0;
//   - a rank that called Abort;
//   - a rank that ended after Init without Finalize, with whatever status;
//   - a rank whose channel was closed after Init without Finalize;
//   - a rank that ended while others wait for it in the process manager's barrier;
//   - a rank whose host cannot be reached any more.
//
// A rank that never calls Init is judged by its exit status alone. A rank that
// ends with a status other than 0 after Finalize fails the job but does not end
// the others: they have finished with it.

func (r *runner) handle(e event) {
	s := &r.ranks[e.rank]
	switch e.kind {
	case evExit:
		s.exited, s.exit = true, e.exit
		if (s.closed || !haveControl) && r.knowsAll(e.rank) {
			r.judge(e.rank)
		} else {
			// What the rank has written on its channel comes first: an Abort.
			r.later(channelLag, event{kind: evJudge, rank: e.rank})
		}
		if s.closed {
			r.left()
		}
	case evJudge:
		r.judge(e.rank)
	case evClosed:
		s.closed, s.active = true, e.active
		switch {
		case s.exited:
			if r.knowsAll(e.rank) {
				r.judge(e.rank)
			}
			r.left()
		case e.err != nil:
			r.later(exitLag, event{kind: evLost, rank: e.rank, text: fmt.Sprintf("broke its connection to mpiexec: %v", e.err)})
		case e.active:
			r.later(exitLag, event{kind: evLost, rank: e.rank, text: "closed its connection to mpiexec without Finalize"})
		}
	case evLost:
		if !s.exited && !r.blames(e.rank) {
			r.dead(e.rank, e.text)
			r.fail(e.rank, e.text, max(1, e.code))
		}
	case evInit:
		s.inited = true
		r.contacted = true
	case evJoin:
		s.watched = true
	case evBarrier:
		r.checkBarrier()
	case evAbort:
		s.aborted = true
		cause := fmt.Sprintf("called Abort(%d)", e.code)
		// Package mpi has nothing to add to that.
		if text := oneLine(e.text); text != "" && !strings.HasPrefix(text, fmt.Sprintf("Abort(%d) was called", e.code)) {
			cause += ": " + text
		}
		if r.failure == nil || r.failure.Interrupt != 0 {
			r.spare = e.rank
			r.record(e.rank, cause, abortStatus(e.code), true)
			r.advance(stageTerm)
			r.later(abortLag, event{kind: evAborted, rank: e.rank})
		}
	case evAborted:
		if !s.exited { // it waits to be ended, as MPICH's library does
			r.site(e.rank).signal(e.rank, syscall.SIGTERM)
		}
	case evStrayEnd:
		s.watched = false
		if r.state(e.rank) == transport.Finalized {
			break
		}
		what, status := "ended without Finalize (a child of the process that was started)", 1
		if e.known && e.exit.status() != 0 {
			s.program = e.exit
			what, status = r.tell(e.exit), e.exit.status()
		}
		if s.exited {
			r.judge(e.rank)
			break
		}
		r.dead(e.rank, what)
		r.later(exitLag, event{kind: evLost, rank: e.rank, text: what, code: status})
	case evHostLost:
		r.lose(r.hosts.of[e.rank], e.text)
	}
}

// lose gives up the ranks of a host.
func (r *runner) lose(host int, why string) {
	cause := "was lost with its host: " + why
	for _, rank := range r.hosts.ranksOf(host) {
		if s := &r.ranks[rank]; !s.judged {
			s.exited, s.judged, s.exit = true, true, exit{code: 1}
			r.running--
			r.dead(rank, cause)
			r.fail(rank, cause, 1)
		}
	}
}

// knowsAll reports whether a rank whose process has ended can be judged at
// once. A rank that has failed may have done so because of another whose end is
// not known yet, and a script may say less than the program in it.
func (r *runner) knowsAll(rank int) bool {
	state := r.state(rank)
	return state != transport.Failed && (state == transport.Finalized || !r.ranks[rank].watched)
}

// tell says how a process has ended, and which limit was reached if the kernel
// has killed it for want of memory.
func (r *runner) tell(e exit) string {
	text := e.String()
	if e.limit > 0 && r.stage < stageTerm {
		text += fmt.Sprintf(": the memory limit of its cgroup, %d MiB, was reached", e.limit>>20)
	}
	return text
}

// abortStatus is the launcher's status after Abort: never 0.
func abortStatus(code int) int {
	if code&0xff == 0 {
		return 1
	}
	return code & 0xff
}

// judge decides whether a rank that has ended has failed, and tells the others
// of its end.
func (r *runner) judge(rank int) {
	s := &r.ranks[rank]
	if s.judged {
		return
	}
	s.judged = true
	r.running--
	state := r.state(rank)
	if state != transport.Absent {
		r.contacted = true
	}
	cause, status := "", s.exit.status()
	switch {
	case state == transport.Failed && s.exit.signal != 0 && r.stage >= stageTerm:
		// It failed by itself, but its process had to be ended.
		cause, status = "failed: "+oneLine(r.seg.Cause(rank)), 1
	case s.exit.signal == 0 && s.program.status() != 0:
		// The MPI program, under a script or the like, which has its own status.
		cause, status = r.tell(s.program), s.program.status()
	case s.exit.signal != 0 || s.exit.code != 0:
		cause = r.tell(s.exit)
	case s.closed && s.active || state != transport.Absent && state != transport.Finalized:
		cause, status = "ended without Finalize (status 0)", 1
	}
	switch {
	case state == transport.Absent && cause == "" && !s.inited:
		// Not a failure by itself. Ranks that wait for it fail, and say why.
		if r.seg != nil {
			r.seg.MarkLeft(rank, "it ended with status 0 and has not called Init")
		}
	case state != transport.Finalized:
		what := cause
		if what == "" {
			what = s.exit.String()
		}
		if s.aborted {
			what = "called Abort"
		}
		r.dead(rank, what)
	}
	s.well = cause == ""
	if s.well || s.aborted {
		return
	}
	if state >= transport.Failed && r.blames(rank) {
		if !r.job.KeepGoing {
			r.advance(stageGrace)
		}
		return // the other is recorded when it ends
	}
	if state == transport.Finalized && s.exit.signal == 0 {
		r.record(rank, cause, status, false)
		return
	}
	r.fail(rank, cause, status)
}

// blames reports whether a rank has most likely failed because of another that
// has not been judged yet: one that failed before it, or was killed.
func (r *runner) blames(rank int) bool {
	if r.state(rank) < transport.Failed {
		return false
	}
	order := r.seg.Order(rank)
	for i := range r.ranks {
		s := &r.ranks[i]
		if s.judged || i == rank {
			continue
		}
		if r.seg.State(i) >= transport.Failed && r.seg.Order(i) < order || s.exit.signal != 0 || s.program.signal != 0 {
			return true
		}
	}
	return false
}

func (r *runner) state(rank int) transport.State {
	if r.seg == nil {
		return transport.Absent
	}
	return r.seg.State(rank)
}

// dead tells the other ranks that a rank is dead.
func (r *runner) dead(rank int, cause string) {
	if r.seg != nil {
		r.seg.MarkDead(rank, cause)
	}
}

// record notes the first failure. What fails after a signal of the user's that
// asked for the end is the end that was asked for, and the status says the
// signal, whatever wrappers and handlers make of it; unless a rank had failed
// before, or calls Abort, which has a status of its own.
func (r *runner) record(rank int, cause string, status int, aborted bool) {
	sig := r.interrupt
	if aborted || r.ranks[rank].before {
		sig = 0
	}
	late := r.stage >= stageTerm
	if f := r.failure; f != nil {
		if f.Interrupt == 0 || sig != 0 {
			return
		}
		late = f.late
	}
	others := 0
	for i := range r.ranks {
		if i != rank && !r.ranks[i].well {
			others++
		}
	}
	if sig != 0 {
		status = 128 + int(sig)
	}
	f := &Failure{Rank: rank, Host: r.hosts.name(rank), Cause: cause, Status: status, Aborted: aborted, Others: others, Interrupt: sig, late: late}
	if s := r.ranks[rank]; s.exited {
		f.Signal = s.exit.signal
	}
	r.failure = f
}

// failing reports whether a rank that may not have been judged yet has failed.
func (r *runner) failing(rank int) bool {
	s, state := &r.ranks[rank], r.state(rank)
	switch {
	case state >= transport.Failed, s.aborted, s.program.status() != 0, s.closed && s.active:
		return true
	case s.exited:
		return s.exit.status() != 0 || state != transport.Absent && state != transport.Finalized
	}
	return false
}

// fail notes a failure and begins the end of the job.
func (r *runner) fail(rank int, cause string, status int) {
	r.record(rank, cause, status, false)
	if !r.job.KeepGoing {
		r.advance(stageGrace)
	}
}

// left notes that a rank has ended and closed its channel.
func (r *runner) left() {
	r.gone++
	r.checkBarrier()
}

// waits reports whether a rank waits in the process manager's barrier.
func (r *runner) waits() bool {
	return slices.ContainsFunc(r.sites, site.waiting)
}

// site is that of a rank.
func (r *runner) site(rank int) site { return r.of[r.hosts.of[rank]] }

// checkBarrier ends a job whose ranks wait in the process manager's barrier for
// one that has ended.
func (r *runner) checkBarrier() {
	if r.gone == 0 || r.failure != nil || !r.waits() {
		return
	}
	for i, s := range r.ranks {
		if s.judged && s.closed {
			what := "without Init"
			if s.inited {
				what = "after Finalize"
			}
			r.fail(i, fmt.Sprintf("ended %s (status %d) while other ranks wait for it in a barrier", what, s.exit.code), 1)
			return
		}
	}
}

// interrupted says how a signal that the user sent is told.
func interrupted(sig syscall.Signal) string {
	return fmt.Sprintf("ended by signal %d (%v)", int(sig), sig)
}
