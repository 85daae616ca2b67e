package engine

import (
	"fmt"
	"unsafe"
)

// Kind is the kind of an element.
type Kind uint8

// The kinds. Int, Uint and Uintptr of a Go program appear as the kind of their
// size on the machine.
const (
	Invalid Kind = iota
	Int8
	Int16
	Int32
	Int64
	Uint8
	Uint16
	Uint32
	Uint64
	Float32
	Float64
	Complex64
	Complex128
	Bool
	Struct // struct or array without pointers, described by Fields
	Pair   // value and index for MaxLoc and MinLoc, described by Fields
	Raw    // bytes without a type: an encoded object, a packed layout
	numKinds
)

var kindNames = [numKinds]string{
	"invalid", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
	"float32", "float64", "complex64", "complex128", "bool", "struct", "pair", "raw",
}

var kindSizes = [numKinds]int{0, 1, 2, 4, 8, 1, 2, 4, 8, 4, 8, 8, 16, 1, 0, 0, 1}

// String returns the name of the Go type.
func (k Kind) String() string {
	if k >= numKinds {
		return fmt.Sprintf("kind(%d)", uint8(k))
	}
	return kindNames[k]
}

// Size is the size in bytes of an element of a basic kind, 0 for Struct and Pair.
func (k Kind) Size() int {
	if k >= numKinds {
		return 0
	}
	return kindSizes[k]
}

// Field is a run of equal basic elements inside an element of kind Struct or
// Pair.
type Field struct {
	Offset int // bytes from the start of the element
	Kind   Kind
	Count  int
	Name   string // path of the field, for messages
}

// Type describes an element. A Type is immutable; there is one per Go type in
// a process, so types of one process may be compared by pointer.
type Type struct {
	Kind   Kind
	Size   int    // bytes from one element of a slice to the next
	Sig    Sig    // travels with every message
	Name   string // the Go type, for messages
	Fields []Field
}

// Sig is the type signature that travels in a message header: the kind in the
// low 8 bits; above them, for Struct and Pair, 24 bits of a hash over size and
// fields. Two types with equal signatures have equal layouts in memory.
// The zero Sig matches everything (a library below may not transmit it).
type Sig uint32

// Kind returns the kind in the signature.
func (s Sig) Kind() Kind { return Kind(s & 0xff) }

// Matches reports whether a message of signature s may be received as t: the
// element types are the same (MPI 5.0 §3.3.1), or one is not known.
func (s Sig) Matches(t Sig) bool { return s == t || s == 0 || t == 0 }

// String names the kind; a struct or pair with its hash.
func (s Sig) String() string {
	if k := s.Kind(); k == Struct || k == Pair {
		return fmt.Sprintf("%v#%06x", k, uint32(s)>>8)
	}
	return s.Kind().String()
}

var basicTypes = func() (ts [numKinds]*Type) {
	for k := Int8; k < numKinds; k++ {
		if k != Struct && k != Pair {
			ts[k] = &Type{Kind: k, Size: kindSizes[k], Sig: Sig(k), Name: kindNames[k]}
		}
	}
	return ts
}()

// Basic returns the type of a basic kind; Struct and Pair have none.
func Basic(k Kind) *Type { return basicTypes[k] }

// NewStruct describes a struct, array or pair of size bytes with the given
// fields; its signature hashes size, offsets, kinds and counts, not names.
func NewStruct(k Kind, name string, size int, fields []Field) *Type {
	h := NewHash.Add(size)
	for _, f := range fields {
		h = h.Add(f.Offset).Add(int(f.Kind)).Add(f.Count)
	}
	h ^= h >> 32
	h ^= h >> 24
	return &Type{Kind: k, Size: size, Sig: Sig(uint32(h)<<8 | uint32(k)), Name: name, Fields: fields}
}

// Buf is a view of the user's memory: Count elements of Type starting at Ptr,
// contiguous, or picked out of it by Layout. The memory stays the user's; an
// engine keeps Ptr no longer than the operation runs.
type Buf struct {
	Ptr    unsafe.Pointer
	Count  int // elements to transfer
	Type   *Type
	Layout *Layout // nil: Count contiguous elements; else Count == Layout.Count()
}

// Bytes is the number of bytes that travel.
func (b Buf) Bytes() int { return b.Count * b.Type.Size }

// Slice returns the memory of a contiguous buffer.
func (b Buf) Slice() []byte { return unsafe.Slice((*byte)(b.Ptr), b.Bytes()) }

// At returns the contiguous part of count elements that starts off elements
// into b. A part of no elements may lie at the end of b: its pointer is that
// of b, since one past the end might point into other memory.
func (b Buf) At(off, count int) Buf {
	if count == 0 {
		return Buf{Ptr: b.Ptr, Type: b.Type}
	}
	return Buf{Ptr: unsafe.Add(b.Ptr, off*b.Type.Size), Count: count, Type: b.Type}
}

// OfBytes describes p as raw bytes.
func OfBytes(p []byte) Buf {
	return Buf{Ptr: unsafe.Pointer(unsafe.SliceData(p)), Count: len(p), Type: basicTypes[Raw]}
}
