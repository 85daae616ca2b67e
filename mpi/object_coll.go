package mpi

import (
	"errors"
	"fmt"

	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/object"
)

// Collectives of objects first exchange frames of one length on all ranks, so
// that short objects need one collective of the engine. What does not fit
// follows: to one rank as point-to-point messages under the object's internal
// tag, to all ranks as further collectives, whose lengths the frames told.
//
// A rank that cannot encode its object, or was called with wrong arguments,
// sends a frame that says so in the object's place. It stays in step: the ranks
// that want its object fail with its error, and the others go on.

// BcastObject returns the root's v on every rank (MPI 5.0 §6.4). v of the other
// ranks is ignored; the root gets its own v back, not a copy. Collective; it
// blocks as Bcast does. If the root cannot encode v, every rank gets an error
// of class ErrCodec.
func BcastObject[T any](c *Comm, v T, root int) (T, error) {
	var zero T
	if err := c.rootedUsable(root); err != nil {
		return zero, err
	}
	if c.rank == root {
		return v, c.sendToAll(&v, root)
	}
	var got T
	if err := c.recvFromRoot(&got, root); err != nil {
		return zero, err
	}
	return got, nil
}

// rootedUsable checks the root of a call that is several collectives.
func (c *Comm) rootedUsable(root int) error {
	if err := c.unusable(); err != nil {
		return err
	}
	if err := c.checkRoot(root); err != nil {
		return c.refuseAll(err)
	}
	return nil
}

// sendToAll is the root's part of a broadcast of the value v points to.
func (c *Comm) sendToAll(v any, root int) error {
	p, wrong := c.packFrame(v)
	defer p.Free()
	if err := c.bcastBytes(p.First[:object.CollFrame], root); err != nil {
		return err
	}
	for _, b := range p.Rest {
		if err := c.bcastBytes(b, root); err != nil {
			return err
		}
	}
	return wrong
}

// recvFromRoot is the part of the other ranks.
func (c *Comm) recvFromRoot(v any, root int) error {
	f := object.NewFrame()
	defer f.Free()
	b := f.B[:object.CollFrame]
	if err := c.bcastBytes(b, root); err != nil {
		return err
	}
	in, err := c.openFrame(b, root)
	if err != nil {
		return err
	}
	if in.Bad != nil && in.Waiting > 0 {
		return c.outOfStep(root, in.Bad)
	}
	for b, more := in.Next(); more; b, more = in.Next() {
		if err := c.bcastBytes(b, root); err != nil {
			return err
		}
		in.Got(b, len(b))
		if in.Bad != nil && in.Waiting > 0 {
			return c.outOfStep(root, in.Bad)
		}
	}
	return c.decodeFrom(&in, v, root)
}

func (c *Comm) bcastBytes(b []byte, root int) error {
	return c.collective(engine.Coll{Kind: engine.Bcast, Root: root, Recv: engine.OfBytes(b)}, nil)
}

// outOfStep ends a collective in which this rank cannot take part any more,
// since the others would wait for it.
func (c *Comm) outOfStep(source int, err error) error {
	e := c.newError("", ErrCodec, source, Undefined, err)
	c.revoke(e.Error())
	return e
}

// packFrame encodes the value v points to for a collective. When that fails it
// returns the frame that says so to the others, and the error.
func (c *Comm) packFrame(v any) (object.Packed, error) {
	p, err := c.pack(v, object.CollFirst)
	if err != nil {
		return c.errorFrame(c.newError("", ErrCodec, Undefined, Undefined, err))
	}
	return p.Framed(), nil
}

// errorFrame makes the frame of a rank that has no object to send.
func (c *Comm) errorFrame(err error) (object.Packed, error) {
	return object.PackError(fmt.Errorf("rank %d of %s: %w", c.rank, c.Name(), unwrapOnce(err)), object.CollFirst).Framed(), err
}

// unwrapOnce strips the place from an error that is to be reported elsewhere.
func unwrapOnce(err error) error {
	var e *Error
	if errors.As(err, &e) && e.Err != nil {
		return e.Err
	}
	return err
}

// openFrame reads the frame of rank source.
func (c *Comm) openFrame(b []byte, source int) (in object.Incoming, err error) {
	if err := in.OpenFramed(b, c.objectCodec().MaxBytes()); err != nil {
		return in, c.newError("", ErrCodec, source, Undefined, err)
	}
	return in, nil
}

func (c *Comm) decodeFrom(in *object.Incoming, v any, source int) error {
	if err := in.Decode(c.objectCodec(), v); err != nil {
		return c.newError("", ErrCodec, source, Undefined, err)
	}
	return nil
}

// sendRest starts to send what follows a frame to rank dest.
func (c *Comm) sendRest(reqs []engine.Request, p *object.Packed, dest int) ([]engine.Request, error) {
	for _, b := range p.Rest {
		r, err := c.ec.Isend(engine.OfBytes(b), dest, p.Tag, engine.Standard)
		if err != nil {
			return reqs, c.failed("", dest, Undefined, err)
		}
		reqs = append(reqs, r)
	}
	return reqs, nil
}

