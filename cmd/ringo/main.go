// Command ringo is the toolbox beside mpiexec: it describes machines, checks
// them, runs benchmarks and collects their results. "ringo --help" lists its
// commands.
package main

import (
	"os"

	"github.com/ringo-mpi/ringo/internal/ringocmd"
	_ "github.com/ringo-mpi/ringo/mpi/native" // under another MPI's launcher its library carries the ranks
)

func main() { os.Exit(ringocmd.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
