package engine

// Windows is a Comm whose members can expose memory to each other (MPI 5.0
// §12). It is optional: a library below may be older than MPI-3, and an engine
// that reaches nobody's memory leaves windows to the layers above it.
type Windows interface {
	// Window exposes mem, which stays the caller's, to all members. A
	// displacement of one means unit bytes. Collective.
	Window(mem []byte, unit int) (Window, error)

	// AllocWindow exposes n bytes that it allocates; with shared, members of one
	// host reach each other's as their own memory. Collective.
	AllocWindow(n, unit int, shared bool) (Window, []byte, error)
}

// Window is memory that the members of a communicator have exposed. As with
// collectives there is one entry for all accesses and one for all
// synchronizations, so that a wrapper and a check see each in one place.
type Window interface {
	// Access begins an access, which is complete after the synchronization that
	// ends it; Iaccess is the form with a request.
	Access(a Access) error
	Iaccess(a Access) (Request, error)

	// Sync begins or ends an epoch, or completes accesses inside one. When done
	// is closed while it blocks, it returns ErrCancelled.
	Sync(s Sync, done <-chan struct{}) error

	// Free gives the window up. Collective.
	Free() error
}

// AccessKind names an access (MPI 5.0 §12.3).
type AccessKind uint8

// The accesses. A fetch-and-op is a GetAccumulate of one element.
const (
	Put AccessKind = iota
	Get
	Accumulate
	GetAccumulate
	CompareAndSwap
)

// Access is one access to the memory of a target. It is passed by value, as a
// Coll is.
type Access struct {
	Kind    AccessKind
	Target  int
	Disp    int // units from the start of the target's memory
	There   Buf // what is accessed there: count, type and layout, without a pointer
	Origin  Buf // what is put, combined or swapped in; what a Get fills
	Result  Buf // GetAccumulate and CompareAndSwap: filled with what was there
	Compare Buf // CompareAndSwap: one element
	Op      *Op // Accumulate and GetAccumulate; nil replaces
}

// SyncKind names a synchronization (MPI 5.0 §12.5).
type SyncKind uint8

// The synchronizations. A synchronization of one target is one of all targets
// where Target is Undefined.
const (
	Fence SyncKind = iota
	Post
	StartAccess
	CompleteAccess
	WaitAccess
	Lock
	Unlock
	Flush      // accesses are complete on both sides
	FlushLocal // and here only
	Publish    // the two copies of a window are made the same
)

// Sync is one synchronization of a window.
type Sync struct {
	Kind      SyncKind
	Target    int
	Exclusive bool  // Lock
	Group     []int // Post and StartAccess: ranks of the communicator
}
