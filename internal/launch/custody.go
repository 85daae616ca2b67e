package launch

// Custody is what makes sure that nothing of a job outlives its launcher, for a
// launcher that runs one job and nothing else (Job.Guard).
//
//   - Every process of the job is marked: by a resource limit that limits nothing
//     in Linux any more (RLIMIT_LOCKS) and has a number of the job's own. Children
//     inherit it, whatever becomes of their environment, their descriptors, their
//     session and their parents. A launcher inside of the job marks its own ranks
//     otherwise, and ends them itself when it is ended.
//   - The launcher adopts the orphans of the job (a subreaper), so that at its end
//     the kernel says at once whether anything is left.
//   - A guard, a copy of the launcher that only waits for the end of a pipe, does
//     the same when the launcher has been killed.
//   - The ranks are what the kernel's memory killer takes first.
//
// Elsewhere than on Linux, processes are ended by their process groups only.

// guarded is the number that marks the processes of no job: the guards.
const guarded = 1

// markOf makes the number that marks a job's processes from the job's random
// number.
func markOf(id string) uint64 {
	var n uint64
	for i := 0; i < len(id) && i < 15; i++ {
		n = n<<4 | uint64(hexDigit(id[i]))
	}
	return n | 1<<60
}

func hexDigit(c byte) byte {
	if c >= 'a' {
		return c - 'a' + 10
	}
	return c - '0'
}
