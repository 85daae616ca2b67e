package mpi

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"runtime"
	"strconv"
	"strings"

	"github.com/ringo-mpi/ringo/internal/door"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// Class is an error class, the thing a program may act upon (MPI 5.0 §9.4).
// A Class is itself an error, so that errors.Is(err, mpi.ErrTruncate) works on
// every error of this package that carries the class.
type Class = engine.Class

// The error classes.
const (
	ErrBuffer      = engine.ErrBuffer      // invalid buffer
	ErrCount       = engine.ErrCount       // invalid count
	ErrType        = engine.ErrType        // element types of the two sides differ, or a type cannot be sent
	ErrTag         = engine.ErrTag         // invalid tag
	ErrComm        = engine.ErrComm        // nil or freed communicator
	ErrRank        = engine.ErrRank        // invalid rank
	ErrRoot        = engine.ErrRoot        // invalid root
	ErrGroup       = engine.ErrGroup       // invalid group
	ErrOp          = engine.ErrOp          // reduction not defined for the element type
	ErrRequest     = engine.ErrRequest     // invalid request
	ErrArg         = engine.ErrArg         // invalid argument of another kind
	ErrTruncate    = engine.ErrTruncate    // message longer than the receive buffer
	ErrNotReady    = engine.ErrNotReady    // Rsend without a posted receive
	ErrPending     = engine.ErrPending     // the operation is not complete
	ErrCancelled   = engine.ErrCancelled   // the operation was cancelled, or its context ended
	ErrMismatch    = engine.ErrMismatch    // ranks called different collectives, or with different arguments
	ErrProcFailed  = engine.ErrProcFailed  // a process of the communicator has died; with ErrFinalized as its cause: has left
	ErrRevoked     = engine.ErrRevoked     // the communicator can no longer be used
	ErrFinalized   = engine.ErrFinalized   // called before Init or after Finalize
	ErrUnsupported = engine.ErrUnsupported // the engine cannot do this
	ErrNoMem       = engine.ErrNoMem       // memory exhausted, or a limit would be exceeded
	ErrCodec       = engine.ErrCodec       // an object could not be encoded or decoded
	ErrLaunch      = engine.ErrLaunch      // launched wrongly: launcher and library do not fit
	ErrIntern      = engine.ErrIntern      // a defect of the engine or of the library below it
	ErrOther       = engine.ErrOther       // anything else
)

// Error is what every function of this package returns as its error. Programs
// act upon its class, by errors.Is(err, mpi.ErrTruncate), never on its text.
// The error of an operation that its context ended also is that context's
// error: errors.Is(err, context.DeadlineExceeded).
type Error struct {
	Op    string // the function that was called: "Recv", "Allreduce"
	Comm  string // name of the communicator, "" when there is none
	Rank  int    // rank of the caller in it, Undefined when unknown
	Peer  int    // rank at the other end, Undefined when there is none
	Tag   int    // tag, Undefined where there is none
	Class Class  // what kind of error it is
	Host  string // host of the caller
	At    string // the caller's file:line where it is known; of a nonblocking call, that of the call that saw its end
	Err   error  // what happened

	seen string // that call: "Wait", "TestAll"
}

// Error returns one line: what was called, what happened, where.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("mpi: ")
	b.WriteString(e.Op)
	if e.Peer != Undefined {
		b.WriteString(" (peer ")
		b.WriteString(rankName(e.Peer))
		if e.Tag != Undefined {
			b.WriteString(", tag ")
			b.WriteString(tagName(e.Tag))
		}
		b.WriteByte(')')
	}
	b.WriteString(": ")
	text := ""
	if e.Err != nil {
		text = e.Err.Error()
	}
	if class := e.Class.Error(); !strings.HasPrefix(text, class) {
		b.WriteString(class)
		if text != "" {
			b.WriteString(": ")
		}
	}
	b.WriteString(text)
	if e.Comm == "" && e.At == "" {
		return b.String()
	}
	sep := " ["
	if e.Comm != "" {
		fmt.Fprintf(&b, "%srank %d of %s", sep, e.Rank, e.Comm)
		if e.Host != "" {
			b.WriteString(" on ")
			b.WriteString(e.Host)
		}
		sep = ", "
	}
	if e.At != "" {
		b.WriteString(sep)
		if e.seen != "" {
			b.WriteString("seen by " + e.seen + " at ")
		} else {
			b.WriteString("called at ")
		}
		b.WriteString(e.At)
	}
	b.WriteByte(']')
	return b.String()
}

