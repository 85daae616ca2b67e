//go:build !linux

package doctor

// localLimit knows the limits of Linux only.
func localLimit(string) (uint64, bool) { return 0, false }
