package engine

import "fmt"

// Class is an error class, the thing a program may act upon (MPI 5.0 §9.4).
// A Class is itself an error, so that errors.Is(err, ErrTruncate) works on any
// error that carries the class.
type Class int

// The error classes.
const (
	ErrNone        Class = iota
	ErrBuffer            // invalid buffer
	ErrCount             // invalid count
	ErrType              // element types of the two sides differ, or a type cannot be sent
	ErrTag               // invalid tag
	ErrComm              // invalid, freed or null communicator
	ErrRank              // invalid rank
	ErrRoot              // invalid root
	ErrGroup             // invalid group
	ErrOp                // operation not defined for the element type
	ErrRequest           // invalid request
	ErrArg               // invalid argument of another kind
	ErrTruncate          // message longer than the receive buffer
	ErrNotReady          // ready-mode send without a posted receive
	ErrPending           // the operation is not complete
	ErrCancelled         // the operation was cancelled, or its context ended
	ErrMismatch          // ranks called different collectives, or with different arguments
	ErrProcFailed        // a process of the communicator has died, or, when the cause is ErrFinalized, has left
	ErrRevoked           // the communicator can no longer be used
	ErrFinalized         // called before Init or after Finalize
	ErrUnsupported       // the engine cannot do this
	ErrNoMem             // memory exhausted, or a limit would be exceeded
	ErrCodec             // an object could not be encoded or decoded
	ErrLaunch            // launched wrongly: launcher and library do not fit
	ErrIntern            // a defect of the engine or of the library below it
	ErrOther             // anything else
	numClasses
)

var classNames = [numClasses]string{
	ErrNone: "success", ErrBuffer: "invalid buffer", ErrCount: "invalid count", ErrType: "type mismatch",
	ErrTag: "invalid tag", ErrComm: "invalid communicator", ErrRank: "invalid rank", ErrRoot: "invalid root",
	ErrGroup: "invalid group", ErrOp: "invalid reduction", ErrRequest: "invalid request", ErrArg: "invalid argument",
	ErrTruncate: "message truncated", ErrNotReady: "no matching receive is posted", ErrPending: "pending",
	ErrCancelled: "cancelled", ErrMismatch: "collective calls do not match", ErrProcFailed: "process failed",
	ErrRevoked: "communicator revoked", ErrFinalized: "not initialised or already finalised",
	ErrUnsupported: "not supported by this engine", ErrNoMem: "out of memory", ErrCodec: "object codec",
	ErrLaunch: "launched wrongly", ErrIntern: "internal error", ErrOther: "error",
}

// Error returns the name of the class.
func (c Class) Error() string {
	if c < 0 || c >= numClasses {
		return fmt.Sprintf("error class %d", int(c))
	}
	return classNames[c]
}

// Error is what an engine returns: the class, the rank and tag at the other
// end where there is one, and a text that says what happened. Package mpi
// wraps it into mpi.Error, which adds the operation, the communicator and the
// rank that called.
type Error struct {
	Class Class
	Peer  int    // rank in the communicator, or NoPeer
	Tag   int    // meaningful only where Peer is
	Text  string // what happened; empty when the class says it all
	Err   error  // cause, or nil
}

// NoPeer is the Peer of an error that concerns no particular rank.
const NoPeer = -1 << 30

// Errorf makes an *Error of class c that concerns no particular rank. A
// wrapped cause (%w) is kept.
func Errorf(c Class, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	e := &Error{Class: c, Peer: NoPeer, Text: err.Error()}
	if u, ok := err.(interface{ Unwrap() error }); ok {
		e.Err = u.Unwrap()
	}
	return e
}

// PeerErrorf is Errorf for an operation with rank peer and a tag; Undefined is
// the tag of a collective, or that of the call.
func PeerErrorf(c Class, peer, tag int, format string, args ...any) *Error {
	e := Errorf(c, format, args...)
	e.Peer, e.Tag = peer, tag
	return e
}

func (e *Error) Error() string {
	if e.Text == "" {
		return e.Class.Error()
	}
	return e.Class.Error() + ": " + e.Text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is the class of e.
func (e *Error) Is(target error) bool {
	c, ok := target.(Class)
	return ok && c == e.Class
}
