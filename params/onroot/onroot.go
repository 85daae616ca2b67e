// Package onroot reads the parameters of an MPI program on rank 0 and gives
// them to all ranks:
//
//	mpi.Main(func(world *mpi.Comm) error {
//		cfg := config{N: 20}
//		set := params.New("count", &cfg)
//		if run, err := onroot.Parse(world, set, os.Args[1:]); !run {
//			return err
//		}
//		… cfg has the same values on every rank …
//	})
//
// The variables and the configuration file need be there on the computer of
// rank 0 only, and help and errors are printed once. With another package of
// options the pattern is the same: rank 0 reads, and mpi.BcastObject gives the
// struct to all.
package onroot

import (
	"errors"

	"github.com/ringo-mpi/ringo/mpi"
	"github.com/ringo-mpi/ringo/params"
)

// Parse calls [params.Set.Parse] with the command line args on rank 0 of c, and
// fills the struct of set with the values of rank 0 on every rank. [params.Set]'s
// Source, Values, Errorf and Rest then say the same on every rank; Check runs
// on rank 0 only, and what it changes comes to all. Fields that are no
// parameters (param:"-", unexported) stay as each rank has them. args count on
// rank 0 only; the struct and set have to be made alike on all ranks.
//
// run is false, and err nil, on every rank if the program was asked for its
// help text, which rank 0 has printed.
//
// An error is returned on rank 0 only, which then has to end, as by returning it
// to mpi.Main or mpi.Run: the others' Parse ends with mpi.ErrProcFailed, which
// mpi.Main does not report again.
//
// Collective: every rank of c calls it. It blocks until rank 0 has read.
func Parse(c *mpi.Comm, set *params.Set, args []string) (run bool, err error) {
	var data []byte // empty after the help text
	if c.Rank() == 0 {
		err := set.Parse(args)
		if err == nil {
			data, err = set.MarshalBinary()
		}
		if err != nil && !errors.Is(err, params.ErrHelp) {
			return false, err
		}
	}
	if data, err = mpi.BcastObject(c, data, 0); err != nil || len(data) == 0 {
		return false, err
	}
	if c.Rank() == 0 {
		return true, nil
	}
	if err := set.UnmarshalBinary(data); err != nil {
		return false, err
	}
	return true, nil
}
