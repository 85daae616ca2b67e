package entry

import (
	"math"
	"strconv"
)

// Guarded marks the guards, which look after a job and belong to none.
const Guarded = 1

// None is the number of a process without a mark.
const None = math.MaxUint64

// lowest is below every mark of a job and above other limits of locks.
const lowest = 1 << 60

// Mark makes the number that marks a job's processes from the job's random
// number in hexadecimal digits.
func Mark(job string) uint64 {
	n, err := strconv.ParseUint(job[:min(len(job), 15)], 16, 64)
	if err != nil {
		return None
	}
	return n | lowest
}

// Name is the name of the launcher's socket, in Linux's abstract namespace.
func Name(mark uint64) string { return "ringo-job-" + strconv.FormatUint(mark, 16) }

// A Place is a process's place in a job.
type Place struct {
	Rank    int
	Memory  int // descriptor of the segment
	Channel int // descriptor of the channel to the launcher
}

// TakenError says that the place of a rank belongs to another program.
type TakenError struct {
	Rank int
	Pid  int
	Left bool // it has called Finalize
}

func (e *TakenError) Error() string {
	return "the place of rank " + strconv.Itoa(e.Rank) + " is process " + strconv.Itoa(e.Pid) + "'s"
}
