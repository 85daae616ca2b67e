package launch

import (
	"bytes"
	"errors"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/ringo-mpi/ringo/internal/topo"
)

// The kernel sends a process its parent-death signal when the *thread* that
// created it ends, so ranks are created on threads that live as long as this
// process: goroutines that lock their thread and never end.
//
// Creating a process costs most of its time in exec, while the parent waits.
// Two starters overlap what the syscall package lets overlap, the wait for the
// result of one exec with the creation of the next process.
const maxStarters = 2

var starters struct {
	mu    sync.Mutex
	count int
	work  chan func()
}

// onStarters runs f on n (at most maxStarters) starter threads at once and
// returns when all have returned.
func onStarters(n int, f func()) {
	n = min(n, maxStarters)
	starters.mu.Lock()
	if starters.work == nil {
		starters.work = make(chan func())
	}
	for ; starters.count < n; starters.count++ {
		go func() {
			runtime.LockOSThread()
			// The rank inherits exact timers. The Go runtime's monitor sleeps many times
			// for a moment whenever a process has been idle; the usual slack makes these
			// longer, and so the time in which it disturbs a rank that has one core.
			_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
			for work := range starters.work {
				work()
			}
		}()
	}
	starters.mu.Unlock()
	var wg sync.WaitGroup
	wg.Add(n)
	for range n {
		starters.work <- func() { defer wg.Done(); f() }
	}
	wg.Wait()
}

// A process is a started rank. Its entry in the process table is kept until
// reap, so that the number of its process group stays its own.
type process struct {
	pid  int
	file *os.File // pidfd; nil if the kernel has none
}

// startAll starts the commands. On an error it returns the processes that were
// started all the same (nil where one was not), and the index that failed.
func startAll(cmds []command) (procs []*process, failed int, err error) {
	procs = make([]*process, len(cmds))
	var next atomic.Int64
	var mu sync.Mutex
	threads := 1
	if len(cmds) > 3 {
		threads = 2
	}
	onStarters(threads, func() {
		var home topo.Set // the starter's own CPUs, once they have been changed
		for {
			i := int(next.Add(1)) - 1
			if i >= len(cmds) {
				break
			}
			p, e := start(&cmds[i], &home)
			procs[i] = p
			if e != nil {
				mu.Lock()
				if err == nil || i < failed {
					failed, err = i, e
				}
				mu.Unlock()
				next.Store(int64(len(cmds)))
			}
		}
		if home != nil {
			_ = setAffinity(home)
		}
	})
	return procs, failed, err
}

func start(c *command, home *topo.Set) (*process, error) {
	if c.cpus != nil {
		if *home == nil {
			own, err := getAffinity()
			if err != nil {
				return nil, os.NewSyscallError("sched_getaffinity", err)
			}
			*home = own
		}
		// A process inherits the mask of the thread that creates it.
		if err := setAffinity(c.cpus); err != nil {
			return nil, os.NewSyscallError("sched_setaffinity", err)
		}
	}
	fd := -1
	attr := &syscall.ProcAttr{
		Dir:   c.dir,
		Env:   c.env,
		Files: make([]uintptr, len(c.files)),
		Sys:   &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL, PidFD: &fd},
	}
	for i, f := range c.files {
		attr.Files[i] = f.Fd()
	}
	pid, err := forkExec(c.path, c.argv, attr)
	runtime.KeepAlive(c.files)
	if err != nil {
		return nil, err
	}
	p := &process{pid: pid}
	if fd >= 0 {
		// In nonblocking mode the runtime's poller watches it: no thread for
		// each process.
		if unix.SetNonblock(fd, true) == nil {
			p.file = os.NewFile(uintptr(fd), "pidfd")
		} else {
			unix.Close(fd)
		}
	}
	return p, nil
}

// wait returns when the process has ended, and how. The process stays in the
// process table.
func (p *process) wait() exit {
	if p.file != nil {
		if e, ok := waitFile(p.file); ok {
			return e
		}
	}
	for {
		if e, done, err := waitID(unix.P_PID, p.pid, 0); done || err != nil && !errors.Is(err, unix.EINTR) {
			return e
		}
	}
}

// waitFile waits on a pidfd. It reports false if that does not work here.
func waitFile(f *os.File) (e exit, ok bool) {
	raw, err := f.SyscallConn()
	if err != nil {
		return e, false
	}
	err = raw.Read(func(fd uintptr) bool {
		var done bool
		var werr error
		e, done, werr = waitID(unix.P_PIDFD, int(fd), unix.WNOHANG)
		ok = done
		return done || werr != nil && !errors.Is(werr, unix.EINTR)
	})
	return e, ok && err == nil
}

// siginfo is the part of siginfo_t that waitid fills in.
type siginfo struct {
	signo, errno, code int32
	_                  [unsafe.Sizeof(uintptr(0)) - 4]byte // the union is aligned as a pointer
	pid                int32
	uid                uint32
	status             int32
}

