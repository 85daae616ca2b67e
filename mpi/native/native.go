// Package native lets a program run on the MPI library of a cluster. It is
// imported for that effect:
//
//	import _ "github.com/ringo-mpi/ringo/mpi/native"
//
// and for a [Handle] of the library's own, in programs that call it themselves.
//
// A program with this import still runs on the embedded engine under Ringo's
// mpiexec and on its own. When the launcher of an MPI library starts it
// (mpiexec of MPICH, mpirun of Open MPI, srun, …) it opens that library at run
// time: MPICH and its relatives (Intel MPI, MVAPICH, Cray MPI), Open MPI, or any
// library with the standard binary interface of MPI 5. Nothing is compiled
// against the library, and the same binary runs on all of them.
//
// Environment variables:
//
//	RINGO_ENGINE=native      run on an MPI library whatever started the program
//	RINGO_ENGINE=embedded    do not
//	RINGO_LIBMPI=PATH        the library to open, instead of the launcher's
//	RINGO_VERBOSE=1          print which library was opened, and why
//	RINGO_NATIVE_COLLECTIVES=poll
//	                         run blocking collectives as nonblocking ones, so that
//	                         waiting ranks sleep; block is the opposite. Without it,
//	                         poll where a host has more ranks than cores and the
//	                         library would spin. The same on all ranks.
//
// The import makes the program a dynamically linked one, also with
// CGO_ENABLED=0. On systems where no library can be opened at run time
// (Windows, 32-bit systems) it changes nothing but the text of an error.
package native

import (
	"context"

	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/native"
	"github.com/ringo-mpi/ringo/internal/start"
)

// Handle is the MPI_Comm of a communicator, for programs that call the MPI
// library themselves, by purego or cgo, in what package mpi does not cover. It is
// had from the communicator by its method As:
//
//	var h native.Handle
//	if world.As(&h) { … }
//
// As reports false on every other engine, and on a communicator that is nil or
// freed. The fields are
//
//	Comm     the handle as the interface passes it: a pointer, or, in the MPICH
//	         interface, an int in the low 32 bits
//	ABI      the binary interface: "MPICH", "Open MPI" or "MPI-5 standard"
//	Library  the path of the library, as dlopen takes it
//
// The handle belongs to the communicator: a program does not free it, and uses
// it no longer than the communicator. Messages that it sends itself match those
// of package mpi with the same tags. The library was initialised for as many
// threads as it admits; where that is one at a time, calls are made while no
// other goroutine is in package mpi.
type Handle = native.Handle

func init() {
	start.RegisterNative(func(ctx context.Context) (engine.Engine, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return native.Open()
	})
}
