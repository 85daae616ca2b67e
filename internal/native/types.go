package native

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/native/abi"
)

// kindTypes are the datatypes of the basic kinds.
var kindTypes = map[engine.Kind]abi.HandleID{
	engine.Int8: abi.Int8T, engine.Int16: abi.Int16T, engine.Int32: abi.Int32T, engine.Int64: abi.Int64T,
	engine.Uint8: abi.Uint8T, engine.Uint16: abi.Uint16T, engine.Uint32: abi.Uint32T, engine.Uint64: abi.Uint64T,
	engine.Float32: abi.Float, engine.Float64: abi.Double,
	engine.Complex64: abi.CFloatComplex, engine.Complex128: abi.CDoubleComplex,
	engine.Bool: abi.CBool, engine.Raw: abi.Byte,
}

// typeTable holds the library's datatypes. Structs, arrays and pairs travel as
// that many bytes: all ranks run the same program, so a description of their
// fields would tell the library nothing that it could use, and bytes are what
// it copies fastest.
type typeTable struct {
	basic [engine.Raw + 1]uintptr
	small [smallSizes]atomic.Uintptr // contiguous bytes, by size
	lock  sync.Mutex
	large map[int]uintptr

	layouts layoutTable
}

// smallSizes bounds the sizes that are found without a lock.
const smallSizes = 257

func (t *typeTable) init(l *library) error {
	for kind, id := range kindTypes {
		h, ok := l.predefined(id)
		if !ok {
			return engine.Errorf(engine.ErrLaunch, "%s lacks %s of the %s interface", l.path, id, l.abi.Name)
		}
		t.basic[kind] = h
	}
	t.large = map[int]uintptr{}
	return nil
}

// datatype returns the library's datatype for an element type; a nil type,
// that of an unset buffer, is as good as bytes.
func (d *driver) datatype(t *engine.Type) (uintptr, error) {
	switch {
	case t == nil:
		return d.types.basic[engine.Raw], nil
	case t.Kind != engine.Struct && t.Kind != engine.Pair:
		return d.types.basic[t.Kind], nil
	case t.Size < smallSizes:
		if h := d.types.small[t.Size].Load(); h != 0 {
			return h, nil
		}
	}
	return d.bytesType(t.Size)
}

func (d *driver) bytesType(size int) (uintptr, error) {
	d.types.lock.Lock()
	defer d.types.lock.Unlock()
	if h, ok := d.types.large[size]; ok {
		return h, nil
	}
	h, err := d.contiguous(size, d.types.basic[engine.Raw], 1)
	if err != nil {
		return 0, err
	}
	d.types.large[size] = h
	if size < smallSizes {
		d.types.small[size].Store(h)
	}
	return h, nil
}

// contiguous makes a datatype of count elements of a datatype of size bytes,
// also where count does not fit an int. The caller frees it.
func (d *driver) contiguous(count int, of uintptr, size int) (uintptr, error) {
	if count <= d.maxCount {
		return d.commit(d.repeated(count, of))
	}
	// Blocks of as many elements as fit, and what remains after them.
	block := d.maxCount
	chunk, err := d.repeated(block, of)
	if err != nil {
		return 0, err
	}
	defer d.freeType(chunk)
	body, err := d.contiguousOf(count/block, chunk, block*size)
	if err != nil {
		return 0, err
	}
	defer d.freeType(body)
	rest, err := d.repeated(count%block, of)
	if err != nil {
		return 0, err
	}
	defer d.freeType(rest)
	return d.commit(d.structType([]int64{0, int64(count / block * block * size)}, []uintptr{body, rest}))
}

// contiguousOf is contiguous for an inner type, which needs no commit.
func (d *driver) contiguousOf(count int, of uintptr, size int) (uintptr, error) {
	if count > d.maxCount {
		return d.contiguous(count, of, size)
	}
	return d.repeated(count, of)
}

// structType makes a datatype of one element of each of the given ones.
func (d *driver) structType(displs []int64, types []uintptr) (uintptr, error) {
	lens := make([]int32, len(types))
	for i := range lens {
		lens[i] = 1
	}
	list := d.handleArray(types)
	out := new(uintptr)
	rc := d.call(fnTypeStruct, integer(len(types)), uintptr(unsafe.Pointer(unsafe.SliceData(lens))),
		uintptr(unsafe.Pointer(unsafe.SliceData(displs))), uintptr(unsafe.Pointer(unsafe.SliceData(list))), uintptr(unsafe.Pointer(out)))
	return d.newType(rc, out, fnTypeStruct)
}

// newType is the end of a type constructor. (The address of out is converted
// in the call's own argument list: only there does the compiler keep it from
// the stack, which may move.)
func (d *driver) newType(rc int32, out *uintptr, f function) (uintptr, error) {
	if rc != 0 {
		return 0, d.fail(rc, f.String())
	}
	return *out, nil
}

// repeated makes a datatype of count elements, which fit an int.
func (d *driver) repeated(count int, of uintptr) (uintptr, error) {
	out := new(uintptr)
	rc := d.call(fnTypeContiguous, integer(count), of, uintptr(unsafe.Pointer(out)))
	return d.newType(rc, out, fnTypeContiguous)
}

// commit makes a type fit for communication.
func (d *driver) commit(h uintptr, err error) (uintptr, error) {
	if err != nil {
		return 0, err
	}
	p := new(uintptr)
	*p = h
	if rc := d.call(fnTypeCommit, uintptr(unsafe.Pointer(p))); rc != 0 {
		return 0, d.fail(rc, "MPI_Type_commit")
	}
	return *p, nil
}

// freeType gives a type back; the library keeps it for operations under way
// and types made of it.
func (d *driver) freeType(h uintptr) {
	p := new(uintptr)
	*p = h
	d.call(fnTypeFree, uintptr(unsafe.Pointer(p)))
}

// handleArray makes the array of handles that the interface wants: 4 or 8
// bytes each.
func (d *driver) handleArray(handles []uintptr) []uintptr {
	if d.wideHandles() {
		return handles
	}
	packed := make([]uintptr, (len(handles)+1)/2)
	words := unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(packed))), 2*len(packed))
	for i, h := range handles {
		words[i] = uint32(h)
	}
	return packed
}

// release frees all datatypes.
func (t *typeTable) release(d *driver) {
	for _, h := range t.large {
		d.freeType(h)
	}
	for _, bucket := range t.layouts.list {
		for _, x := range bucket {
			d.freeType(x.handle)
		}
	}
}
