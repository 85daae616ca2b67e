//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package launch

import (
	"os"
	"os/signal"

	"golang.org/x/sys/unix"
)

// inForeground reports whether reading a terminal would not stop this process.
func inForeground(f *os.File) bool {
	group, err := unix.IoctlGetInt(int(f.Fd()), unix.TIOCGPGRP)
	return err != nil || group == unix.Getpgrp()
}

// ignoreTerminalStop turns the signal that stops a background reader of the
// terminal into an error of the read.
func ignoreTerminalStop() { signal.Ignore(unix.SIGTTIN) }

// awaitWritable waits until a file that is in nonblocking mode takes more.
func awaitWritable(f *os.File) {
	_, _ = unix.Poll([]unix.PollFd{{Fd: int32(f.Fd()), Events: unix.POLLOUT}}, 1000)
}
