package shm

import (
	"os"

	"golang.org/x/sys/unix"
)

// dieWithLauncher has the kernel kill this process when the launcher's end of
// the control channel closes, that is, when mpiexec has gone, however it went.
// The end of the parent process would not tell: the parent may be a script, a
// debugger, or a thread of a program that goes on. The launcher sends nothing
// on the channel to a rank of this engine, so that its end is the only news.
func dieWithLauncher(fd int) {
	const setSignal = 10 // F_SETSIG
	if _, err := unix.FcntlInt(uintptr(fd), setSignal, int(unix.SIGKILL)); err != nil {
		return // not a socket: a descriptor for something else
	}
	_, _ = unix.FcntlInt(uintptr(fd), unix.F_SETOWN, os.Getpid())
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err == nil {
		_, err = unix.FcntlInt(uintptr(fd), unix.F_SETFL, flags|unix.O_ASYNC)
	}
	// The launcher may have gone before.
	poll := []unix.PollFd{{Fd: int32(fd), Events: 0}}
	if n, e := unix.Poll(poll, 0); err == nil && e == nil && n == 1 && poll[0].Revents&unix.POLLHUP != 0 {
		_ = unix.Kill(os.Getpid(), unix.SIGKILL)
	}
}

// joinCommand tells the launcher that this process has joined, and which
// namespace its process number belongs to.
func joinCommand() string {
	name, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return "cmd=join\n"
	}
	return "cmd=join pidns=" + name + "\n"
}

// isSocket reports whether a descriptor may be the channel to the launcher.
func isSocket(fd int) bool {
	var st unix.Stat_t
	return unix.Fstat(fd, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFSOCK
}

// isMemory reports whether a descriptor may be the job's memory: a file that has
// no name.
func isMemory(fd int) bool {
	var st unix.Stat_t
	return unix.Fstat(fd, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFREG && st.Nlink == 0 && st.Size >= 4096
}
