package mpi

import "math"

// The functions below exchange the lengths themselves, by one small collective
// before that of the data. What they return is one piece of memory cut into
// slices.

// refused is the length that a rank announces whose arguments are wrong, so
// that the others do not wait for its data.
const refused = -1

// GatherSlices returns send of all ranks, of any lengths, by rank, on the root
// and nil elsewhere (MPI 5.0 §6.5). Collective; it blocks until this rank's
// part is done.
func GatherSlices[T any](c *Comm, send []T, root int) ([][]T, error) {
	if err := c.rootedUsable(root); err != nil {
		return nil, err
	}
	lengths, err := GatherValue(c, int64(len(send)), root)
	if err != nil {
		return nil, err
	}
	if c.rank != root {
		return nil, Gatherv(c, send, Parts[T]{}, root)
	}
	counts, total, err := c.total(lengths)
	if err != nil {
		return nil, err
	}
	recv := make([]T, total)
	if err := Gatherv(c, send, PartsOf(recv, counts), root); err != nil {
		return nil, err
	}
	return cut(recv, counts), nil
}

// AllgatherSlices returns send of all ranks, of any lengths, by rank, on every
// rank (MPI 5.0 §6.7). Collective; it blocks until this rank's part is done.
func AllgatherSlices[T any](c *Comm, send []T) ([][]T, error) {
	lengths, err := AllgatherValue(c, int64(len(send)))
	if err != nil {
		return nil, err
	}
	counts, total, err := c.total(lengths)
	if err != nil {
		return nil, err
	}
	recv := make([]T, total)
	if err := Allgatherv(c, send, PartsOf(recv, counts)); err != nil {
		return nil, err
	}
	return cut(recv, counts), nil
}

// ScatterSlices sends parts[i] of the root, of any length, to rank i and
// returns it there (MPI 5.0 §6.6). parts has length Size() on the root and is
// not looked at elsewhere. Collective; it blocks until this rank's part is
// done.
func ScatterSlices[T any](c *Comm, parts [][]T, root int) ([]T, error) {
	if err := c.rootedUsable(root); err != nil {
		return nil, err
	}
	var lengths []int64
	var wrong error
	if c.rank == root {
		lengths, wrong = lengthsOf(c, parts)
	}
	own := make([]int64, 1)
	if err := Scatter(c, lengths, own, root); err != nil {
		return nil, err
	}
	if wrong != nil {
		return nil, wrong
	}
	if own[0] == refused {
		return nil, c.newError("", ErrMismatch, root, Undefined, errorText("the arguments of the root were refused"))
	}
	recv := make([]T, own[0])
	var send []T
	var counts []int
	if c.rank == root {
		send, counts = concat(parts)
	}
	if err := Scatterv(c, PartsOf(send, counts), recv, root); err != nil {
		return nil, err
	}
	return recv, nil
}

// AlltoallSlices sends parts[j], of any length, to rank j and returns what the
// ranks sent to this one, by rank (MPI 5.0 §6.8). parts has length Size().
// Collective; it blocks until this rank's part is done.
func AlltoallSlices[T any](c *Comm, parts [][]T) ([][]T, error) {
	if err := c.unusable(); err != nil {
		return nil, err
	}
	lengths, wrong := lengthsOf(c, parts)
	theirs := make([]int64, c.size)
	if err := Alltoall(c, lengths, theirs); err != nil {
		return nil, err
	}
	if wrong != nil {
		return nil, wrong
	}
	counts, total, err := c.total(theirs)
	if err != nil {
		return nil, err
	}
	send, sendCounts := concat(parts)
	recv := make([]T, total)
	if err := Alltoallv(c, PartsOf(send, sendCounts), PartsOf(recv, counts)); err != nil {
		return nil, err
	}
	return cut(recv, counts), nil
}

// lengthsOf returns the lengths to announce, and an error if parts has not one
// slice for each rank.
func lengthsOf[T any](c *Comm, parts [][]T) ([]int64, error) {
	lengths := make([]int64, c.size)
	if len(parts) != c.size {
		for i := range lengths {
			lengths[i] = refused
		}
		return lengths, c.errorf(ErrCount, "%d parts for %s", len(parts), c.ranks())
	}
	for i, p := range parts {
		lengths[i] = int64(len(p))
	}
	return lengths, nil
}

// total turns the lengths of the ranks into counts and adds them up.
func (c *Comm) total(lengths []int64) (counts []int, total int, err error) {
	counts = make([]int, len(lengths))
	for i, n := range lengths {
		switch {
		case n == refused:
			return nil, 0, c.newError("", ErrMismatch, i, Undefined, errorText("the arguments of the rank were refused"))
		case n < 0 || n > int64(math.MaxInt-total):
			return nil, 0, c.errorf(ErrCount, "the slices of ranks 0 to %d are longer than memory can be", i)
		}
		counts[i] = int(n)
		total += int(n)
	}
	return counts, total, nil
}

// cut divides buf into slices of the given lengths.
func cut[T any](buf []T, counts []int) [][]T {
	parts := make([][]T, len(counts))
	for i, n := range counts {
		parts[i], buf = buf[:n:n], buf[n:]
	}
	return parts
}

// concat copies parts one after another.
func concat[T any](parts [][]T) (buf []T, counts []int) {
	counts = make([]int, len(parts))
	n := 0
	for i, p := range parts {
		counts[i] = len(p)
		n += len(p)
	}
	buf = make([]T, 0, n)
	for _, p := range parts {
		buf = append(buf, p...)
	}
	return buf, counts
}
