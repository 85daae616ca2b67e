//go:build unix

package launch

import (
	"bytes"
	"errors"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// forkExec is syscall.ForkExec, and like a shell runs a text file that has no
// "#!" line with /bin/sh.
func forkExec(path string, argv []string, attr *syscall.ProcAttr) (int, error) {
	pid, err := syscall.ForkExec(path, argv, attr)
	if errors.Is(err, syscall.ENOEXEC) && isText(path) {
		argv = append([]string{"/bin/sh", path}, argv[1:]...)
		return syscall.ForkExec("/bin/sh", argv, attr)
	}
	return pid, err
}

func isText(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	buf := make([]byte, 512)
	n, _ := io.ReadFull(f, buf)
	return n > 0 && bytes.IndexByte(buf[:n], 0) < 0
}

// controlSockets returns the two ends of a rank's control channel: the
// launcher's, which the runtime polls, and the rank's.
func controlSockets() (ours, theirs *os.File, err error) {
	syscall.ForkLock.RLock()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|sockCloexec, 0)
	if err == nil && sockCloexec == 0 {
		unix.CloseOnExec(fds[0])
		unix.CloseOnExec(fds[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	if err := unix.SetNonblock(fds[0], true); err != nil {
		unix.Close(fds[0])
		unix.Close(fds[1])
		return nil, nil, os.NewSyscallError("fcntl", err)
	}
	return os.NewFile(uintptr(fds[0]), "control"), os.NewFile(uintptr(fds[1]), "control of a rank"), nil
}

// apart has a process be in a group of its own: what a terminal sends to this one's
// does not reach it.
func apart() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// inGroup reports whether a process is in a process group.
func inGroup(pid, group int) bool {
	g, err := unix.Getpgid(pid)
	return err == nil && g == group
}

const haveControl = true
