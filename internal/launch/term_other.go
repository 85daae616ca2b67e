//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package launch

import "os"

// Systems without job control on terminals.

func inForeground(*os.File) bool { return true }

func ignoreTerminalStop() {}

func stopsBackground(*os.File) bool { return false }
