package engine

// Special ranks and tags, as package mpi passes them to an engine.
const (
	AnySource = -1
	AnyTag    = -1
	ProcNull  = -2
	Undefined = -32766
)

// InternalTag is the least of the tags, up to 1<<31-1, that package mpi uses
// for messages of its own, such as the further messages of an object. Programs
// use tags below it. AnyTag matches no internal tag; receives and probes that
// name one match it as any other.
const InternalTag = 1 << 30

// SendMode is the mode of a send (MPI 5.0 §3.4).
type SendMode uint8

// The modes.
const (
	Standard SendMode = iota
	Synchronous
	Buffered
	Ready
)

// Status describes a finished receive or a message found by a probe
// (MPI 5.0 §3.2.5).
type Status struct {
	Source int
	Tag    int
	Bytes  int // bytes received, or length of the message found
	Detail
}

// Detail is the rest of a Status. It is a struct of its own because the
// compiler keeps structs of up to four fields in registers: a larger Status
// would be copied by each function on the way up that returns it.
type Detail struct {
	Cancelled bool
	Sig       Sig // type signature of the sender, 0 when unknown
}

// Info describes an engine.
type Info struct {
	Name      string // "embedded" or "native"
	Version   string // of the engine, or the library's own version text
	Transport string // "inproc", "shm", …
	Host      string
	LocalRank int // rank among the ranks of this host
	LocalSize int
	Library   string // path of the library, native only
	InProcess bool   // the ranks of this host are goroutines of this process

	// EndsAlone says that Finalize of one rank does not wait for the others, and
	// that those which still wait for this rank learn that it has left.
	EndsAlone bool

	// TellsRefusals says that a collective which one rank has refused ends with an
	// error on the others that need it there (see Refused).
	TellsRefusals bool
}

// Proc is the number of a process in an engine. The processes of the world have
// the numbers 0 to n-1; one that joins later (see [Growing]) gets a further one.
// So it is the rank in the world for the world's own processes only, and
// different engines may give a process different numbers.
type Proc int

// Engine is one rank's end of a running job. What an engine may have besides is
// in optional.go.
type Engine interface {
	Info() Info

	// World and Self are the two communicators that every rank has from the
	// start (MPI 5.0 §7.2.2).
	World() Comm
	Self() Comm

	// Alloc returns n bytes of zeroed memory that other ranks of this host can
	// reach without a copy (MPI_Alloc_mem), aligned to 64 bytes; Free gives it
	// back.
	Alloc(n int) ([]byte, error)
	Free([]byte) error

	// WaitAny blocks until one of the requests has completed and returns its
	// index. Nil requests are passed over; with none left it returns -1 at
	// once. When done is closed first it returns an error of class
	// ErrCancelled. It releases no request: Test or Wait does. Requests may be
	// wrapped (see [Unwrap]).
	WaitAny(reqs []Request, done <-chan struct{}) (int, error)

	// Abort ends the whole job with the exit status code. For goroutine ranks
	// it ends the process. It does not return.
	Abort(code int, reason string)

	// Fail reports that this rank is ending with an error, so that every
	// other rank's blocked and later calls that depend on it end with
	// ErrProcFailed. It is called once, instead of Finalize.
	Fail(reason string)

	// Finalize completes what this rank has begun to send, frees what the
	// engine holds, and takes the rank out of the job (MPI 5.0 §11.2.2). Later
	// calls return ErrFinalized.
	Finalize() error
}

