// Package sibling is a small package beside package mpi that is written as the
// large ones are: it reaches the engine through the door only. The tests of the
// door use it, and those who write another one can begin with it.
package sibling

import (
	"github.com/ringo-mpi/ringo/internal/door"
	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/mpi"
)

// tag is that of all messages.
const tag = 7

// Send sends buf to rank dest. It blocks as mpi.Send does.
func Send[T any](c *mpi.Comm, buf []T, dest int) error {
	v, err := door.Open(c)
	if err != nil {
		return err
	}
	if uint(dest) >= uint(c.Size()) {
		return v.Errorf(mpi.ErrRank, "destination %d is not a rank", dest)
	}
	b, err := door.BufOf(v, buf)
	if err != nil {
		return err
	}
	return v.Failed(dest, tag, v.Comm().Send(b, dest, tag, engine.Standard, v.Done()))
}

// Recv receives a message from rank source into the elements of buf that layout
// picks, and returns how many bytes it had. It blocks as mpi.Recv does.
func Recv[T any](c *mpi.Comm, buf []T, layout mpi.Layout, source int) (int, error) {
	v, err := door.Open(c)
	if err != nil {
		return 0, err
	}
	b, err := door.BufOf(v, buf)
	if err != nil {
		return 0, err
	}
	if !layout.As(&b.Layout) || b.Layout.Span() > len(buf) {
		return 0, v.Errorf(mpi.ErrBuffer, "the %v does not fit %d elements", layout, len(buf))
	}
	b.Count = b.Layout.Count()
	st, err := v.Comm().Recv(b, source, tag, v.Done())
	return st.Bytes, v.Failed(source, tag, err)
}

// Sum adds up x of all ranks. Collective.
func Sum[T any](c *mpi.Comm, x T) (T, error) {
	var sum T
	v, err := door.Open(c)
	if err != nil {
		return sum, err
	}
	op, err := v.Op(mpi.Sum, &x)
	if err != nil {
		return sum, err
	}
	in := []T{x}
	out := []T{sum}
	send, err := door.BufOf(v, in)
	if err != nil {
		return sum, err
	}
	recv, err := door.BufOf(v, out)
	if err != nil {
		return sum, err
	}
	err = v.Comm().Collective(engine.Coll{Kind: engine.Allreduce, Send: send, Recv: recv, Op: op}, v.Done())
	return out[0], v.Failed(engine.Undefined, engine.Undefined, err)
}

// Expose makes a window of mem, where the engine has windows. Collective.
func Expose(c *mpi.Comm, mem []byte) (engine.Window, error) {
	v, err := door.Open(c)
	if err != nil {
		return nil, err
	}
	w, err := door.Find[engine.Windows](v, engine.OneSided)
	if err != nil {
		return nil, err
	}
	win, err := w.Window(mem, 1)
	return win, v.Failed(engine.Undefined, engine.Undefined, err)
}
