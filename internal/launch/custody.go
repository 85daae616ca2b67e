package launch

// Custody is what makes sure that nothing of a job outlives its launcher, for a
// launcher that runs one job and nothing else (Job.Guard).
//
//   - Every process of the job is marked: by a resource limit that limits nothing
//     in Linux any more (RLIMIT_LOCKS) and has a number of the job's own. Children
//     inherit it, whatever becomes of their environment, their descriptors, their
//     session and their parents. A launcher inside of the job marks its
//     ranks with a number of its own, and it or its guard ends them.
//   - The launcher adopts the orphans of the job (a subreaper), so that at its end
//     the kernel says at once whether anything is left.
//   - A guard, a copy of the launcher that only waits for the end of a pipe, does
//     the same when the launcher has been killed.
//   - The ranks are what the kernel's memory killer takes first.
//
// On other systems than Linux, processes are ended by their process groups
// only.
