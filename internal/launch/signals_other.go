//go:build !unix

package launch

import (
	"os"
	"os/signal"
	"syscall"
)

const sigCont = syscall.Signal(0)

// catchSignals sends the signals that are passed on to c, and returns how to
// stop that.
func catchSignals(c chan os.Signal) (stop func()) {
	signal.Notify(c, os.Interrupt, syscall.SIGTERM)
	return func() { signal.Stop(c) }
}

// ends reports whether a signal asks for the end of the job.
func ends(s syscall.Signal) bool { return true }

// stops reports whether a signal stops the job until SIGCONT.
func stops(s syscall.Signal) bool { return false }

func stopSelf() {}
