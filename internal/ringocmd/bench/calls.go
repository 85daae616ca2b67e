package bench

import (
	"github.com/ringo-mpi/ringo/mpi"
)

// call is one collective: how it is measured.
type call struct {
	name  string
	what  string // for titles
	meant string // by the size
	least int    // size in bytes; 0: there is no size

	// prepare makes the buffers for messages of at most largest bytes and
	// returns the operations on messages of size bytes.
	prepare func(r *run, largest int) (func(size int) operation, error)
}

// operation is one collective on buffers that are ready.
type operation struct {
	block func() error
	start func() *mpi.Request
	dirty func(value int64) // nil: nothing to write
}

// The elements are those of OSU: bytes, and float32 with Sum where something is
// reduced.

var calls = []call{
	{"barrier", "Barrier", "", 0, func(r *run, _ int) (func(int) operation, error) {
		c := r.world
		return func(int) operation { return operation{block: c.Barrier, start: c.Ibarrier} }, nil
	}},
	{"bcast", "Bcast from rank 0", "the message", 1, func(r *run, largest int) (func(int) operation, error) {
		c := r.world
		buf, err := buffer[byte](r, largest)
		return func(size int) operation {
			b := buf[:size]
			op := operation{
				block: func() error { return mpi.Bcast(c, b, 0) },
				start: func() *mpi.Request { return mpi.Ibcast(c, b, 0) },
			}
			if c.Rank() == 0 {
				op.dirty = func(v int64) { dirty(b, v) }
			}
			return op
		}, err
	}},
	{"reduce", "Reduce to rank 0", "a vector", 4, reduction(func(c *mpi.Comm, s, t []float32) operation {
		return operation{
			block: func() error { return mpi.Reduce(c, s, t, mpi.Sum, 0) },
			start: func() *mpi.Request { return mpi.Ireduce(c, s, t, mpi.Sum, 0) },
		}
	})},
	{"allreduce", "Allreduce", "a vector", 4, reduction(func(c *mpi.Comm, s, t []float32) operation {
		return operation{
			block: func() error { return mpi.Allreduce(c, s, t, mpi.Sum) },
			start: func() *mpi.Request { return mpi.Iallreduce(c, s, t, mpi.Sum) },
		}
	})},
	{"allgather", "Allgather", "one rank's part", 1, blocks(1, perRank, func(c *mpi.Comm, s, t []byte, _ []int) operation {
		return operation{
			block: func() error { return mpi.Allgather(c, s, t) },
			start: func() *mpi.Request { return mpi.Iallgather(c, s, t) },
		}
	})},
	{"allgatherv", "Allgatherv of equal parts", "one rank's part", 1, blocks(1, perRank, func(c *mpi.Comm, s, t []byte, counts []int) operation {
		return operation{
			block: func() error { return mpi.Allgatherv(c, s, mpi.PartsOf(t, counts)) },
			start: func() *mpi.Request { return mpi.Iallgatherv(c, s, mpi.PartsOf(t, counts)) },
		}
	})},
	{"alltoall", "Alltoall", "one message", 1, blocks(perRank, perRank, func(c *mpi.Comm, s, t []byte, _ []int) operation {
		return operation{
			block: func() error { return mpi.Alltoall(c, s, t) },
			start: func() *mpi.Request { return mpi.Ialltoall(c, s, t) },
		}
	})},
	{"alltoallv", "Alltoallv of equal messages", "one message", 1, blocks(perRank, perRank, func(c *mpi.Comm, s, t []byte, counts []int) operation {
		return operation{
			block: func() error { return mpi.Alltoallv(c, mpi.PartsOf(s, counts), mpi.PartsOf(t, counts)) },
			start: func() *mpi.Request { return mpi.Ialltoallv(c, mpi.PartsOf(s, counts), mpi.PartsOf(t, counts)) },
		}
	})},
	{"scatter", "Scatter from rank 0", "one rank's part", 1, blocks(atRoot, 1, func(c *mpi.Comm, s, t []byte, _ []int) operation {
		return operation{
			block: func() error { return mpi.Scatter(c, s, t, 0) },
			start: func() *mpi.Request { return mpi.Iscatter(c, s, t, 0) },
		}
	})},
	{"scatterv", "Scatterv of equal parts from rank 0", "one rank's part", 1, blocks(atRoot, 1, func(c *mpi.Comm, s, t []byte, counts []int) operation {
		return operation{
			block: func() error { return mpi.Scatterv(c, mpi.PartsOf(s, counts), t, 0) },
			start: func() *mpi.Request { return mpi.Iscatterv(c, mpi.PartsOf(s, counts), t, 0) },
		}
	})},
	{"gather", "Gather to rank 0", "one rank's part", 1, blocks(1, atRoot, func(c *mpi.Comm, s, t []byte, _ []int) operation {
		return operation{
			block: func() error { return mpi.Gather(c, s, t, 0) },
			start: func() *mpi.Request { return mpi.Igather(c, s, t, 0) },
		}
	})},
	{"gatherv", "Gatherv of equal parts to rank 0", "one rank's part", 1, blocks(1, atRoot, func(c *mpi.Comm, s, t []byte, counts []int) operation {
		return operation{
			block: func() error { return mpi.Gatherv(c, s, mpi.PartsOf(t, counts), 0) },
			start: func() *mpi.Request { return mpi.Igatherv(c, s, mpi.PartsOf(t, counts), 0) },
		}
	})},
	{"reduce_scatter", "ReduceScatter", "the whole vector", 4, reduceScatter},
	{"reduce_scatter_block", "ReduceScatterBlock", "the whole vector", 4, reduceScatterBlock},
	{"scan", "Scan", "a vector", 4, reduction(func(c *mpi.Comm, s, t []float32) operation {
		return operation{
			block: func() error { return mpi.Scan(c, s, t, mpi.Sum) },
			start: func() *mpi.Request { return mpi.Iscan(c, s, t, mpi.Sum) },
		}
	})},
	{"exscan", "Exscan", "a vector", 4, reduction(func(c *mpi.Comm, s, t []float32) operation {
		return operation{
			block: func() error { return mpi.Exscan(c, s, t, mpi.Sum) },
			start: func() *mpi.Request { return mpi.Iexscan(c, s, t, mpi.Sum) },
		}
	})},
}

