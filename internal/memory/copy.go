package memory

import "unsafe"

// copyPiece is the most that one memmove copies: it cannot be preempted, and a
// collector that wants to stop the world waits for it.
const copyPiece = 256 << 10

// Copy copies n bytes from src to dst, which do not overlap.
func Copy(dst, src unsafe.Pointer, n int) {
	for n > copyPiece {
		copy(unsafe.Slice((*byte)(dst), copyPiece), unsafe.Slice((*byte)(src), copyPiece))
		dst, src = unsafe.Add(dst, copyPiece), unsafe.Add(src, copyPiece)
		n -= copyPiece
	}
	if n > 0 {
		copy(unsafe.Slice((*byte)(dst), n), unsafe.Slice((*byte)(src), n))
	}
}

// CopyOut is Copy to memory that another core is about to read: what it writes
// is demoted (see Demote) while it goes on.
func CopyOut(dst, src unsafe.Pointer, n int) {
	const piece = 512
	for n > piece {
		copy(unsafe.Slice((*byte)(dst), piece), unsafe.Slice((*byte)(src), piece))
		Demote(dst, piece)
		dst, src = unsafe.Add(dst, piece), unsafe.Add(src, piece)
		n -= piece
	}
	if n > 0 {
		copy(unsafe.Slice((*byte)(dst), n), unsafe.Slice((*byte)(src), n))
		Demote(dst, n)
	}
}

// CopyIn is Copy of what another core has just written. It cuts what is just
// above 2 KiB in two: for more than that memmove uses an instruction (REP MOVS)
// that is slow to start, and pays off only for more than copyInMax.
func CopyIn(dst, src unsafe.Pointer, n int) {
	if n >= 2048 && n <= copyInMax {
		copy(unsafe.Slice((*byte)(dst), 1024), unsafe.Slice((*byte)(src), 1024))
		dst, src = unsafe.Add(dst, 1024), unsafe.Add(src, 1024)
		n -= 1024
	}
	Copy(dst, src, n)
}

const copyInMax = 2400
