package atomicfile

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// guarded are the names that a signal has to remove.
var guarded struct {
	sync.Mutex
	wanted  bool // RemoveOnSignal was called
	started bool // signals are caught
	names   map[string]bool
}

// RemoveOnSignal lets an interrupt (Ctrl-C) or a SIGTERM remove the temporary
// files of this program before it ends the program as it would have without. It
// is for programs that do not handle these signals themselves. Signals are
// caught only once there is a temporary file with a name, and those that the
// program was started to ignore stay ignored.
func RemoveOnSignal() {
	guarded.Lock()
	defer guarded.Unlock()
	guarded.wanted = true
	catch()
}

// guard notes a name before the file is made.
func guard(name string) {
	guarded.Lock()
	defer guarded.Unlock()
	if guarded.names == nil {
		guarded.names = make(map[string]bool)
	}
	guarded.names[name] = true
	catch()
}

// unguard forgets a name that no file has any more.
func unguard(name string) {
	guarded.Lock()
	defer guarded.Unlock()
	delete(guarded.names, name)
}

// catch begins to catch signals if there is reason to. guarded is locked.
func catch() {
	if !guarded.wanted || guarded.started || len(guarded.names) == 0 {
		return
	}
	guarded.started = true
	c := make(chan os.Signal, 1)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		if !signal.Ignored(s) {
			signal.Notify(c, s)
		}
	}
	go func() {
		s := <-c
		guarded.Lock() // for good: no further name begins
		for name := range guarded.names {
			os.Remove(name)
		}
		signal.Reset(s)
		if p, err := os.FindProcess(os.Getpid()); err == nil && p.Signal(s) == nil {
			time.Sleep(time.Second) // until it has ended us
		}
		os.Exit(exitStatus(s))
	}()
}

// exitStatus is that of a shell for a command which a signal has ended.
func exitStatus(s os.Signal) int {
	if n, ok := s.(syscall.Signal); ok {
		return 128 + int(n)
	}
	return 1
}