// How many messages a buffer holds, besides a plain number.
const (
	perRank = -1 // one for each rank
	atRoot  = -2 // the same on rank 0, none elsewhere
)

func messages(c *mpi.Comm, n int) int {
	switch {
	case n == perRank, n == atRoot && c.Rank() == 0:
		return c.Size()
	case n == atRoot:
		return 0
	}
	return n
}

// blocks makes the buffers of a collective that moves bytes.
func blocks(sends, receives int, op func(c *mpi.Comm, send, recv []byte, counts []int) operation) func(*run, int) (func(int) operation, error) {
	return func(r *run, largest int) (func(int) operation, error) {
		c := r.world
		ns, nt := messages(c, sends), messages(c, receives)
		s, err := buffer[byte](r, ns*largest)
		if err != nil {
			return nil, err
		}
		t, err := buffer[byte](r, nt*largest)
		return func(size int) operation {
			counts := make([]int, c.Size())
			for i := range counts {
				counts[i] = size
			}
			s := s[:ns*size]
			o := op(c, s, t[:nt*size], counts)
			o.dirty = func(v int64) { dirty(s, v) }
			return o
		}, err
	}
}

// reduction makes the buffers of a collective that combines vectors of equal
// length.
func reduction(op func(c *mpi.Comm, send, recv []float32) operation) func(*run, int) (func(int) operation, error) {
	return func(r *run, largest int) (func(int) operation, error) {
		s, err := buffer[float32](r, largest/4)
		if err != nil {
			return nil, err
		}
		t, err := buffer[float32](r, largest/4)
		return func(size int) operation {
			s := s[:size/4]
			o := op(r.world, s, t[:size/4])
			o.dirty = func(v int64) { dirty(s, v) }
			return o
		}, err
	}
}

// reduceScatter divides the vector as evenly as it goes, as OSU does: the first
// ranks get one element more.
func reduceScatter(r *run, largest int) (func(int) operation, error) {
	c := r.world
	s, err := buffer[float32](r, largest/4)
	if err != nil {
		return nil, err
	}
	t, err := buffer[float32](r, largest/4/c.Size()+1)
	return func(size int) operation {
		n := size / 4
		counts := make([]int, c.Size())
		for i := range counts {
			counts[i] = n / c.Size()
			if i < n%c.Size() {
				counts[i]++
			}
		}
		s, t := s[:n], t[:counts[c.Rank()]]
		return operation{
			block: func() error { return mpi.ReduceScatter(c, mpi.PartsOf(s, counts), t, mpi.Sum) },
			start: func() *mpi.Request { return mpi.IreduceScatter(c, mpi.PartsOf(s, counts), t, mpi.Sum) },
			dirty: func(v int64) { dirty(s, v) },
		}
	}, err
}

// reduceScatterBlock gives every rank the same number of elements, at least one.
func reduceScatterBlock(r *run, largest int) (func(int) operation, error) {
	c := r.world
	each := func(size int) int { return max(1, size/4/c.Size()) }
	s, err := buffer[float32](r, each(largest)*c.Size())
	if err != nil {
		return nil, err
	}
	t, err := buffer[float32](r, each(largest))
	return func(size int) operation {
		n := each(size)
		s, t := s[:n*c.Size()], t[:n]
		return operation{
			block: func() error { return mpi.ReduceScatterBlock(c, s, t, mpi.Sum) },
			start: func() *mpi.Request { return mpi.IreduceScatterBlock(c, s, t, mpi.Sum) },
			dirty: func(v int64) { dirty(s, v) },
		}
	}, err
}
