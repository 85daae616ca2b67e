// Package launchtest has what tests of launching programs share.
package launchtest

import (
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

// HearSignals makes this process listen to signals again that it was started to
// ignore, as in the background of a script or by nohup. The programs that it
// starts would ignore them as well, and tests that end programs by signals would
// wait for them in vain. It is called before the first program is started, and
// does nothing in a test binary that stands for one of the commands.
func HearSignals() {
	if !strings.Contains(filepath.Base(os.Args[0]), ".test") {
		return
	}
	for _, sig := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGHUP} {
		if signal.Ignored(sig) {
			signal.Notify(make(chan os.Signal, 1), sig)
		}
	}
}
