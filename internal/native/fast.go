package native

import (
	"runtime"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// The short way of what programs call most: contiguous elements of a basic
// type, no context, one call into the library. It does what the long way does,
// except what such a call does not need: a good part of a call lies on the way
// of a small message from one rank to the other.

// contiguousType returns the library's datatype of a buffer that can take the
// short way.
func (d *driver) contiguousType(b *engine.Buf) (dtype uintptr, ok bool) {
	if b.Layout != nil || b.Type == nil || uint(b.Count-d.leastRecv) > uint(d.maxCount-d.leastRecv) || d.serial {
		return 0, false
	}
	kind := b.Type.Kind
	return d.types.basic[kind], kind != engine.Struct && kind != engine.Pair
}

// short starts a point-to-point operation on the short way and polls it.
func (c *comm) short(entry uintptr, b *engine.Buf, dtype uintptr, peer, tag int) *request {
	r := c.d.requests.Get().(*request)
	r.flag = 0
	k := &r.block
	k.Fn, k.Polls = entry, batch
	k.Args[0], k.Args[1], k.Args[2] = pointer(b.Ptr), integer(b.Count), dtype
	k.Args[3], k.Args[4], k.Args[5], k.Args[6] = integer(peer), integer(tag), c.handle, pointer(unsafe.Pointer(&r.handle))
	k.Run()
	k.Fn = 0
	r.breathe(b.Count * b.Type.Size)
	return r
}

// rest waits for an operation that the short way has started and not completed.
func (r *request) rest(c *comm, kind opKind, p unsafe.Pointer, peer, tag int) (engine.Status, error) {
	r.comm, r.kind, r.peer, r.tag = c, kind, peer, tag
	r.hold(p)
	if r.block.Ret != 0 {
		return r.end(r.error())
	}
	return r.complete(nil)
}

// sendShort is Send in standard mode to another rank.
func (c *comm) sendShort(b *engine.Buf, dtype uintptr, dest, tag int) error {
	r := c.short(c.d.entries.isend, b, dtype, dest, tag)
	if r.flag != 0 && r.block.Ret == 0 {
		runtime.KeepAlive(b.Ptr)
		c.d.requests.Put(r)
		return nil
	}
	_, err := r.rest(c, opSend, b.Ptr, dest, tag)
	return err
}

// recvShort is Recv of a tag that the library knows.
func (c *comm) recvShort(b *engine.Buf, dtype uintptr, source, tag int) (engine.Status, error) {
	d, wireSource, wireTag := c.d, source, tag
	if source == engine.AnySource {
		wireSource = d.anySource
	}
	if tag == engine.AnyTag {
		wireTag = d.anyTag
	}
	r := c.short(d.entries.irecv, b, dtype, wireSource, wireTag)
	if r.flag != 0 && r.block.Ret == 0 {
		runtime.KeepAlive(b.Ptr)
		st := d.convert(&r.status)
		d.requests.Put(r)
		return st, nil
	}
	return r.rest(c, opRecv, b.Ptr, source, tag)
}

// collectiveShort runs Barrier, Bcast and Allreduce; ok is false when the
// collective has to go the long way.
func (c *comm) collectiveShort(k *engine.Coll) (ok bool, err error) {
	d := c.d
	var dtype, op uintptr
	switch k.Kind {
	case engine.Barrier:
		if d.serial {
			return false, nil
		}
	case engine.Bcast:
		if dtype, ok = d.contiguousType(&k.Recv); !ok {
			return false, nil
		}
	case engine.Allreduce:
		if dtype, ok = d.contiguousType(&k.Recv); !ok || !k.InPlace && k.Send.Layout != nil {
			return false, nil
		}
		if op = d.ops.native(d, k.Op); op == 0 {
			return false, nil
		}
	default:
		return false, nil
	}
	r := d.requests.Get().(*request)
	b := &r.block
	poll := b.Poll
	b.Fn, b.Poll, b.Polls = d.fn(collective(k.Kind, 0)), 0, 0
	a := &b.Args
	switch k.Kind {
	case engine.Barrier:
		a[0] = c.handle
	case engine.Bcast:
		a[0], a[1], a[2], a[3], a[4] = pointer(k.Recv.Ptr), integer(k.Recv.Count), dtype, integer(k.Root), c.handle
	case engine.Allreduce:
		a[0] = d.inPlace
		if !k.InPlace {
			a[0] = pointer(k.Send.Ptr)
		}
		a[1], a[2], a[3], a[4], a[5] = pointer(k.Recv.Ptr), integer(k.Recv.Count), dtype, op, c.handle
	}
	b.Run()
	runtime.KeepAlive(k.Send.Ptr)
	runtime.KeepAlive(k.Recv.Ptr)
	b.Fn, b.Poll = 0, poll
	bytes := 0
	if k.Recv.Type != nil {
		bytes = k.Recv.Count * k.Recv.Type.Size
	}
	r.breathe(bytes)
	if b.Ret != 0 {
		r.comm, r.kind = c, opColl
		_, err = r.end(r.error())
		return true, err
	}
	d.requests.Put(r)
	return true, nil
}
