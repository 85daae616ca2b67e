package native

import (
	"slices"
	"sync"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// The engine packs a layout that is small or irregular. One that is large and
// regular travels as a derived datatype of the library, which can move it in
// pieces, without a second copy. The limits are measured: below them, making
// and looking up a datatype costs more than packing.
const (
	derivedBytes = 64 << 10 // least size
	derivedRuns  = 16       // most runs
	maxLayouts   = 128      // datatypes kept
)

// layoutType is a cached derived datatype.
type layoutType struct {
	handle uintptr
	of     uintptr
	size   int
	runs   []engine.Run
	refs   int // operations about to begin with it
	used   uint64
}

// layoutTable keeps derived datatypes of layouts by what they say, because a
// program makes the same layout again and again.
type layoutTable struct {
	lock  sync.Mutex
	list  map[engine.Hash][]*layoutType
	count int
	clock uint64
}

// derived tells whether a layout goes as a derived datatype.
func derived(b engine.Buf) bool {
	return b.Bytes() >= derivedBytes && len(b.Layout.Runs()) <= derivedRuns
}

func hashRuns(runs []engine.Run, of uintptr, size int) engine.Hash {
	h := engine.NewHash.Add(int(of)).Add(size)
	for _, r := range runs {
		h = h.Add(r.Offset).Add(r.Len).Add(r.Count).Add(r.Stride)
	}
	return h
}

// get returns the datatype of a layout of elements of type of, size bytes
// each. release gives it back when the operation that uses it is complete.
func (t *layoutTable) get(d *driver, l *engine.Layout, of uintptr, size int) (*layoutType, error) {
	runs := l.Runs()
	key := hashRuns(runs, of, size)
	t.lock.Lock()
	defer t.lock.Unlock()
	t.clock++
	for _, x := range t.list[key] {
		if x.of == of && x.size == size && slices.Equal(x.runs, runs) {
			x.refs++
			x.used = t.clock
			return x, nil
		}
	}
	h, err := d.layoutType(runs, of, size)
	if err != nil {
		return nil, err
	}
	if t.count >= maxLayouts {
		t.evict(d)
	}
	x := &layoutType{handle: h, of: of, size: size, runs: slices.Clone(runs), refs: 1, used: t.clock}
	if t.list == nil {
		t.list = map[engine.Hash][]*layoutType{}
	}
	t.list[key] = append(t.list[key], x)
	t.count++
	return x, nil
}

func (t *layoutTable) release(d *driver, x *layoutType) {
	t.lock.Lock()
	x.refs--
	t.lock.Unlock()
}

// evict frees the unused datatype that was used longest ago. With all in use
// the table grows.
func (t *layoutTable) evict(d *driver) {
	var oldest *layoutType
	var key engine.Hash
	for k, bucket := range t.list {
		for _, x := range bucket {
			if x.refs == 0 && (oldest == nil || x.used < oldest.used) {
				oldest, key = x, k
			}
		}
	}
	if oldest == nil {
		return
	}
	d.freeType(oldest.handle)
	t.list[key] = slices.DeleteFunc(t.list[key], func(x *layoutType) bool { return x == oldest })
	if len(t.list[key]) == 0 {
		delete(t.list, key)
	}
	t.count--
}

// layoutType makes the datatype of runs: a strided vector each, put together
// at their offsets.
func (d *driver) layoutType(runs []engine.Run, of uintptr, size int) (uintptr, error) {
	var displs []int64
	var parts []uintptr
	defer func() {
		for _, p := range parts {
			d.freeType(p)
		}
	}()
	for _, r := range runs {
		if r.Len == 0 || r.Count == 0 {
			continue
		}
		block, own := of, false
		length := r.Len
		if length > d.maxCount || r.Count > d.maxCount {
			h, err := d.contiguous(length, of, size)
			if err != nil {
				return 0, err
			}
			block, own, length = h, true, 1
		}
		h, err := d.vector(r.Count, length, int64(r.Stride)*int64(size), block)
		if own {
			d.freeType(block)
		}
		if err != nil {
			return 0, err
		}
		parts = append(parts, h)
		displs = append(displs, int64(r.Offset)*int64(size))
	}
	return d.commit(d.structType(displs, parts))
}

// strided makes count blocks of length elements, stride bytes apart; both fit
// an int.
func (d *driver) strided(count, length int, stride int64, of uintptr) (uintptr, error) {
	out := new(uintptr)
	rc := d.call(fnTypeHvector, integer(count), integer(length), uintptr(stride), of, uintptr(unsafe.Pointer(out)))
	return d.newType(rc, out, fnTypeHvector)
}

// vector makes count blocks of length elements, stride bytes apart, for any
// count.
func (d *driver) vector(count, length int, stride int64, of uintptr) (uintptr, error) {
	if count <= d.maxCount {
		return d.strided(count, length, stride, of)
	}
	inner, err := d.strided(d.maxCount, length, stride, of)
	if err != nil {
		return 0, err
	}
	defer d.freeType(inner)
	outer, err := d.vector(count/d.maxCount, 1, stride*int64(d.maxCount), inner)
	if err != nil {
		return 0, err
	}
	rest := count % d.maxCount
	if rest == 0 {
		return outer, nil
	}
	defer d.freeType(outer)
	tail, err := d.strided(rest, length, stride, of)
	if err != nil {
		return 0, err
	}
	defer d.freeType(tail)
	return d.structType([]int64{0, int64(count-rest) * stride}, []uintptr{outer, tail})
}

// wire is what the library is given of a buffer.
type wire struct {
	ptr   uintptr
	count int
	dtype uintptr
	elem  int // bytes from one element of dtype to the next
}

// stage makes the library's view of a buffer and keeps the memory in r: the
// user's own, a derived datatype over it, or a packed copy. A private copy is
// made of a buffer that must not be touched after the call has returned.
func (r *request) stage(b engine.Buf, receive, private bool) (wire, error) {
	d := r.d
	dtype, err := d.datatype(b.Type)
	if err != nil {
		return wire{}, err
	}
	elem := 1
	if b.Type != nil {
		elem = b.Type.Size
	}
	switch {
	case b.Layout == nil && !private:
		r.hold(b.Ptr)
		return wire{pointer(b.Ptr), b.Count, dtype, elem}, nil
	case b.Layout != nil && !private && derived(b):
		x, err := d.types.layouts.get(d, b.Layout, dtype, elem)
		if err != nil {
			return wire{}, err
		}
		r.ext().layouts = append(r.ext().layouts, x)
		r.hold(b.Ptr)
		return wire{pointer(b.Ptr), 1, x.handle, b.Layout.Span() * elem}, nil
	}
	if b.Type == nil || b.Bytes() == 0 {
		return wire{0, 0, dtype, elem}, nil
	}
	tmp := make([]byte, b.Bytes())
	x := r.ext()
	if receive {
		x.unpack = append(x.unpack, unpacking{to: b, tmp: tmp})
	} else if b.Layout != nil {
		b.Layout.Pack(tmp, b.Ptr, elem)
	} else {
		copy(tmp, b.Slice())
	}
	p := unsafe.Pointer(unsafe.SliceData(tmp))
	r.hold(p)
	return wire{pointer(p), b.Count, dtype, elem}, nil
}

// hold keeps memory reachable until the request is complete.
func (r *request) hold(p unsafe.Pointer) {
	switch {
	case p == nil:
	case r.keep[0] == nil:
		r.keep[0] = p
	case r.keep[1] == nil:
		r.keep[1] = p
	default:
		x := r.ext()
		x.keep = append(x.keep, p)
	}
}
