package native_test

import (
	"fmt"

	"github.com/ringo-mpi/ringo/mpi"
	"github.com/ringo-mpi/ringo/mpi/native"
)

// A program that calls the MPI library itself has to be ready to find none: it
// was started by Ringo's mpiexec, or, as here, on goroutine ranks.
func ExampleHandle() {
	err := mpi.Run(1, func(world *mpi.Comm) error {
		var h native.Handle
		if !world.As(&h) {
			fmt.Println("no MPI library:", world.Engine().Name, "engine")
			return nil
		}
		fmt.Printf("MPI_Comm %#x of %s, %s ABI\n", h.Comm, h.Library, h.ABI)
		return nil
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// no MPI library: embedded engine
}
