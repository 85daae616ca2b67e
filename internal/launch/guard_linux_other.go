//go:build linux && !amd64 && !arm64

package launch

func runScript(_, _, _ uintptr, _ *guardScript) int { return -1 }

const haveScripts = false
