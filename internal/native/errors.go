package native

import (
	"fmt"
	"strings"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/native/abi"
)

// classPairs translates error classes. The first pair of an engine class is
// the one that stands for it in the other direction.
var classPairs = []struct {
	mpi    abi.IntID
	engine engine.Class
}{
	{abi.Success, engine.ErrNone},
	{abi.ErrBuffer, engine.ErrBuffer},
	{abi.ErrCount, engine.ErrCount},
	{abi.ErrType, engine.ErrType},
	{abi.ErrTag, engine.ErrTag},
	{abi.ErrComm, engine.ErrComm},
	{abi.ErrRank, engine.ErrRank},
	{abi.ErrRoot, engine.ErrRoot},
	{abi.ErrGroup, engine.ErrGroup},
	{abi.ErrOp, engine.ErrOp},
	{abi.ErrRequest, engine.ErrRequest},
	{abi.ErrArg, engine.ErrArg},
	{abi.ErrTopology, engine.ErrArg},
	{abi.ErrDims, engine.ErrArg},
	{abi.ErrKeyval, engine.ErrArg},
	{abi.ErrInfo, engine.ErrArg},
	{abi.ErrInfoKey, engine.ErrArg},
	{abi.ErrInfoValue, engine.ErrArg},
	{abi.ErrTruncate, engine.ErrTruncate},
	{abi.ErrPending, engine.ErrPending},
	{abi.ErrProcFailed, engine.ErrProcFailed},
	{abi.ErrProcAborted, engine.ErrProcFailed},
	{abi.ErrRevoked, engine.ErrRevoked},
	{abi.ErrUnsupportedOperation, engine.ErrUnsupported},
	{abi.ErrUnsupportedDatarep, engine.ErrUnsupported},
	{abi.ErrNoMem, engine.ErrNoMem},
	{abi.ErrNoSpace, engine.ErrNoMem},
	{abi.ErrIntern, engine.ErrIntern},
	{abi.ErrOther, engine.ErrOther},
	{abi.ErrUnknown, engine.ErrOther},
}

// nativeClasses maps the error classes of an interface to the engine's.
func nativeClasses(t *abi.Table) map[int32]engine.Class {
	m := map[int32]engine.Class{}
	for _, p := range classPairs {
		if v, ok := t.Get(p.mpi); ok {
			m[int32(v)] = p.engine
		}
	}
	return m
}

// nativeClass returns the error class of an interface that stands for the
// engine's: MPI_ERR_OTHER for those that MPI does not know.
func nativeClass(t *abi.Table, c engine.Class) int32 {
	for _, p := range classPairs {
		if p.engine == c {
			if v, ok := t.Get(p.mpi); ok {
				return int32(v)
			}
		}
	}
	return int32(t.Must(abi.ErrOther))
}

// fail makes the error of an entry point's result: the class, and the
// library's own text.
func (d *driver) fail(rc int32, what string) *engine.Error {
	return d.failPeer(rc, engine.NoPeer, 0, what)
}

func (d *driver) failPeer(rc int32, peer, tag int, what string) *engine.Error {
	text := d.errorText(rc)
	if what != "" {
		text = what + ": " + text
	}
	e := engine.Errorf(d.class(rc), "%s", text)
	e.Peer, e.Tag = peer, tag
	return e
}

func (d *driver) class(rc int32) engine.Class {
	class := new(int32)
	if d.call(fnErrorClass, uintptr(uint32(rc)), uintptr(unsafe.Pointer(class))) != 0 {
		return engine.ErrOther
	}
	if c, ok := d.classes[*class]; ok {
		return c
	}
	return engine.ErrOther
}

// errorText is the library's text for an error code, on one line.
func (d *driver) errorText(rc int32) string {
	text := new(struct {
		length int32
		bytes  [8192]byte
	})
	if d.call(fnErrorString, uintptr(uint32(rc)), uintptr(unsafe.Pointer(&text.bytes)), uintptr(unsafe.Pointer(&text.length))) != 0 {
		return fmt.Sprintf("MPI error code %d", rc)
	}
	s := string(text.bytes[:max(0, min(int(text.length), len(text.bytes)))])
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' || r == 0 }), "; ")
}

var (
	errFinalized        = engine.Errorf(engine.ErrFinalized, "MPI_Finalize has been called")
	errFreed            = engine.Errorf(engine.ErrComm, "the communicator has been freed")
	errCollectiveCancel = engine.Errorf(engine.ErrUnsupported, "a collective cannot be cancelled")
)

// errDone is what a call returns when its done channel is closed first.
func errDone(peer, tag int, what string) *engine.Error {
	return engine.PeerErrorf(engine.ErrCancelled, peer, tag, "%s", what)
}
