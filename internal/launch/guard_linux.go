package launch

import (
	"errors"
	"math"
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/ringo-mpi/ringo/internal/embedded/entry"
)

// A guard is a process that runs CleanUp when this one has been killed.
type guard struct {
	pid  int
	pipe int          // the guard waits for its end
	kept *guardScript // lies in memory that the guard shares
}

// dismiss tells the guard that there is nothing to do.
func (g *guard) dismiss() {
	if g != nil {
		_, _ = unix.Write(g.pipe, []byte{0})
		unix.Close(g.pipe)
	}
}

// reap removes the guard from the process table.
func (g *guard) reap() {
	if g == nil {
		return
	}
	for {
		if _, err := unix.Wait4(g.pid, nil, unix.WALL, nil); !errors.Is(err, unix.EINTR) {
			return
		}
	}
}

// startGuard makes the guard, nil where that is not possible. args are those with
// which this executable calls CleanUp.
func startGuard(args []string) *guard {
	const self = "/proc/self/exe"
	argv := append([]string{os.Args[0]}, args...)
	var fds [2]int
	if unix.Pipe2(fds[:], unix.O_CLOEXEC) != nil {
		return nil
	}
	g := &guard{pipe: fds[1]}
	if haveScripts {
		g.kept = newGuardScript(self, argv, fds[0])
		g.pid = g.kept.start()
	} else if pid, err := syscall.ForkExec(self, argv, &syscall.ProcAttr{
		Files: []uintptr{uintptr(fds[0])}, Sys: &syscall.SysProcAttr{Setsid: true},
	}); err == nil {
		g.pid = pid
	}
	unix.Close(fds[0])
	if g.pid <= 0 {
		unix.Close(fds[1])
		return nil
	}
	return g
}

// A guardScript is the system calls that a guard makes before it needs a
// program. It makes them as a process that shares this one's memory, which
// costs next to nothing to start, and runs no Go code.
type guardScript struct {
	before [5]systemCall // the last is a read; if it reads anything, exit comes next
	exec   systemCall
	exit   systemCall

	path  *byte
	argv  []*byte
	envv  []*byte
	limit unix.Rlimit
	buf   [8]byte
	stack [128]uintptr
}

// A systemCall has its number and its arguments.
type systemCall struct{ number, a, b, c, d uintptr }

func newGuardScript(path string, argv []string, pipe int) *guardScript {
	s := &guardScript{envv: []*byte{nil}, limit: unix.Rlimit{Cur: entry.Guarded, Max: math.MaxUint64}}
	s.path, _ = syscall.BytePtrFromString(path)
	s.argv, _ = syscall.SlicePtrFromStrings(argv)
	var own unix.Rlimit
	if unix.Prlimit(0, unix.RLIMIT_LOCKS, nil, &own) == nil {
		s.limit.Max = own.Max
	}
	// The guard has a session and a group of its own, is in no job, and holds
	// nothing open.
	s.before = [5]systemCall{
		{number: unix.SYS_SETSID},
		{unix.SYS_PRLIMIT64, 0, unix.RLIMIT_LOCKS, uintptr(unsafe.Pointer(&s.limit)), 0},
		{unix.SYS_DUP3, uintptr(pipe), 0, 0, 0},
		{unix.SYS_CLOSE_RANGE, 1, math.MaxUint32, 0, 0},
		{unix.SYS_READ, 0, uintptr(unsafe.Pointer(&s.buf)), 1, 0},
	}
	s.exec = systemCall{unix.SYS_EXECVE, uintptr(unsafe.Pointer(s.path)), uintptr(unsafe.Pointer(&s.argv[0])), uintptr(unsafe.Pointer(&s.envv[0])), 0}
	s.exit = systemCall{number: unix.SYS_EXIT_GROUP}
	return s
}

// start starts the guard, with all signals blocked, and returns its process
// number. It has no exit signal: a wait for any child does not see it.
func (s *guardScript) start() (pid int) {
	const setMask = 2 // SIG_SETMASK
	all, old := [1]uint64{math.MaxUint64}, [1]uint64{}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	syscall.RawSyscall6(unix.SYS_RT_SIGPROCMASK, setMask, uintptr(unsafe.Pointer(&all)), uintptr(unsafe.Pointer(&old)), 8, 0, 0)
	pid = runScript(unix.SYS_CLONE, unix.CLONE_VM, uintptr(unsafe.Pointer(&s.stack[len(s.stack)-2])), s)
	syscall.RawSyscall6(unix.SYS_RT_SIGPROCMASK, setMask, uintptr(unsafe.Pointer(&old)), 0, 8, 0, 0)
	return pid
}
