package engine

import "fmt"

// An engine may have more than the interfaces of engine.go ask for. Each such
// capability is an interface that an engine or its communicators implement as
// well. [Find] looks for it once, when an engine or communicator is taken into
// use, and the finder keeps what it found: no call pays for the question. What
// is absent is an error of class ErrUnsupported with its reason.

// Capability names something that an engine may have.
type Capability uint8

// The capabilities, with their interface and what implements it.
const (
	EarlyReceive  Capability = iota // EarlyReceiver, a Comm
	Recycling                       // Recycler, an Engine
	Persistence                     // Persistent, a Comm
	TwoGroups                       // Intercomms, a Comm
	OneSided                        // Windows, a Comm
	ParallelFiles                   // Files, a Comm
	Growth                          // Growing, an Engine
	Spawning                        // Spawner, an Engine
	Connecting                      // Ports, an Engine
	NumCapabilities
)

var capabilityNames = [...]string{
	EarlyReceive: "early receives", Recycling: "recycling of requests", Persistence: "persistent operations",
	TwoGroups: "communicators of two groups", OneSided: "one-sided communication", ParallelFiles: "parallel files",
	Growth: "processes that join a job", Spawning: "spawning of processes", Connecting: "connections between jobs",
}

var _ [NumCapabilities]struct{} = [len(capabilityNames)]struct{}{} // every capability has a name

// String names the capability as a message does.
func (c Capability) String() string {
	if c >= NumCapabilities {
		return fmt.Sprintf("capability %d", uint8(c))
	}
	return capabilityNames[c]
}

// Lacker is an engine that says why it lacks a capability. Lacks returns "" for
// one that it has. Its answer counts, whatever methods there are: what an
// engine can do may depend on the library that it runs on, and what a wrapper
// can do on the engine that it wraps.
type Lacker interface {
	Lacks(c Capability) string
}

// onEngine reports whether it is the Engine that implements the capability,
// rather than a Comm.
func (c Capability) onEngine() bool {
	return c == Recycling || c == Growth || c == Spawning || c == Connecting
}

// Find returns what gives capability c, whose interface is T: the engine eng, or
// its communicator comm. (Where it is the engine, comm may be nil.) Otherwise the
// error says why it is absent. A wrapper has only what it offers itself; Find
// does not look behind it.
func Find[T any](eng Engine, comm Comm, c Capability) (T, error) {
	var none T
	if l, ok := eng.(Lacker); ok {
		if why := l.Lacks(c); why != "" {
			return none, Absent(c, why)
		}
	}
	x := any(comm)
	if c.onEngine() {
		x = eng
	}
	t, ok := x.(T)
	if !ok {
		return none, Absent(c, fmt.Sprintf("the %s engine has none", eng.Info().Name))
	}
	return t, nil
}

// Absent is the error of a call that needs capability c where it is absent.
func Absent(c Capability, why string) *Error {
	return Errorf(ErrUnsupported, "%v: %s", c, why)
}

// EarlyReceiver is a Comm that can tell at once that a message was there
// already, and can complete a receive without being asked: short messages are
// then received without a call on their request.
type EarlyReceiver interface {
	// IrecvNow is Irecv, except that it may take a message that is there already:
	// then the request is Completed, and the status is the message's. Otherwise
	// the engine may later leave the outcome in out, as the word state allows
	// (see Outcome). The caller sets OutcomeReserved before the call.
	IrecvNow(b Buf, source, tag int, out *Outcome, state *uint32) (Request, Status, error)
}

// Recycler is an Engine that uses the memory of its requests again.
type Recycler interface {
	// Recycle says that Wait of r has reported completion and that nobody refers
	// to r any more. It is called once for a request, or never.
	Recycle(r Request)
}
