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

// stopsBackground reports whether a terminal stops background processes that
// write to it (stty tostop): the launcher then writes for the ranks.
func stopsBackground(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	t, err := unix.IoctlGetTermios(int(f.Fd()), getTermios)
	return err == nil && t.Lflag&unix.TOSTOP != 0
}
