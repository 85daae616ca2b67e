package door

import (
	"context"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// Comm is a *mpi.Comm.
type Comm interface {
	As(target any) bool
}

// View is a *mpi.Comm as a package beside mpi sees it. It may be kept as long as
// the communicator.
type View interface {
	// Usable returns nil, or the error of a call on a communicator that is nil,
	// freed, or used after Finalize.
	Usable() error

	// Engine and Comm are what carries the communicator.
	Engine() engine.Engine
	Comm() engine.Comm

	// Context returns the context of mpi.Comm.WithContext, context.Background
	// where there is none; Done is its channel as engines take it, nil where there
	// is none.
	Context() context.Context
	Done() <-chan struct{}

	// Type describes the element type that the pointer of points to, which may be
	// nil: TypeOf calls it. A type that cannot be an element is an ErrType.
	Type(of any) (*engine.Type, error)

	// Op binds op, a mpi.Op, to the element type that the pointer of points to.
	// The result is the same each time and may be kept.
	Op(op, of any) (*engine.Op, error)

	// Failed turns an error of the engine into a *mpi.Error with the function of
	// the package beside mpi, the peer, the tag and the program's line; nil stays
	// nil. peer and tag are engine.Undefined where there is none.
	Failed(peer, tag int, err error) error

	// Errorf makes the *mpi.Error of a call with arguments that cannot be right.
	Errorf(class engine.Class, format string, args ...any) error
}

// Open returns the view of c, with the error of Usable. The view is there also
// when c cannot be used, to make errors with.
func Open(c Comm) (View, error) {
	var v View
	c.As(&v)
	return v, v.Usable()
}

// TypeOf describes T as an element. It allocates nothing once T is known.
func TypeOf[T any](v View) (*engine.Type, error) { return v.Type((*T)(nil)) }

// BufOf describes buf for the engine.
func BufOf[T any](v View, buf []T) (engine.Buf, error) {
	t, err := TypeOf[T](v)
	return engine.Buf{Ptr: unsafe.Pointer(unsafe.SliceData(buf)), Count: len(buf), Type: t}, err
}

// Find returns what gives capability c, whose interface is T. If the engine has
// none, the error is an ErrUnsupported with the reason. A package beside mpi asks
// when it makes an object and keeps the answer in it.
func Find[T any](v View, c engine.Capability) (T, error) {
	t, err := engine.Find[T](v.Engine(), v.Comm(), c)
	if err != nil {
		return t, v.Failed(engine.Undefined, engine.Undefined, err)
	}
	return t, nil
}
