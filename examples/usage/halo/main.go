// Halo computes how heat spreads over a square plate of cells. Each rank has a
// tile of the plate, with a rim of cells that belong to its neighbours: the
// halo. Before each step the ranks exchange their outermost rows and columns.
//
//	mpiexec -n 4 ./examples/usage/halo
//	RINGO_RANKS=6 go run ./examples/usage/halo
//
// The result does not depend on the number of ranks.
package main

import (
	"fmt"
	"math"

	"github.com/ringo-mpi/ringo/mpi"
	_ "github.com/ringo-mpi/ringo/mpi/native" // under another MPI's launcher its library carries the ranks
)

const (
	cells = 24  // in each direction
	steps = 500 // of time
	hot   = 100 // temperature above the plate; the other sides have 0
)

func main() { mpi.Main(run) }

func run(world *mpi.Comm) error {
	t, err := newTile(world)
	if err != nil {
		return err
	}
	fmt.Printf("rank %d has rows %d to %d and columns %d to %d\n", world.Rank(), t.top, t.top+t.height-1, t.left, t.left+t.width-1)

	now, next := t.begin(), t.begin()
	change := 0.0
	for range steps {
		if err := t.exchange(world, now); err != nil {
			return err
		}
		change = t.step(now, next)
		now, next = next, now
	}

	// The rank that has the middle of the plate says how warm it is, the others 0.
	middle, err := mpi.AllreduceValue(world, t.at(now, cells/2, cells/2), mpi.Sum)
	if err != nil {
		return err
	}
	change, err = mpi.AllreduceValue(world, change, mpi.Max)
	if err != nil || world.Rank() != 0 {
		return err
	}
	fmt.Printf("after %d steps the middle has %.6f; the last step changed %.6f at most\n", steps, middle, change)
	return nil
}

// tile is the part of the plate that a rank has.
type tile struct {
	top, left, height, width int
	above, below, west, east int // ranks of the neighbours, ProcNull at the edge
}

// newTile puts the ranks into a grid that is as square as can be.
func newTile(world *mpi.Comm) (*tile, error) {
	rows := int(math.Sqrt(float64(world.Size())))
	for world.Size()%rows != 0 {
		rows--
	}
	columns := world.Size() / rows
	if columns > cells {
		return nil, fmt.Errorf("%d x %d ranks are too many for %d x %d cells", rows, columns, cells, cells)
	}
	row, column := world.Rank()/columns, world.Rank()%columns
	neighbour := func(row, column int) int {
		if row < 0 || row >= rows || column < 0 || column >= columns {
			return mpi.ProcNull
		}
		return row*columns + column
	}
	t := &tile{
		top: row * cells / rows, left: column * cells / columns,
		above: neighbour(row-1, column), below: neighbour(row+1, column),
		west: neighbour(row, column-1), east: neighbour(row, column+1),
	}
	t.height, t.width = (row+1)*cells/rows-t.top, (column+1)*cells/columns-t.left
	return t, nil
}

// begin returns the tile with its rim, cold except for the rim that lies above
// the plate.
func (t *tile) begin() []float64 {
	u := make([]float64, (t.height+2)*(t.width+2))
	if t.above == mpi.ProcNull {
		for j := range t.width + 2 {
			u[j] = hot
		}
	}
	return u
}

// part is a rectangle of the tile, counted with the rim.
func (t *tile) part(u []float64, row, column, height, width int) mpi.View[float64] {
	whole := []int{t.height + 2, t.width + 2}
	return mpi.ViewOf(u, mpi.Subarray(whole, []int{height, width}, []int{row, column}))
}

// exchange fills the rim with what the neighbours have. A rank at the edge of
// the plate sends to ProcNull and receives from there: nothing happens, and its
// rim stays as it is.
func (t *tile) exchange(world *mpi.Comm, u []float64) error {
	h, w := t.height, t.width
	for tag, move := range []struct {
		to, from      int
		send, receive mpi.View[float64]
	}{
		{t.above, t.below, t.part(u, 1, 1, 1, w), t.part(u, h+1, 1, 1, w)},
		{t.below, t.above, t.part(u, h, 1, 1, w), t.part(u, 0, 1, 1, w)},
		{t.west, t.east, t.part(u, 1, 1, h, 1), t.part(u, 1, w+1, h, 1)},
		{t.east, t.west, t.part(u, 1, w, h, 1), t.part(u, 1, 0, h, 1)},
	} {
		if _, err := mpi.SendrecvView(world, move.send, move.to, tag, move.receive, move.from, tag); err != nil {
			return err
		}
	}
	return nil
}

// step computes the temperatures of the next step, each the mean of its four
// neighbours, and returns the greatest change.
func (t *tile) step(now, next []float64) float64 {
	stride := t.width + 2
	change := 0.0
	for i := 1; i <= t.height; i++ {
		for j := 1; j <= t.width; j++ {
			k := i*stride + j
			next[k] = (now[k-stride] + now[k+stride] + now[k-1] + now[k+1]) / 4
			change = max(change, math.Abs(next[k]-now[k]))
		}
	}
	return change
}

// at returns the temperature of a cell of the plate, 0 if another rank has it.
func (t *tile) at(u []float64, row, column int) float64 {
	i, j := row-t.top, column-t.left
	if i < 0 || i >= t.height || j < 0 || j >= t.width {
		return 0
	}
	return u[(i+1)*(t.width+2)+j+1]
}
