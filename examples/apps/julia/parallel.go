package main

import "github.com/ringo-mpi/ringo/mpi"

// Grid is the size of a picture in pixels.
type Grid struct{ Width, Height int }

// Schedule says which ranks compute which rows.
type Schedule string

// The schedules.
const (
	// Block gives each rank one band of neighbouring rows. Rows through the
	// middle of the picture take longest, and the ranks that have them.
	Block Schedule = "block"
	// Cyclic deals the rows out in turn, as cards are: every rank has its
	// share of the long ones.
	Cyclic Schedule = "cyclic"
)

// computePicture computes a picture on all ranks and returns its pixels by rows on
// rank 0, nil elsewhere. compute fills row k, counted from the top.
// Collective.
func computePicture(world *mpi.Comm, grid Grid, schedule Schedule, compute func(k int, row []uint8)) ([]uint8, error) {
	rank, size := world.Rank(), world.Size()

	// The number of rows of this rank, and the first: as many as the ranks
	// below it have.
	rows := rowsOf(grid, rank, size)
	end, err := mpi.ScanValue(world, rows, mpi.Sum)
	if err != nil {
		return nil, err
	}
	first, stride := end-rows, 1
	if schedule == Cyclic {
		first, stride = rank, size
	}

	mine := make([]uint8, rows*grid.Width)
	for i := range rows {
		compute(first+i*stride, mine[i*grid.Width:(i+1)*grid.Width])
	}

	// Rank 0 gathers as many pixels as each rank has.
	counts, err := mpi.GatherValue(world, len(mine), 0)
	if err != nil {
		return nil, err
	}
	var gathered []uint8
	if rank == 0 {
		gathered = make([]uint8, grid.Width*grid.Height)
	}
	if err := mpi.Gatherv(world, mine, mpi.PartsOf(gathered, counts), 0); err != nil {
		return nil, err
	}
	if rank != 0 || schedule == Block || size == 1 {
		return gathered, nil
	}

	// They have come rank by rank: a layout of rows says where they belong.
	picture := make([]uint8, len(gathered))
	err = mpi.Unpack(mpi.ViewOf(picture, cyclicRows(grid, size)), gathered)
	return picture, err
}

// rowsOf returns how many rows a rank computes.
func rowsOf(grid Grid, rank, size int) int {
	rows := grid.Height / size
	if rank < grid.Height%size {
		rows++
	}
	return rows
}

// cyclicRows picks the rows of rank 0, then those of rank 1, and so on.
func cyclicRows(grid Grid, size int) mpi.Layout {
	row := mpi.Contiguous(grid.Width)
	ranks := make([]mpi.Layout, size)
	for r := range ranks {
		ranks[r] = row.Repeat(rowsOf(grid, r, size), size*grid.Width).Shift(r * grid.Width)
	}
	return mpi.Concat(ranks...)
}