// recvRest receives what follows the frame of rank source.
func (c *Comm) recvRest(in *object.Incoming, source int) error {
	for b, more := in.Next(); more; b, more = in.Next() {
		st, err := c.ec.Recv(engine.OfBytes(b), source, in.Tag, c.done)
		if err != nil && !(in.Bad != nil && errors.Is(err, ErrTruncate)) {
			return c.stopped(source, err)
		}
		in.Got(b, st.Bytes)
	}
	return nil
}

// finish waits for the sends of a collective.
func (c *Comm) finish(reqs []engine.Request) error {
	var first error
	for _, r := range reqs {
		if _, err := r.Wait(c.done); err != nil && first == nil {
			first = c.stopped(Undefined, err)
		}
	}
	return first
}

// stopped is the error of a point-to-point step of a collective. If the context
// ended it, the communicator is revoked as by any collective that ends so.
func (c *Comm) stopped(peer int, err error) error {
	if c.ended(err) {
		c.revoke("the context of a collective ended")
	}
	return c.failed("", peer, Undefined, err)
}

// ScatterObject sends vs[i] of the root to rank i and returns it there (MPI
// 5.0 §6.6). vs has length Size() on the root, whose own element comes back as
// it is, and is ignored elsewhere. Collective; it blocks until this rank's
// part is done. An element that cannot be encoded is an error of class
// ErrCodec on the root and on the rank that it was for; the others get theirs.
func ScatterObject[T any](c *Comm, vs []T, root int) (T, error) {
	var v T
	if err := c.rootedUsable(root); err != nil {
		return v, err
	}
	if c.rank == root {
		err := scatterFromRoot(c, vs, root)
		if len(vs) == c.size {
			v = vs[root]
		}
		return v, err
	}
	f := object.NewFrame()
	defer f.Free()
	b := f.B[:object.CollFrame]
	if err := c.collective(engine.Coll{Kind: engine.Scatter, Root: root, Recv: engine.OfBytes(b)}, nil); err != nil {
		return v, err
	}
	in, err := c.openFrame(b, root)
	if err == nil {
		err = c.recvRest(&in, root)
	}
	if err == nil {
		err = c.decodeFrom(&in, &v, root)
	}
	if err != nil {
		var zero T
		return zero, err
	}
	return v, nil
}

func scatterFromRoot[T any](c *Comm, vs []T, root int) error {
	frames, packs, wrong := packAll(c, vs, root)
	defer freeAll(packs)
	k := engine.Coll{Kind: engine.Scatter, Root: root, Send: engine.OfBytes(frames), Recv: engine.OfBytes(make([]byte, object.CollFrame))}
	if err := c.collective(k, nil); err != nil {
		return err
	}
	return c.sendRests(packs, wrong)
}

// packAll makes the frames of vs, one for each rank, none for the rank except.
func packAll[T any](c *Comm, vs []T, except int) (frames []byte, packs []object.Packed, wrong error) {
	frames, packs = make([]byte, c.size*object.CollFrame), make([]object.Packed, c.size)
	if len(vs) != c.size {
		wrong = c.errorf(ErrCount, "%d objects for %s", len(vs), c.ranks())
	}
	for i := range packs {
		var err error
		switch {
		case i == except && len(vs) == c.size:
			continue
		case len(vs) != c.size:
			packs[i], _ = c.errorFrame(wrong)
		default:
			packs[i], err = c.packFrame(&vs[i])
		}
		copy(frames[i*object.CollFrame:], packs[i].First)
		if wrong == nil {
			wrong = err
		}
	}
	return frames, packs, wrong
}

func freeAll(packs []object.Packed) {
	for i := range packs {
		packs[i].Free()
	}
}

// sendRests sends what follows the frames of packs, each to its rank, and
// returns the first error; wrong comes before.
func (c *Comm) sendRests(packs []object.Packed, wrong error) error {
	reqs, err := c.startRests(packs)
	if e := c.finish(reqs); err == nil {
		err = e
	}
	if wrong != nil {
		return wrong
	}
	return err
}

func (c *Comm) startRests(packs []object.Packed) (reqs []engine.Request, err error) {
	for i := range packs {
		dest := (c.rank + i) % c.size
		if reqs, err = c.sendRest(reqs, &packs[dest], dest); err != nil {
			return reqs, err
		}
	}
	return reqs, nil
}

