package engine

// Persistent is a Comm whose operations can be prepared once and started again
// and again (MPI 5.0 §3.9, §6.13). It is optional since a library below may be
// older than persistent collectives.
type Persistent interface {
	// SendInit and RecvInit prepare what Isend and Irecv would start. They are
	// local.
	SendInit(b Buf, dest, tag int, mode SendMode) (Prepared, error)
	RecvInit(b Buf, source, tag int) (Prepared, error)

	// CollectiveInit prepares what Icollective would start. All members call it
	// in the same order as their collectives; it may communicate.
	CollectiveInit(c Coll) (Prepared, error)
}

// Prepared is an operation with its arguments, which stay in use until Free.
type Prepared interface {
	// Start begins the operation, which is active until the Request has reported
	// completion; an active operation is not started. An engine may return the
	// same Request each time.
	Start() (Request, error)

	// Free gives the operation up, which is not active.
	Free() error
}
