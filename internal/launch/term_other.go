//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package launch

import (
	"os"
	"time"
)

// Systems without job control on terminals.

func inForeground(*os.File) bool { return true }

func ignoreTerminalStop() {}

func awaitWritable(*os.File) { time.Sleep(10 * time.Millisecond) }
