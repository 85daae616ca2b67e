//go:build unix

package launch

import (
	"os"
	"os/signal"
	"syscall"
)

const sigCont = syscall.SIGCONT

// catchSignals sends the signals that are passed on to c, and returns how to
// stop that. Signals that this process was started to ignore (nohup, background
// jobs of scripts) stay ignored, for the ranks too.
func catchSignals(c chan os.Signal) (stop func()) {
	for _, s := range []os.Signal{
		syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGHUP,
		syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGTSTP, syscall.SIGCONT,
	} {
		if !signal.Ignored(s) {
			signal.Notify(c, s)
		}
	}
	// Writing to a pipe that nobody reads is an error then, and not the end.
	broken := make(chan os.Signal, 1)
	signal.Notify(broken, syscall.SIGPIPE)
	return func() { signal.Stop(c) }
}

// ends reports whether a signal asks for the end of the job.
func ends(s syscall.Signal) bool {
	return s == syscall.SIGINT || s == syscall.SIGTERM || s == syscall.SIGQUIT || s == syscall.SIGHUP
}

// stops reports whether a signal stops the job until SIGCONT.
func stops(s syscall.Signal) bool { return s == syscall.SIGTSTP }

// stopSelf stops this process as SIGTSTP would have, had it not been caught.
func stopSelf() { _ = syscall.Kill(os.Getpid(), syscall.SIGSTOP) }
