// Package launch starts the ranks of a job on this machine, watches them, and
// ends them together. It is what mpiexec runs, and tests of other packages use
// it to start process ranks:
//
//	job := launch.Job{
//		Apps:   []launch.App{{Path: exe, Args: []string{"-test.run=Rank"}, Ranks: 4}},
//		Stdout: os.Stdout, Stderr: os.Stderr,
//	}
//	result, err := job.Run(ctx)
//
// A rank is a process in a process group of its own. It finds out about its job
// from its environment and from inherited descriptors (env.go): the shared
// memory segment of the job, and a socket on which the launcher answers the
// PMI-1.1 commands of package pmi. Nothing of a job outlives its launcher, however
// it goes (Linux, custody.go); elsewhere the ranks see the socket close.
//
// When a rank dies, or ends without Finalize, the segment says so to all others
// at once; they have a grace period to end by themselves, then get SIGTERM, then
// SIGKILL. The first failing rank decides the result.
//
// Files: job.go has the types; run.go the life of a job as a loop over events;
// judge.go what counts as a failure and how it is told; env.go the environment;
// input.go, output.go the standard streams; place.go the choice of CPUs;
// custody*.go, guard*.go the end of what ranks leave behind; process_*.go what
// the operating system needs.
//
// It is part of the start-up time of every job: it stays clear of packages with
// costly initialisation (net, regexp, crypto).
package launch
