package mpi

import (
	"context"
	"reflect"

	"github.com/ringo-mpi/ringo/internal/door"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// As hands out what is below the communicator, for what this package does not
// cover: if target is a pointer to a type that is known there, As sets what it
// points to and reports true. Otherwise, also for a nil or freed communicator
// and after Finalize, it changes nothing and reports false.
//
// A program that imports package mpi/native asks for a native.Handle, the
// communicator of the MPI library:
//
//	var h native.Handle
//	if world.As(&h) { … }
//
// What it does with it depends on the engine that it happens to run on, so it
// has to be ready for false. Other types are for packages of this module.
// Local.
func (c *Comm) As(target any) bool {
	if v, ok := target.(*door.View); ok && v != nil {
		*v = view{c}
		return true
	}
	if !c.usable() {
		return false
	}
	switch t := target.(type) {
	case *engine.Engine:
		if t != nil {
			*t = c.st.proc.eng
		}
		return t != nil
	case *engine.Comm:
		if t != nil {
			*t = c.ec
		}
		return t != nil
	}
	for ec := c.ec; ; {
		if o, ok := ec.(engine.Opener); ok && o.As(target) {
			return true
		}
		w, ok := ec.(interface{ Unwrap() engine.Comm })
		if !ok {
			return false
		}
		ec = w.Unwrap()
	}
}

// As hands out the layout as the engines know it, to packages of this module:
// it sets target, a pointer to their type, and reports true. A layout with an
// error, or that begins before the slice, has none. Local.
func (l Layout) As(target any) bool {
	t, ok := target.(**engine.Layout)
	switch {
	case !ok || t == nil:
		return false
	case l.m == nil:
		*t = engine.NewLayout(nil)
	case l.m.eng == nil:
		return false
	default:
		*t = l.m.eng
	}
	return true
}

// view is the door.View of a communicator.
type view struct{ c *Comm }

func (v view) Usable() error         { return v.c.unusable() }
func (v view) Engine() engine.Engine { return v.c.st.proc.eng }
func (v view) Comm() engine.Comm     { return v.c.ec }
func (v view) Done() <-chan struct{} { return v.c.done }

func (v view) Context() context.Context {
	if v.c.ctx == nil {
		return context.Background()
	}
	return v.c.ctx
}

func (v view) Type(of any) (*engine.Type, error) {
	e := elementAt(of)
	if e.typ == nil {
		return nil, v.c.errorf(ErrType, "%w", e.err)
	}
	return e.typ, nil
}

func (v view) Op(op, of any) (*engine.Op, error) {
	e := elementAt(of)
	if e.typ == nil {
		return nil, v.c.errorf(ErrType, "%w", e.err)
	}
	return op.(Op).bind(v.c, e)
}

func (v view) Failed(peer, tag int, err error) error { return v.c.failed("", peer, tag, err) }

func (v view) Errorf(class engine.Class, format string, args ...any) error {
	return v.c.errorf(class, format, args...)
}

// elementAt is elementOf the type that a pointer points to.
func elementAt(of any) *element {
	key := typeKey(of)
	if e := slotOf(key).Load(); e != nil && e.key == key {
		return e
	}
	return describeElement(key, reflect.TypeOf(of).Elem(), slotOf(key))
}
