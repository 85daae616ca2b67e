// Package launch starts the ranks of a job on this machine and others, watches them,
// and ends them together. It is what mpiexec runs, and tests of other packages use
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
// PMI-1.1 commands of package pmi.
//
// When a rank dies, or ends without Finalize, the segment says so to all others
// at once; they have a grace period to end by themselves, then get SIGTERM, then
// SIGKILL. The first failing rank decides the result.
//
// On Linux, nothing of a job outlives a launcher that has been given custody of
// it (Job.Guard):
//
//   - Every process of the job carries the job's mark: a value of RLIMIT_LOCKS, a
//     limit that Linux no longer enforces and that children inherit. The processes
//     of a job are those with its mark, whatever their parents and sessions are.
//   - The launcher adopts orphans, and at the end of the job kills what has its
//     mark.
//   - The guard is a process that waits for the end of a pipe from the launcher.
//     It kills what has the mark when the launcher was killed itself. It carries a
//     mark of no job.
//
// The mark is also how a process finds its job whose descriptors or environment a
// wrapper has taken away: the launcher's door is a socket whose name is made of
// the mark (package internal/embedded/entry has both the mark and the question).
// It answers with the rank and the job's memory.
//
// Elsewhere the launcher ends process groups, and the ranks see the socket close.
//
// On another host (Job.Spread) an agent has the ranks: the same executable, started
// by ssh, which speaks with this one by frames on its standard input and output
// (internal/launch/control). It does nothing by itself but end its ranks when mpiexec
// is gone. mpiexec knows all ranks and judges; to it a host is a site, this one too.
//
//   - A mirror keeps the segments of the hosts alike in what they say of the ranks, so
//     that a rank finds the addresses and the deaths of far ranks where it finds those
//     of near ones.
//   - A hub joins the process managers of the hosts: of a barrier each host sends one
//     message, with what its ranks have put.
//   - Output comes as it was read there, and becomes lines here. What is under way is
//     bounded, and who reads it slowly blocks no word about a death.
//   - Each end says every second that it lives, and gives up one that does not.
//
// Files: job.go has the types; run.go the life of a job as a loop over events;
// judge.go what counts as a failure and how it is told; site.go the processes of
// the ranks of a host; program.go the program under a rank's script; ask.go where
// the ranks stand when they are to be ended; env.go the environment;
// input.go, output.go the standard streams; place.go, bind.go the choice of CPUs;
// custody*.go the mark and the end of what ranks leave behind; guard*.go the
// guard; door_linux.go the door; process_*.go what the operating system needs;
// singleton*.go a program that was started without mpiexec and calls it.
//
// Of several hosts: spread.go how they are described and started; reach.go the
// program that reaches one; bootstrap.go how mpiexec comes there; link.go, window.go,
// flow.go what goes over the stream; far.go mpiexec's end of it; agent.go, find.go the
// agent; mirror.go, hub.go see above; listen.go, addresses_*.go, ip.go the addresses
// of a host.
//
// It is part of the start-up time of every job: it stays clear of packages with
// costly initialisation (net, regexp, crypto).
package launch
