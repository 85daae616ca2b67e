//go:build linux && (amd64 || arm64)

package launch

// runScript makes a process by the system call clone, with these flags and on
// this stack, and returns its number, or less than 0. The process makes the
// calls of the script.
//
//go:noescape
func runScript(clone, flags, stack uintptr, s *guardScript) (pid int)

const haveScripts = true
