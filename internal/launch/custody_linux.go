package launch

import (
	"errors"
	"math"
	"os"
	"os/signal"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ringo-mpi/ringo/internal/embedded/entry"
	"github.com/ringo-mpi/ringo/internal/topo"
)

// memoryScore is added to the ranks' scores for the kernel's memory killer, in
// thousandths of the memory that it counts: far above what a launcher has in use.
const memoryScore = 200

// custody is what this process has taken of a job; nil is none.
type custody struct {
	id    string
	mark  uint64
	guard *guard
	limit *unix.Rlimit // the launcher's own, while the mark is set
	done  chan struct{}

	kills atomic.Int64 // 1 + processes that had been killed for want of memory before; 0: not known
}

// takeCustody prepares this process for the job with the random number id. args
// are the arguments with which this executable calls [CleanUp].
func takeCustody(id string, args []string) *custody {
	c := &custody{id: id, mark: entry.Mark(id), done: make(chan struct{})}
	_ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
	c.guard = startGuard(append(args, id))
	return c
}

// begin marks the children that this process starts from here on.
func (c *custody) begin() {
	if c == nil {
		return
	}
	var old unix.Rlimit
	if unix.Prlimit(0, unix.RLIMIT_LOCKS, nil, &old) == nil && old.Max >= c.mark {
		if unix.Prlimit(0, unix.RLIMIT_LOCKS, &unix.Rlimit{Cur: c.mark, Max: old.Max}, nil) == nil {
			c.limit = &old
		}
	}
}

// started takes the mark off this process again.
func (c *custody) started() {
	if c == nil {
		return
	}
	if c.limit != nil {
		_ = unix.Prlimit(0, unix.RLIMIT_LOCKS, c.limit, nil)
		c.limit = nil
	}
}

// careAfter is how long after its start a job is looked after for the first
// time: short jobs do not pay for it.
const careAfter = 100 * time.Millisecond

// care looks after the job while it runs: it lets the kernel's memory killer
// take its processes first, and reaps those that this process has adopted,
// except the ranks' own and others for whose ends somebody else waits.
func (c *custody) care(ranks []*process, others []int) {
	if c == nil {
		return
	}
	own := make(map[int]bool, len(ranks))
	for _, pid := range others {
		own[pid] = true
	}
	for _, p := range ranks {
		own[p.pid] = true
	}
	go func() {
		if !c.sleep(careAfter) {
			return
		}
		kills, _ := topo.LocalMemoryKills()
		c.kills.Store(1 + int64(kills))
		score := ownMemoryScore() + memoryScore
		eachProcess(func(pid int) {
			if pid != os.Getpid() && belongs(pid, c.mark, c.id) {
				_ = writeSmall("/proc/"+strconv.Itoa(pid)+"/oom_score_adj", strconv.Itoa(min(score, 1000)))
			}
		})
		ends := make(chan os.Signal, 1)
		signal.Notify(ends, unix.SIGCHLD)
		defer signal.Stop(ends)
		for c.sleep(time.Second) { // reaps many at once
			eachProcess(func(pid int) {
				if s, ok := statOf(pid); ok && s.parent == os.Getpid() && s.ended() && !own[pid] {
					_, _ = unix.Wait4(pid, nil, unix.WNOHANG, nil)
				}
			})
			select {
			case <-ends:
			case <-c.done:
				return
			}
		}
	}()
}

// memoryKilled reports whether the kernel has killed for want of memory since the
// job's start, and the limit in bytes.
func (c *custody) memoryKilled() (limit int64, ok bool) {
	if c == nil || c.kills.Load() == 0 {
		return 0, false
	}
	kills, limit := topo.LocalMemoryKills()
	return limit, limit > 0 && int64(kills) >= c.kills.Load()
}

// sleep reports false if the job has ended meanwhile.
func (c *custody) sleep(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-c.done:
		return false
	}
}

func ownMemoryScore() int {
	text, _ := readSmall("/proc/self/oom_score_adj")
	n, _ := strconv.Atoi(trimSpace(text))
	return n
}

// end ends what is left of the job, after its ranks have been reaped, and
// dismisses the guard.
func (c *custody) end() {
	if c == nil {
		return
	}
	close(c.done)
	if childrenLeft() {
		sweep(c.id)
	}
	c.guard.dismiss()
}

