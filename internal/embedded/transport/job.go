package transport

import "fmt"

// State is how far a rank has come.
type State uint32

// The states.
const (
	Absent     State = iota // has not joined the job
	Running                 // has joined
	Finalizing              // inside Finalize: begins no new operation
	Finalized               // has left the job properly
	Failed                  // has reported its own error and is ending
	Dead                    // ended without Finalize
)

func (s State) String() string {
	names := [...]string{"absent", "running", "finalizing", "finalized", "failed", "dead"}
	if int(s) >= len(names) {
		return fmt.Sprintf("state %d", uint32(s))
	}
	return names[s]
}

// Host is where a rank runs.
type Host struct {
	Name   string
	Number int // the same for the ranks of one host only
}

// Job is what a rank sees of all ranks, and says of itself. Ranks are ranks in
// the job. Any goroutine may call it. Only Leave blocks.
type Job interface {
	// Host returns where a rank runs.
	Host(rank int) Host

	// State returns how far a rank has come, and Cause why it has ended.
	State(rank int) State
	Cause(rank int) string

	// Changes counts the moves of ranks to Finalizing or beyond. Ended calls f for
	// every rank that has made one since Changes returned seen, and may call it for
	// others that have.
	Changes() uint32
	Ended(seen uint32, f func(rank int))

	// Losses counts the ranks that have not left properly, or all that have ended.
	// Alarm has all ranks look for changes, as after a loss.
	Losses() uint32
	Alarm()

	// Advance moves this rank to a later state; Fail says that it is ending with
	// an error.
	Advance(to State)
	Fail(cause string)

	// Abort ends all ranks, and this process with the exit code.
	Abort(code int, reason string)

	// Leave gives back what the rank holds of the job. It is the last call.
	Leave() error
}