// Comm is a communicator, of one group of processes or of two (see
// [Intercomms]). Ranks and tags are valid when an engine sees them. Rank, Size
// and Proc are about the group of the caller; where there are two groups, the
// ranks that operations name are those of the other one.
type Comm interface {
	Rank() int
	Size() int

	// Proc returns the number of the process that has the given rank.
	Proc(rank int) Proc

	// Point to point (MPI 5.0 §3). The blocking forms return when the buffer
	// is the user's again. A non-nil done ends a blocked call with
	// ErrCancelled when it is closed: the operation is withdrawn and nothing
	// is lost (a message that had already matched is received first).
	Send(b Buf, dest, tag int, mode SendMode, done <-chan struct{}) error
	Recv(b Buf, source, tag int, done <-chan struct{}) (Status, error)
	Isend(b Buf, dest, tag int, mode SendMode) (Request, error)
	Irecv(b Buf, source, tag int) (Request, error)

	// Probe reports a message that Recv with the same arguments would receive;
	// with block it waits for one, otherwise ok may be false (MPI 5.0 §3.8.1).
	Probe(source, tag int, block bool, done <-chan struct{}) (st Status, ok bool, err error)

	// Mprobe takes the message out of the queue as well, so that only the
	// returned Message receives it (MPI 5.0 §3.8.2).
	Mprobe(source, tag int, block bool, done <-chan struct{}) (m Message, st Status, ok bool, err error)

	// Collective runs a collective and returns when this rank's part is done.
	// Icollective starts one. All ranks of the communicator call the same
	// collectives, blocking and nonblocking, in the same order (MPI 5.0 §6.13).
	// When done is closed while Collective blocks, it returns ErrCancelled and
	// revokes the communicator for all its members, since the others could
	// otherwise wait for ever.
	Collective(c Coll, done <-chan struct{}) error
	Icollective(c Coll) (Request, error)

	// Construction, collective over this communicator (MPI 5.0 §7.4) except
	// CreateGroup, which is collective over the members of the new one only.
	// A rank that is not in the new communicator gets nil.
	Dup() (Comm, error)
	Split(color, key int) (Comm, error) // color Undefined: nil
	SplitShared(key int) (Comm, error)
	Create(members []int) (Comm, error) // ranks in this communicator, in the new order
	CreateGroup(members []int, tag int) (Comm, error)
	Free() error

	// Revoke ends every pending and later call on the communicator, on all its
	// ranks, with ErrRevoked and the given reason (as MPIX_Comm_revoke). An
	// engine that cannot reach the other ranks revokes locally.
	Revoke(reason string)
}

// Message is a message taken by Mprobe.
type Message interface {
	Recv(b Buf, done <-chan struct{}) (Status, error)
	Irecv(b Buf) (Request, error)
}

// Request is a running nonblocking operation (MPI 5.0 §3.7). Test and Wait
// release it when they report completion; it is not used after that. (What can
// be started again is a [Prepared], each start of which has a Request.)
type Request interface {
	// Test makes progress and reports whether the operation has completed. If
	// so, the engine may use the request's memory again: Cancel does not run
	// beside Test.
	Test() (st Status, ok bool, err error)

	// Wait blocks until the operation has completed. When done is closed first
	// it returns an error of class ErrCancelled and the operation goes on: the
	// caller cancels it or waits again.
	Wait(done <-chan struct{}) (Status, error)

	// Cancel asks for a receive that has not matched, or a send that has not
	// been received, to be withdrawn. The request still completes, by Wait or
	// Test, with Status.Cancelled set if the withdrawal came in time. It is
	// local. Collectives cannot be cancelled: ErrUnsupported. Cancel may run while
	// another goroutine is in Wait, also when it is just reporting completion;
	// then it does nothing.
	Cancel() error
}

// Completed is the request of an operation that was complete, without an error
// and with an empty status, when the call that started it returned. Wrappers
// pass it on as it is.
type Completed struct{}

// Test implements [Request].
func (Completed) Test() (Status, bool, error) { return Status{}, true, nil }

// Wait implements [Request].
func (Completed) Wait(<-chan struct{}) (Status, error) { return Status{}, nil }

// Cancel implements [Request].
func (Completed) Cancel() error { return nil }

// AbortStatus is the exit status of a process that has called Abort(code). It is
// not 0, also where the system keeps only the last eight bits: an aborted job has
// not ended well.
func AbortStatus(code int) int {
	if code&0xff == 0 {
		return 1
	}
	return code
}
