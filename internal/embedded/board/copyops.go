package board

import (
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/memory"
)

// Sizes at which one way becomes slower than the next.
const (
	demoteMax = 1 << 10  // longer ones gain nothing from memory.Demote
	splitMin  = 16 << 10 // from here on, of two members both move a part
	page      = 4 << 10
	longHome  = 512 << 10

	// The inputs of reductions go through the board up to here, if not further:
	// a member that pulls them has to wait twice.
	eagerSum = 36 << 10

	// Where members outnumber cores, what a root sends goes through the board
	// up to the first of these lengths, what it receives up to the second.
	eagerOut = 12 << 10
	crowdFew = 8 // members, up to which a bcast goes through the board at every length that fits
	eagerIn  = 128 << 10
)

// eager is the longest contribution that a member copies to its block of the
// board. Longer ones are pulled out of its memory by a system call. That call
// costs more than it saves where members outnumber cores: a copy through the
// cache that two members share is cheap, and nobody waits for the reader.
func (b *Board) eager() int {
	if b.tree || b.pull && !b.crowd {
		return b.slot
	}
	return b.half
}

// eagerReduce is eager for the input of a reduction.
func (b *Board) eagerReduce() int {
	if b.tree {
		return b.slot
	}
	if b.pull && !b.crowd {
		return min(eagerSum, b.half)
	}
	return b.half
}

// eagerRoot is eager for what a root sends to all others, which is written by
// one core and read by several.
func (b *Board) eagerRoot() int {
	if b.pull {
		return min(eagerOut, b.eager())
	}
	return b.eager()
}

// eagerBcast is eagerRoot for a bcast. A few members copy from the board what
// they would otherwise pull while the root waits; many copy it often, and what
// the root has written does not stay in the cache for them.
func (b *Board) eagerBcast() int {
	n := b.eager()
	if b.pull && !(b.crowd && b.size <= crowdFew) {
		n = min(eagerOut, n)
	}
	return n
}

// eagerLeaf is eager for a block of a gather.
func (b *Board) eagerLeaf() int {
	if b.pull {
		return min(eagerIn, b.eager())
	}
	return b.eager()
}

// take copies n bytes that member r has published at address a.
func (b *Board) take(dst unsafe.Pointer, r int, a uintptr, n int) error {
	if n == 0 || a == 0 { // nothing, or not offered
		return nil
	}
	if b.local {
		copyBytes(dst, pointer(a), n)
		return nil
	}
	return b.host.Pull(dst, r, a, n)
}

// give copies n bytes to where member r wants them.
func (b *Board) give(r int, a uintptr, src unsafe.Pointer, n int) error {
	if n == 0 || a == 0 {
		return nil
	}
	if b.local {
		copyBytes(pointer(a), src, n)
		return nil
	}
	return b.host.Push(r, a, src, n)
}

// copyBytes is memory.Copy for buffers that may be the same.
func copyBytes(dst, src unsafe.Pointer, n int) {
	if dst != src && n > 0 {
		memory.Copy(dst, src, n)
	}
}

// blocks is a buffer with a block for every member.
type blocks struct {
	ptr            unsafe.Pointer
	size           int // bytes of an element
	n              int // elements of a block, when counts is nil
	counts, displs []int
}

func (s *blocks) bytes(r int) int {
	if s.counts != nil {
		return s.counts[r] * s.size
	}
	return s.n * s.size
}

// at returns where the block of member r is. An empty one is nowhere: a pointer
// past the end of the buffer would be one into other memory.
func (s *blocks) at(r int) unsafe.Pointer {
	if s.bytes(r) == 0 {
		return s.ptr
	}
	if s.counts != nil {
		return unsafe.Add(s.ptr, s.displs[r]*s.size)
	}
	return unsafe.Add(s.ptr, r*s.n*s.size)
}

// even describes a buffer of size equal blocks.
func (b *Board) even(buf *engine.Buf) blocks {
	return blocks{ptr: buf.Ptr, size: buf.Type.Size, n: buf.Count / b.size}
}

// uneven describes a buffer with a count for every member; without
// displacements, the blocks follow one another.
func (b *Board) uneven(buf *engine.Buf, counts, displs []int, which int) blocks {
	if displs == nil {
		displs = b.displs[which][:0]
		at := 0
		for _, n := range counts {
			displs = append(displs, at)
			at += n
		}
		b.displs[which] = displs
	}
	return blocks{ptr: buf.Ptr, size: buf.Type.Size, counts: counts, displs: displs}
}

// cut is how many of n bytes the receiver pulls while the sender pushes the
// rest, when one of them also has bytes of its own to copy. The sender pushes
// faster than the receiver pulls, since it has just written the bytes and has
// them in its cache. A copy of its own beyond longHome leaves that cache.
func cut(n, senderOwn, receiverOwn int) int {
	if n < splitMin {
		return 0
	}
	weight := 2
	if senderOwn > longHome {
		weight = 4
	}
	pulled := (2*n + weight*senderOwn - receiverOwn) / 7
	return max(0, min(n, pulled)) &^ (page - 1)
}