func waitID(kind, id, flags int) (e exit, done bool, err error) {
	var info unix.Siginfo
	if err := unix.Waitid(kind, id, &info, unix.WEXITED|unix.WNOWAIT|flags, nil); err != nil {
		return exit{code: 1}, false, err
	}
	si := (*siginfo)(unsafe.Pointer(&info))
	if si.pid == 0 {
		return e, false, nil
	}
	const exited, dumped = 1, 3 // CLD_EXITED, CLD_DUMPED
	if si.code == exited {
		return exit{code: int(si.status)}, true, nil
	}
	return exit{signal: syscall.Signal(si.status), core: si.code == dumped}, true, nil
}

// id is the process number.
func (p *process) id() int { return p.pid }

// signal sends a signal to the rank and to what it has started in its group.
func (p *process) signal(sig syscall.Signal) { _ = unix.Kill(-p.pid, sig) }

// reap removes the ended process from the process table, after killing what is
// left of its group.
func (p *process) reap() {
	_ = unix.Kill(-p.pid, unix.SIGKILL)
	for {
		if _, err := unix.Wait4(p.pid, nil, 0, nil); !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if p.file != nil {
		p.file.Close()
	}
}

// watch calls ended when a process that is not a child of this one has ended.
// It says how if the kernel tells: only a parent can wait for a process. It
// fails if the kernel cannot watch the process, with ESRCH if that has ended
// and is gone.
func watch(pid int, ended func(e exit, known bool)) (stop func(), err error) {
	fd, err := unix.PidfdOpen(pid, unix.PIDFD_NONBLOCK)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), "pidfd")
	raw, err := f.SyscallConn()
	if err != nil {
		f.Close()
		return nil, err
	}
	go func() {
		// The descriptor becomes readable at the end of the process.
		if raw.Read(func(fd uintptr) bool { return readable(int(fd)) }) != nil {
			return
		}
		for range 20 {
			var e exit
			known := false
			if raw.Control(func(fd uintptr) { e, known = exitOf(int(fd), pid) }) != nil {
				return
			}
			if known {
				ended(e, true)
				return
			}
			time.Sleep(time.Millisecond)
		}
		ended(exit{}, false)
	}()
	return func() { f.Close() }, nil
}

// pidNamespace names the namespace that this process's numbers of processes belong
// to.
var pidNamespace = sync.OnceValue(func() string {
	name, _ := os.Readlink("/proc/self/ns/pid")
	return name
})

// exitOf tells how a process has ended: by /proc before its parent has waited
// for it, and by its pidfd after that (Linux 6.15).
func exitOf(fd, pid int) (e exit, known bool) {
	if status, ok := statusInProc(pid); ok {
		return exitFrom(status), true
	}
	info := struct {
		mask, cgroup uint64
		ids          [11]uint32
		status       int32
	}{mask: exitInfo}
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), getInfo, uintptr(unsafe.Pointer(&info)))
	if errno != 0 || info.mask&exitInfo == 0 {
		return e, false
	}
	return exitFrom(int(info.status)), true
}

const (
	exitInfo = 1 << 3     // PIDFD_INFO_EXIT
	getInfo  = 0xc040ff0b // PIDFD_GET_INFO, of the first size
)

func exitFrom(status int) exit {
	ws := unix.WaitStatus(status)
	if ws.Signaled() {
		return exit{signal: ws.Signal(), core: ws.CoreDump()}
	}
	return exit{code: ws.ExitStatus()}
}

// statusInProc reads the wait status of a process that has ended and is still in
// the process table, if this process may see it.
func statusInProc(pid int) (status int, ok bool) {
	text, err := readSmall("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, false
	}
	if s, ok := statOf(pid); !ok || !s.ended() {
		return 0, false
	}
	// The status is the last field; for a process of another user it is 0.
	text = []byte(trimSpace(text))
	status, err = strconv.Atoi(string(text[bytes.LastIndexByte(text, ' ')+1:]))
	return status, err == nil && status != 0
}

func readable(fd int) bool {
	p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	n, err := unix.Poll(p, 0)
	return n > 0 && err == nil
}

// The masks are passed as words of 64 bits: on little-endian machines the same
// bits as the kernel's words of 32 bits.

func setAffinity(cpus topo.Set) error {
	if len(cpus) == 0 {
		return unix.EINVAL
	}
	_, _, e := unix.RawSyscall(unix.SYS_SCHED_SETAFFINITY, 0, uintptr(len(cpus)*8), uintptr(unsafe.Pointer(&cpus[0])))
	if e != 0 {
		return e
	}
	return nil
}

func getAffinity() (topo.Set, error) {
	cpus := make(topo.Set, 1024) // 65536 CPUs: the kernel refuses masks smaller than its own
	n, _, e := unix.RawSyscall(unix.SYS_SCHED_GETAFFINITY, 0, uintptr(len(cpus)*8), uintptr(unsafe.Pointer(&cpus[0])))
	if e != 0 {
		return nil, e
	}
	return cpus[:(n+7)/8], nil
}

const canBind = true
