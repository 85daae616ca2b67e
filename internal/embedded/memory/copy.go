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