// GatherObject returns v of all ranks, by rank, on the root and nil elsewhere
// (MPI 5.0 §6.5). The root's own element is its v, not a copy. Collective; it
// blocks until this rank's part is done. A rank whose v cannot be encoded, and
// the root, get an error of class ErrCodec.
func GatherObject[T any](c *Comm, v T, root int) ([]T, error) {
	if err := c.rootedUsable(root); err != nil {
		return nil, err
	}
	if c.rank != root {
		p, wrong := c.packFrame(&v)
		defer p.Free()
		k := engine.Coll{Kind: engine.Gather, Root: root, Send: engine.OfBytes(p.First[:object.CollFrame])}
		if err := c.collective(k, nil); err != nil {
			return nil, err
		}
		reqs, err := c.sendRest(nil, &p, root)
		if e := c.finish(reqs); err == nil {
			err = e
		}
		if wrong != nil {
			err = wrong
		}
		return nil, err
	}
	frames := make([]byte, c.size*object.CollFrame)
	k := engine.Coll{Kind: engine.Gather, Root: root, InPlace: true, Recv: engine.OfBytes(frames)}
	if err := c.collective(k, nil); err != nil {
		return nil, err
	}
	return recvAll(c, frames, v)
}

// recvAll makes the objects of the frames of all ranks, and of what follows
// them from each; own is this rank's.
func recvAll[T any](c *Comm, frames []byte, own T) ([]T, error) {
	vs := make([]T, c.size)
	var first error
	for i := range vs {
		if i == c.rank {
			vs[i] = own
			continue
		}
		in, err := c.openFrame(frames[i*object.CollFrame:(i+1)*object.CollFrame], i)
		if err == nil {
			err = c.recvRest(&in, i)
		}
		if err == nil {
			err = c.decodeFrom(&in, &vs[i], i)
		}
		if first == nil {
			first = err
		}
	}
	if first != nil {
		return nil, first
	}
	return vs, nil
}

// AllgatherObject returns v of all ranks, by rank, on every rank (MPI 5.0
// §6.7). The rank's own element is its v, not a copy. Collective; it blocks
// until this rank's part is done. If a v cannot be encoded, every rank gets an
// error of class ErrCodec.
func AllgatherObject[T any](c *Comm, v T) ([]T, error) {
	if err := c.unusable(); err != nil {
		return nil, err
	}
	p, wrong := c.packFrame(&v)
	defer p.Free()
	frames := make([]byte, c.size*object.CollFrame)
	copy(frames[c.rank*object.CollFrame:], p.First)
	if err := c.collective(engine.Coll{Kind: engine.Allgather, InPlace: true, Recv: engine.OfBytes(frames)}, nil); err != nil {
		return nil, err
	}
	ins, first := make([]object.Incoming, c.size), wrong
	for i := range ins {
		var err error
		if ins[i], err = c.openFrame(frames[i*object.CollFrame:(i+1)*object.CollFrame], i); err == nil && ins[i].Bad != nil {
			err = c.newError("", ErrCodec, i, Undefined, ins[i].Bad)
		}
		if first == nil {
			first = err
		}
	}
	// Every rank has seen the same frames, and so takes the same way from here.
	for i := range ins {
		if ins[i].Bad != nil {
			c.ec.Revoke(first.Error())
			break
		}
	}
	if first != nil {
		return nil, first
	}
	vs := make([]T, c.size)
	for i := range ins {
		if err := c.allgatherRest(&ins[i], p.Rest, i); err != nil {
			return nil, err
		}
		if i == c.rank {
			vs[i] = v
			continue
		}
		if err := c.decodeFrom(&ins[i], &vs[i], i); err != nil && first == nil {
			first = err
		}
	}
	if first != nil {
		return nil, first
	}
	return vs, nil
}

// allgatherRest broadcasts what follows the frame of rank root; own is that of
// this rank.
func (c *Comm) allgatherRest(in *object.Incoming, own [][]byte, root int) error {
	if root == c.rank {
		for _, b := range own {
			if err := c.bcastBytes(b, root); err != nil {
				return err
			}
		}
		return nil
	}
	for b, more := in.Next(); more; b, more = in.Next() {
		if err := c.bcastBytes(b, root); err != nil {
			return err
		}
		in.Got(b, len(b))
		if in.Bad != nil && in.Waiting > 0 {
			return c.outOfStep(root, in.Bad)
		}
	}
	return nil
}

// AlltoallObject sends vs[j] to rank j and returns what the ranks sent to this
// one, by rank (MPI 5.0 §6.8). vs has length Size(); the element for the rank
// itself comes back as it is. Collective; it blocks until this rank's part is
// done. An element that cannot be encoded is an error of class ErrCodec on
// this rank and on the one that it was for.
func AlltoallObject[T any](c *Comm, vs []T) ([]T, error) {
	if err := c.unusable(); err != nil {
		return nil, err
	}
	frames, packs, wrong := packAll(c, vs, c.rank)
	defer freeAll(packs)
	if err := c.collective(engine.Coll{Kind: engine.Alltoall, InPlace: true, Recv: engine.OfBytes(frames)}, nil); err != nil {
		return nil, err
	}
	reqs, err := c.startRests(packs)
	if err != nil {
		return nil, errors.Join(err, c.finish(reqs))
	}
	var own T
	if len(vs) == c.size {
		own = vs[c.rank]
	}
	got, err := recvAll(c, frames, own)
	if e := c.finish(reqs); err == nil {
		err = e
	}
	if wrong != nil {
		err = wrong
	}
	if err != nil {
		return nil, err
	}
	return got, nil
}