// release waits until the guard is gone, since no other process may be there to
// reap it.
func (c *custody) release() {
	if c != nil {
		c.guard.reap()
	}
}

// childrenLeft reports whether this process has any child.
func childrenLeft() bool {
	for {
		err := unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return !errors.Is(err, unix.ECHILD)
		}
	}
}

// CleanUp is what the guard of a launcher runs: it waits for the end of its
// standard input, and then kills every process of the job with the random
// number id. It does nothing if the launcher has dismissed it before.
func CleanUp(id string) {
	_ = unix.Prlimit(0, unix.RLIMIT_LOCKS, &unix.Rlimit{Cur: entry.Guarded, Max: math.MaxUint64}, nil)
	for {
		n, err := unix.Read(0, make([]byte, 1))
		if n > 0 {
			return
		}
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	for range 2 { // what an inner launcher was about to start carries its own mark by now
		sweep(id)
		time.Sleep(50 * time.Millisecond)
	}
	sweep(id)
}

// sweep kills the processes of a job until it finds none. It gives up on those
// that the kernel does not let end.
func sweep(id string) {
	mark := entry.Mark(id)
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); {
		left := false
		eachProcess(func(pid int) {
			if pid == os.Getpid() || !belongs(pid, mark, id) {
				return
			}
			s, ok := statOf(pid)
			switch {
			case !ok:
			case !s.ended():
				left = unix.Kill(pid, unix.SIGKILL) == nil || left
			case s.parent == os.Getpid():
				_, _ = unix.Wait4(pid, nil, unix.WNOHANG, nil)
			}
		})
		if !left {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// belongs reports whether a process is one of the job's. A process without any
// mark is one if it has the job's environment.
func belongs(pid int, mark uint64, id string) bool {
	var limit unix.Rlimit
	if unix.Prlimit(pid, unix.RLIMIT_LOCKS, nil, &limit) != nil {
		return false
	}
	if limit.Cur != entry.None {
		return limit.Cur == mark
	}
	env, err := readSmall("/proc/" + strconv.Itoa(pid) + "/environ")
	return err == nil && hasVariable(env, "RINGO_JOB="+id)
}

func hasVariable(env []byte, kv string) bool {
	for len(env) > 0 {
		end := 0
		for end < len(env) && env[end] != 0 {
			end++
		}
		if string(env[:end]) == kv {
			return true
		}
		env = env[min(end+1, len(env)):]
	}
	return false
}

// eachProcess calls f with the number of every process that /proc shows.
func eachProcess(f func(pid int)) {
	dir, err := os.Open("/proc")
	if err != nil {
		return
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	for _, n := range names {
		if pid, err := strconv.Atoi(n); err == nil {
			f(pid)
		}
	}
}

// processStat is what /proc/PID/stat says of a process.
type processStat struct {
	state  byte
	parent int
}

func (s processStat) ended() bool { return s.state == 'Z' || s.state == 'X' }

func statOf(pid int) (s processStat, ok bool) {
	text, err := readSmall("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return s, false
	}
	// The name, in parentheses, may hold anything.
	end := len(text) - 1
	for end >= 0 && text[end] != ')' {
		end--
	}
	if end < 0 || end+4 > len(text) {
		return s, false
	}
	s.state = text[end+2]
	for _, c := range text[end+4:] {
		if c < '0' || c > '9' {
			break
		}
		s.parent = 10*s.parent + int(c-'0')
	}
	return s, true
}

// readSmall reads a file of procfs. Package os would try to poll it first.
func readSmall(name string) ([]byte, error) {
	fd, err := unix.Open(name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	buf := make([]byte, 0, 4096)
	for {
		n, err := unix.Read(fd, buf[len(buf):cap(buf)])
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return nil, err
		case n == 0:
			return buf, nil
		}
		buf = buf[:len(buf)+n]
		if len(buf) == cap(buf) {
			buf = append(buf, make([]byte, len(buf))...)[:len(buf)]
		}
	}
}

func writeSmall(name, text string) error {
	fd, err := unix.Open(name, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	_, err = unix.Write(fd, []byte(text))
	return err
}

func trimSpace(b []byte) string {
	for len(b) > 0 && (b[len(b)-1] == '\n' || b[len(b)-1] == ' ') {
		b = b[:len(b)-1]
	}
	return string(b)
}
