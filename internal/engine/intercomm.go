package engine

// Intercomms is a Comm that can have two groups of processes (MPI 5.0 §7.6). It
// is optional, rather than a method RemoteSize of every Comm: an engine without
// communicators of two groups has nothing to say of them, and package mpi asks
// once for each communicator. One Go type may stand for both kinds, so that
// RemoteSize tells them apart.
type Intercomms interface {
	// RemoteSize returns the number of ranks of the other group; 0 of a
	// communicator of one group.
	RemoteSize() int

	// RemoteProc returns the number of the process that has the given rank in
	// the other group.
	RemoteProc(rank int) Proc

	// Intercomm joins this communicator, of one group, with another one to a
	// communicator of two groups. leader is the rank here that reaches the other
	// group's leader as rank remote of bridge, with messages of the given tag;
	// bridge and remote count at the leaders only. Collective over both.
	Intercomm(leader int, bridge Comm, remote, tag int) (Comm, error)

	// Merge makes a communicator of one group of the two, the ranks of the group
	// that says high after the others. Collective over both groups.
	Merge(high bool) (Comm, error)
}
