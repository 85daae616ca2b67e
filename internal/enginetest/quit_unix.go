//go:build unix

package enginetest

import "syscall"

// quit has a Go process write the stacks of its goroutines and end.
func quit(pid int) { _ = syscall.Kill(pid, syscall.SIGQUIT) }

// kill9 ends a process at once.
func kill9(pid int) { _ = syscall.Kill(pid, syscall.SIGKILL) }
