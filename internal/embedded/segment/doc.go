// Package segment is the shared memory of the ranks of one job on one host. Where a
// job has several hosts, each has a segment: it has a member for every rank of the
// job, and all else for the ranks of its host, by their places among them.
//
// The launcher creates a segment, passes its descriptor to every rank it
// starts, and marks ranks that died; a rank opens it. The segment has no name
// anywhere (a memfd on Linux, an unlinked file elsewhere), so nothing of it
// outlives the processes that hold it. It is sparse: the operating system
// commits a page when it is first touched. A process maps all in front of the
// arenas, and of those what it uses.
//
// Parts, in this order:
//
//	header    sizes, and counters that tell every rank of deaths and departures
//	members   for each rank of the job the words it sleeps on, its state, the cause of
//	          its end, where it runs and where it waits for connections
//	questions for each rank what the launcher asks it, and what it answers
//	active    for each rank a bit map of the ranks that have opened a ring to it
//	claims    for each rank a word a send that awaits an answer: which side has the message
//	transfers for each such send what its two ends share while both copy it
//	rings     for each ordered pair of ranks the memory of a ring (package ring)
//	board     the board of the world communicator (package board)
//	arenas    for each rank memory that it alone hands out: boards of other
//	          communicators, and buffers for the user
//
// Used by the embedded engine and by the launcher (internal/launch).
package segment
