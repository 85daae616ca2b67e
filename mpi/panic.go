package mpi

import (
	"fmt"
	"runtime"
	"strings"
)

// PanicError is the error of a rank whose function panicked.
type PanicError struct {
	Value any    // of the panic
	Stack string // the program's own calls, the innermost first
}

// Error implements error: the value that was passed to panic.
func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Unwrap returns the value of the panic if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// newPanicError is called by the deferred function that recovered v.
func newPanicError(v any) *PanicError {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs[:])])
	var b strings.Builder
	inside := false // past the runtime's own frames of the panic
	for {
		f, more := frames.Next()
		switch {
		case f.Function == ownPrefix+"runRank":
			return &PanicError{Value: v, Stack: b.String()}
		case !inside:
			inside = f.Function == "runtime.gopanic"
		case b.Len() == 0 && strings.HasPrefix(f.Function, "runtime."):
		default:
			fmt.Fprintf(&b, "\t%s\n\t\t%s:%d\n", f.Function, f.File, f.Line)
		}
		if !more {
			return &PanicError{Value: v, Stack: b.String()}
		}
	}
}
