package shm

import (
	"fmt"
	"os"
	"reflect"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ringo-mpi/ringo/internal/embedded/segment"
	"github.com/ringo-mpi/ringo/internal/standing"
)

// A listener answers mpiexec when it asks where this rank stands: a goroutine
// that sleeps in the kernel until a word of the segment changes. No signal is
// needed, which a program might use, a child might inherit, or a wrong process get.
//
// As long as a thread sleeps in the kernel, the runtime does not find out that all
// goroutines of the program wait for each other and end it with their stacks ("all
// goroutines are asleep - deadlock!"). So the listener looks now and then whether
// the rank is idle outside of calls and nothing in it can run; it then goes away,
// and comes back when a call of the rank goes to sleep, should there be one.
type listener struct {
	job     *job
	running atomic.Bool
	left    atomic.Bool // the rank has left the job
}

const (
	lookEvery = 2 * time.Second      // … whether the rank is idle
	idleTime  = 2 * time.Millisecond // a rank that has used less of a core since the last look is
)

// listen starts the listener unless it runs.
func (l *listener) listen() {
	if !l.left.Load() && l.running.CompareAndSwap(false, true) {
		go l.run()
	}
}

// leave ends the listener.
func (l *listener) leave() {
	l.left.Store(true)
	if l.job.launcher != nil {
		l.job.launcher.Wake()
		return
	}
	l.job.seg.StopAwaiting(l.job.rank)
}

// await waits for a question, under another launcher for news of it and of the ranks
// of the host, but not for ever. It returns what seen is to be.
func (l *listener) await(seen uint32) uint32 {
	if l.job.launcher != nil {
		l.job.launcher.Watch(lookEvery)
		return seen
	}
	return l.job.seg.AwaitQuestion(l.job.rank, seen, lookEvery)
}

func (l *listener) run() {
	defer l.running.Store(false)
	seg, rank := l.job.seg, l.job.rank
	seen := seg.Hear(rank, true)
	defer seg.Hear(rank, false)
	for used := cpuTime(); ; {
		asked := l.await(seen)
		if l.left.Load() {
			return
		}
		now := cpuTime()
		switch {
		case asked != seen:
			l.answer(asked)
			seen = asked
		case now-used < idleTime && atomic.LoadUint32(&seg.Bell(rank).Sleeping) == 0:
			if list := others(stacks()); standing.Stuck(list) {
				// What it says now holds until it comes back.
				l.tell(seen, list)
				return
			}
		}
		used = now
	}
}

// answer answers a question.
func (l *listener) answer(asked uint32) {
	dump := stacks()
	if segment.WantsStacks(asked) {
		_, own, _ := strings.Cut(dump, "\n\n")
		fmt.Fprintf(os.Stderr, "rank %d of %d on %s, process %d, has these goroutines:\n\n%s\n", l.job.rank, l.job.n, l.job.hostname, os.Getpid(), own)
	}
	l.tell(asked, others(dump))
}

func (l *listener) tell(asked uint32, list []standing.Goroutine) {
	text, inCall := standing.Line(list, standardFolder(), segment.AnswerMax)
	l.job.seg.Tell(l.job.rank, asked, segment.Answer{Text: text, InCall: inCall})
}

// others returns all goroutines but the one that has made the dump, its first.
func others(dump string) []standing.Goroutine {
	list := standing.Parse(dump)
	return list[min(1, len(list)):]
}

// stacks returns the stacks of all goroutines.
func stacks() string {
	const most = 16 << 20
	for buf := make([]byte, 64<<10); ; buf = make([]byte, 4*len(buf)) {
		if n := runtime.Stack(buf, true); n < len(buf) || n >= most {
			return string(buf[:n])
		}
	}
}

// cpuTime is how long the threads of this process have run.
func cpuTime() time.Duration {
	var ts unix.Timespec
	if unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &ts) != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}

// standardFolder is where the sources of the standard library were when this
// program was built, "" if the program does not know.
func standardFolder() string {
	pc := reflect.ValueOf(runtime.GC).Pointer()
	file, _ := runtime.FuncForPC(pc).FileLine(pc)
	return file[:strings.LastIndex(file, "/runtime/")+1]
}
