// Package setup starts the example programs: rank 0 reads the parameters and
// gives them to all ranks.
package setup

import (
	"errors"

	"github.com/ringo-mpi/ringo/internal/atomicfile"
	"github.com/ringo-mpi/ringo/internal/params"
	"github.com/ringo-mpi/ringo/mpi"
	_ "github.com/ringo-mpi/ringo/mpi/native" // under another MPI's launcher its library carries the ranks
)

// Params fills cfg, the struct that set was made from, on every rank of world.
// Rank 0 reads the options args, the environment and the configuration file,
// calls check for what the tags of cfg cannot express, and broadcasts cfg: the
// variables and the file need be there on its computer only, and help and
// errors are printed once. check may be nil.
//
// run is false if the program was asked for its help text only, which rank 0
// has printed. An error is returned on rank 0; the others' broadcast then ends
// with mpi.ErrProcFailed, which mpi.Main does not report again. Collective.
func Params[T any](world *mpi.Comm, set *params.Set, cfg *T, args []string, check func() error) (run bool, err error) {
	run = true
	if world.Rank() == 0 {
		_, err := set.Parse(args)
		switch {
		case errors.Is(err, params.ErrHelp):
			run = false
		case err != nil:
			return false, err
		case check != nil:
			if err := check(); err != nil {
				return false, err
			}
		}
	}
	if run, err = mpi.BcastValue(world, run, 0); err != nil || !run {
		return false, err
	}
	*cfg, err = mpi.BcastObject(world, *cfg, 0)
	return err == nil, err
}

// Writable reports whether a file can be made under this name, for a program
// that would rather fail at once than after an hour's work.
func Writable(path string) error {
	f, err := atomicfile.Create(path)
	if err != nil {
		return err
	}
	f.Discard()
	return nil
}
