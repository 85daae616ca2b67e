package doctor

import "golang.org/x/sys/unix"

// localLimit returns the hard limit of open files, since Go programs raise
// theirs to it, and the soft one of everything else.
func localLimit(name string) (uint64, bool) {
	resource, ok := map[string]int{
		"nofile": unix.RLIMIT_NOFILE, "nproc": unix.RLIMIT_NPROC, "memlock": unix.RLIMIT_MEMLOCK, "as": unix.RLIMIT_AS,
	}[name]
	if !ok {
		return 0, false
	}
	var l unix.Rlimit
	if unix.Getrlimit(resource, &l) != nil {
		return 0, false
	}
	if name == "nofile" {
		return l.Max, true
	}
	return l.Cur, true
}
