package mpi

// BcastValue returns x of the root on all ranks (MPI 5.0 §6.4). Collective; it
// blocks until this rank's part is done.
func BcastValue[T any](c *Comm, x T, root int) (T, error) {
	buf := []T{x}
	err := Bcast(c, buf, root)
	return buf[0], err
}

// ReduceValue returns the combination by op of x of all ranks on the root, and
// the zero value elsewhere (MPI 5.0 §6.9.1). Collective; it blocks until this
// rank's part is done.
func ReduceValue[T any](c *Comm, x T, op Op, root int) (T, error) {
	buf := []T{x}
	err := ReduceInPlace(c, buf, op, root)
	if err != nil || c.rank != root {
		var zero T
		return zero, err
	}
	return buf[0], nil
}

// AllreduceValue returns the combination by op of x of all ranks on every rank
// (MPI 5.0 §6.9.6). Collective; it blocks until this rank's part is done.
func AllreduceValue[T any](c *Comm, x T, op Op) (T, error) {
	buf := []T{x}
	err := AllreduceInPlace(c, buf, op)
	return buf[0], err
}

// ScanValue returns the combination by op of x of the ranks 0 to this one (MPI
// 5.0 §6.11.1). Collective; it blocks until this rank's part is done.
func ScanValue[T any](c *Comm, x T, op Op) (T, error) {
	buf := []T{x}
	err := ScanInPlace(c, buf, op)
	return buf[0], err
}

// ExscanValue returns the combination by op of x of the ranks below this one,
// and the zero value on rank 0 (MPI 5.0 §6.11.2). Collective; it blocks until
// this rank's part is done.
func ExscanValue[T any](c *Comm, x T, op Op) (T, error) {
	buf := make([]T, 2)
	buf[0] = x
	err := Exscan(c, buf[:1:1], buf[1:], op)
	return buf[1], err
}

// GatherValue returns x of all ranks, by rank, on the root and nil elsewhere
// (MPI 5.0 §6.5). Collective; it blocks until this rank's part is done.
func GatherValue[T any](c *Comm, x T, root int) ([]T, error) {
	var recv []T
	if c != nil && c.rank == root {
		recv = make([]T, c.size)
	}
	if err := Gather(c, []T{x}, recv, root); err != nil {
		return nil, err
	}
	return recv, nil
}

// AllgatherValue returns x of all ranks, by rank, on every rank (MPI 5.0
// §6.7). Collective; it blocks until this rank's part is done.
func AllgatherValue[T any](c *Comm, x T) ([]T, error) {
	var recv []T
	if c != nil {
		recv = make([]T, c.size)
	}
	if err := Allgather(c, []T{x}, recv); err != nil {
		return nil, err
	}
	return recv, nil
}
