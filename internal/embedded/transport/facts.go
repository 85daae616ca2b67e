package transport

import "time"

// End is one rank's end of a transport.
type End struct {
	Facts Facts
	Job   Job
	Self  Self
	Pool  Pool // nil: no memory is shared
}

// Facts is what holds for a rank from its start to its end. The endpoint reads
// it once.
type Facts struct {
	Name string // of the transport, for Info

	Rank, Size           int // in the job
	LocalRank, LocalSize int // among the ranks of this host

	// InProcess says that the ranks of this host are goroutines of one process,
	// whose memory all of them use by plain pointers.
	InProcess bool

	// Crowded says that the ranks of this host outnumber its cores: what a rank
	// waits for comes when another one gets the core.
	Crowded bool

	// Fenced says that a peer that publishes something for this rank orders its
	// look at the rank's bell after that. Otherwise the rank looks for a moment
	// longer before it sleeps.
	Fenced bool

	// A rank that waits polls Polls times, then goes on polling for PollTime, then
	// yields Yields times, then sleeps.
	Polls    int
	PollTime time.Duration
	Yields   int
}

// WakeTime is how long a rank that has a core of its own polls before it sleeps:
// what it costs to sleep and be woken.
const WakeTime = 150 * time.Microsecond
