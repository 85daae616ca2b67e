// Command mpiexec starts the ranks of MPI programs: mpiexec -n 4 ./prog.
// mpiexec --help lists its options.
package main

import (
	"os"

	"github.com/ringo-mpi/ringo/internal/launch/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
