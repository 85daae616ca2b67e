package launch

import (
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/ringo-mpi/ringo/internal/embedded/transport"
	"github.com/ringo-mpi/ringo/internal/topo"
)

// How long ranks have to say where they stand.
const (
	askTime       = 500 * time.Millisecond // … before they are ended
	askSignalTime = 250 * time.Millisecond // … before a signal is passed on
	askStacksTime = 2 * time.Second        // … and to write their stacks
)

// ask tells Job.Standing where the ranks stand, before they learn of the end. Of a
// job that a signal ends, only ranks in calls are told of: whoever ends a program
// that computes need not be told where it did.
func (r *runner) ask(sig syscall.Signal) {
	if r.job.Standing == nil || r.seg == nil || r.failure != nil {
		return
	}
	stacks, limit := false, askSignalTime
	if sig == 0 {
		stacks, limit = r.job.Stacks, askTime
		if stacks {
			r.output.keepWhole()
			limit = askStacksTime
		}
	}
	asked := make([]uint32, r.n) // 0: not asked
	known := false
	for i := range r.ranks {
		switch {
		case r.ranks[i].exited:
		case r.seg.Hears(i):
			asked[i] = r.seg.Ask(i, stacks)
			known = true
		default:
			a, _ := r.seg.Told(i, 0)
			known = known || a.Text != ""
		}
	}
	if !known {
		return
	}
	answered := func() bool {
		for i, question := range asked {
			if question == 0 {
				continue
			}
			if _, current := r.seg.Told(i, question); !current {
				return false
			}
		}
		return true
	}
	for end := time.Now().Add(limit); !answered() && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	if lines := r.standing(asked, sig != 0); len(lines) > 0 {
		r.job.Standing(sig, lines)
	}
}

// A stand is what ranks that stand alike have in common: what follows "rank 3" and
// "ranks 3,4".
type stand struct{ one, several string }

var (
	standUnknown = stand{}
	standEnded   = stand{"has ended", "have ended"}
	standLeft    = stand{"has called Finalize", "have called Finalize"}
	standAbsent  = stand{"has not called Init", "have not called Init"}
	standSilent  = stand{"did not say where it is", "did not say where they are"}
)

// standing says where the ranks stand that have been asked, a line for those that
// stand alike.
func (r *runner) standing(asked []uint32, callsOnly bool) (lines []string) {
	where := map[stand][]int{}
	var order []stand
	for i := range r.ranks {
		s, inCall := r.stand(i, asked[i])
		if s == standUnknown || callsOnly && !inCall {
			continue
		}
		if where[s] == nil {
			order = append(order, s)
		}
		where[s] = append(where[s], i)
	}
	for _, s := range order {
		ranks := where[s]
		who, does, processes := "rank ", s.one, "process"
		if len(ranks) > 1 {
			who, does, processes = "ranks ", s.several, "processes"
		}
		who += topo.SetOf(ranks...).String()
		if s == standSilent {
			var pids []string
			for _, i := range ranks {
				pids = append(pids, fmt.Sprint(r.procs[i].id()))
			}
			who += fmt.Sprintf(" (%s %s)", processes, strings.Join(pids, ", "))
		}
		lines = append(lines, who+" "+does)
	}
	return lines
}

// stand says where a rank stands, and whether that is in a call. A rank that has not
// been asked has perhaps said before where it stays; of one that is no rank of this
// engine nothing is known.
func (r *runner) stand(rank int, question uint32) (s stand, inCall bool) {
	state := r.state(rank)
	a, current := r.seg.Told(rank, question)
	switch {
	case r.ranks[rank].exited:
		return standEnded, false
	case question != 0 && !current:
		return standSilent, false
	case state == transport.Finalized:
		return standLeft, false
	case state == transport.Absent && !r.ranks[rank].inited:
		return standAbsent, false
	case a.Text == "":
		return standUnknown, false
	}
	text := oneLine(a.Text)
	return stand{"is " + text, "are " + text}, a.InCall
}