// Unwrap returns what happened.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is the class of e.
func (e *Error) Is(target error) bool {
	c, ok := target.(Class)
	return ok && c == e.Class
}

func rankName(rank int) string {
	switch rank {
	case AnySource:
		return "AnySource"
	case ProcNull:
		return "ProcNull"
	}
	return strconv.Itoa(rank)
}

func tagName(tag int) string {
	if tag == AnyTag {
		return "AnyTag"
	}
	return strconv.Itoa(tag)
}

// caller returns the name of the function of package mpi, or of a package beside
// it (see door.Rooms), that the program called and the place of that call. It
// walks the stack and is meant for the error path.
func caller() (op, at string) {
	var pcs [24]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		f, more := frames.Next()
		if name, ok := strings.CutPrefix(f.Function, ownPrefix); ok {
			op = functionName(name)
		} else if name, ok := door.Function(f.Function); ok {
			if room, name, ok := strings.Cut(name, "."); ok {
				op = room + "." + functionName(name)
			}
		} else if f.Function != "" && !strings.HasPrefix(f.Function, ownSubPrefix) {
			return op, filepath.Base(f.File) + ":" + strconv.Itoa(f.Line)
		}
		if !more {
			return op, ""
		}
	}
}

// ownPrefix starts the names of the functions of this package, ownSubPrefix
// those of the packages in its folder.
var (
	ownPrefix    = reflect.TypeFor[Comm]().PkgPath() + "."
	ownSubPrefix = reflect.TypeFor[Comm]().PkgPath() + "/"
)

// functionName shortens "Bcast[...]" to "Bcast" and "(*Comm).Split" to "Split".
func functionName(name string) string {
	name, _, _ = strings.Cut(name, "[")
	if i := strings.LastIndexByte(name, ')'); i >= 0 {
		name = strings.TrimPrefix(name[i+1:], ".")
	}
	name, _, _ = strings.Cut(name, ".") // a function literal inside
	return name
}

// errorf makes the error of a call on c with arguments that cannot be right.
func (c *Comm) errorf(class Class, format string, args ...any) error {
	return c.newError("", class, Undefined, Undefined, fmt.Errorf(format, args...))
}

// newError makes an error of a call on c. An empty op is found on the stack,
// together with the place of the call.
func (c *Comm) newError(op string, class Class, peer, tag int, err error) *Error {
	e := &Error{Op: op, Rank: Undefined, Peer: peer, Tag: tag, Class: class, Err: err}
	if op == "" {
		e.Op, e.At = caller()
	}
	if c != nil && c.st != nil {
		e.Comm, e.Rank, e.Host = c.Name(), c.rank, c.st.proc.info.Host
	}
	return e
}

// failed turns an error of the engine into an *Error; op as in newError. It
// returns nil for nil.
func (c *Comm) failed(op string, peer, tag int, err error) error {
	if err == nil {
		return nil
	}
	var own *Error
	if errors.As(err, &own) {
		return err
	}
	class := ErrOther
	var ee *engine.Error
	if errors.As(err, &ee) {
		class = ee.Class
		if ee.Peer != engine.NoPeer {
			peer = ee.Peer
			if ee.Tag != Undefined {
				tag = ee.Tag
			}
		}
	} else if errors.As(err, &class) {
		err = nil
	}
	if class == ErrCancelled && c != nil && c.ctx != nil && c.ctx.Err() != nil {
		err = &contextError{c.ctx.Err(), context.Cause(c.ctx)}
	}
	return c.newError(op, class, peer, tag, err)
}

// classOf returns the class that err carries, ErrOther if there is none.
func classOf(err error) Class {
	var own *Error
	if errors.As(err, &own) {
		return own.Class
	}
	var ee *engine.Error
	if errors.As(err, &ee) {
		return ee.Class
	}
	class := ErrOther
	errors.As(err, &class)
	return class
}

// contextError is why a context ended.
type contextError struct{ err, cause error }

func (e *contextError) Error() string {
	if e.cause != nil && !errors.Is(e.err, e.cause) {
		return e.err.Error() + ": " + e.cause.Error()
	}
	return e.err.Error()
}

func (e *contextError) Unwrap() []error { return []error{e.err, e.cause} }

// errorText is an error without formatting.
type errorText string

func (e errorText) Error() string { return string(e) }
