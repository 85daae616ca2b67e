package native

import (
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/native/abi"
)

// status is room for the MPI_Status of any interface.
type status [4]uint64

func (s *status) word(offset uintptr) *int32 {
	return (*int32)(unsafe.Add(unsafe.Pointer(s), offset))
}

// statusLayout says where a library keeps what in an MPI_Status. The standard
// fixes only source and tag; the number of bytes and the cancelled bit are
// found by watching MPI_Status_set_elements_x and MPI_Status_set_cancelled
// write them. A layout that is not understood is read by calls.
type statusLayout struct {
	source, tag uintptr

	learned   bool
	low, high uintptr // offsets of the two halves of the count
	shift     uint    // the upper half is stored shifted left by this many bits
	cancel    uintptr // offset of the word with the cancelled bit
	mask      uint32  // the bit or bits
}

// learn finds out the layout. It is called after MPI_Init_thread.
func (l *statusLayout) learn(d *driver) {
	set := fnStatusSetElementsC
	if d.fn(set) == 0 {
		set = fnStatusSetElementsX
	}
	size := uintptr(d.abi.Must(abi.SizeStatus))
	if d.fn(set) == 0 || d.fn(fnStatusSetCancelled) == 0 {
		return
	}
	bytes := d.types.basic[engine.Raw]
	write := func(count uint64, cancelled bool) *status {
		s := new(status)
		flag := uintptr(0)
		if cancelled {
			flag = 1
		}
		if d.call(set, uintptr(unsafe.Pointer(s)), bytes, uintptr(count)) != 0 ||
			d.call(fnStatusSetCancelled, uintptr(unsafe.Pointer(s)), flag) != 0 {
			return nil
		}
		return s
	}
	const low, high = 0x5a3c9617, 0x12345 // no bit pattern occurs twice
	s, off, on := write(high<<32|low, false), write(0, false), write(0, true)
	if s == nil || off == nil || on == nil {
		return
	}
	free := func(o uintptr) bool { return o != l.source && o != l.tag }
	var haveLow, haveHigh, haveCancel bool
	for o := uintptr(0); o < size; o += 4 {
		if !free(o) {
			continue
		}
		switch w := uint32(*s.word(o)); w {
		case low:
			l.low, haveLow = o, true
		case high:
			l.high, l.shift, haveHigh = o, 0, true
		case high << 1:
			l.high, l.shift, haveHigh = o, 1, true
		}
		if diff := uint32(*on.word(o)) ^ uint32(*off.word(o)); diff != 0 {
			if haveCancel {
				return // two words changed
			}
			l.cancel, l.mask, haveCancel = o, diff, true
		}
	}
	l.learned = haveLow && haveHigh && haveCancel
	for _, c := range []uint64{0, 1, 7, 0x7fffffff, 0x80000000, 0xffffffff, 1 << 32, 1<<40 + 3} {
		for _, cancelled := range []bool{false, true} {
			if s := write(c, cancelled); s == nil || l.bytes(s) != int(c) || l.cancelled(s) != cancelled {
				l.learned = false
			}
		}
	}
}

func (l *statusLayout) bytes(s *status) int {
	return int(uint64(uint32(*s.word(l.low))) | uint64(uint32(*s.word(l.high))>>l.shift)<<32)
}

func (l *statusLayout) cancelled(s *status) bool {
	return uint32(*s.word(l.cancel))&l.mask != 0
}

// convert makes the engine's status of the library's.
func (d *driver) convert(s *status) engine.Status {
	l := &d.status
	st := engine.Status{Source: int(*s.word(l.source)), Tag: int(*s.word(l.tag))}
	if l.learned {
		st.Bytes, st.Cancelled = l.bytes(s), l.cancelled(s)
	} else {
		st.Bytes, st.Cancelled = d.askStatus(s)
	}
	if st.Cancelled {
		st.Source, st.Tag, st.Bytes = engine.AnySource, engine.AnyTag, 0
	}
	return st
}

// askStatus reads a status by calls.
func (d *driver) askStatus(s *status) (bytes int, cancelled bool) {
	flag, small, large := new(int32), new(int32), new(int64)
	d.call(fnTestCancelled, uintptr(unsafe.Pointer(s)), uintptr(unsafe.Pointer(flag)))
	byteType := d.types.basic[engine.Raw]
	if d.fn(fnGetCountC) != 0 {
		d.call(fnGetCountC, uintptr(unsafe.Pointer(s)), byteType, uintptr(unsafe.Pointer(large)))
		return int(*large), *flag != 0
	}
	d.call(fnGetCount, uintptr(unsafe.Pointer(s)), byteType, uintptr(unsafe.Pointer(small)))
	return int(*small), *flag != 0
}
