package launch

import (
	"fmt"
	"strings"
	"sync"
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
	answers := make([]stood, r.n)
	known := false
	var all sync.WaitGroup
	for host, s := range r.of {
		ranks := r.hosts.ranksOf(host)
		all.Go(func() {
			for i, a := range s.ask(stacks, limit) {
				answers[ranks[i]] = a
			}
		})
	}
	all.Wait()
	for _, a := range answers {
		known = known || a.asked || a.text != ""
	}
	if !known {
		return
	}
	if lines := r.standing(answers, sig != 0); len(lines) > 0 {
		r.job.Standing(sig, lines)
	}
}

// stood is what a rank says of where it stands. One that has not been asked has
// perhaps said before where it stays.
type stood struct {
	asked, current bool   // … and this is the answer
	inCall         bool   // the rank is in a call of package mpi
	text           string // follows "rank 3 is"
}

// ask asks the ranks of this host.
func (s *here) ask(stacks bool, limit time.Duration) []stood {
	if s.seg == nil {
		return nil
	}
	out := make([]stood, len(s.procs))
	asked := make([]uint32, len(s.procs))
	for i, rank := range s.hosts.ranks[:len(s.procs)] {
		if !s.ended[i].Load() && s.seg.Hears(rank) {
			out[i].asked, asked[i] = true, s.seg.Ask(rank, stacks)
		}
	}
	look := func() (complete bool) {
		complete = true
		for i, rank := range s.hosts.ranks[:len(s.procs)] {
			a, current := s.seg.Told(rank, asked[i])
			out[i].current, out[i].inCall, out[i].text = current, a.InCall, a.Text
			complete = complete && (current || !out[i].asked)
		}
		return complete
	}
	for end := time.Now().Add(limit); !look() && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	return out
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
func (r *runner) standing(answers []stood, callsOnly bool) (lines []string) {
	where := map[stand][]int{}
	var order []stand
	for i := range r.ranks {
		s, inCall := r.stand(i, answers[i])
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
				pids = append(pids, fmt.Sprint(r.pids[i]))
			}
			who += fmt.Sprintf(" (%s %s)", processes, strings.Join(pids, ", "))
		}
		lines = append(lines, who+" "+does)
	}
	return lines
}

// stand says where a rank stands, and whether that is in a call. Of one that is no rank
// of this engine nothing is known.
func (r *runner) stand(rank int, a stood) (s stand, inCall bool) {
	state := r.state(rank)
	switch {
	case r.ranks[rank].exited:
		return standEnded, false
	case a.asked && !a.current:
		return standSilent, false
	case state == transport.Finalized:
		return standLeft, false
	case state == transport.Absent && !r.ranks[rank].inited:
		return standAbsent, false
	case a.text == "":
		return standUnknown, false
	}
	text := oneLine(a.text)
	return stand{"is " + text, "are " + text}, a.inCall
}
