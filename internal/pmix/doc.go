// Package pmix speaks the part of PMIx that a rank needs to find the others of its
// job: it connects to the process manager's server on its host, puts keys and
// values, waits for the others, gets what they have put, aborts, and leaves.
// Open MPI's mpirun and prterun and Slurm's srun --mpi=pmix have such servers.
//
//	wire.go    values as bytes: the encoding of old clients, which servers still speak
//	client.go  [Client], a rank's side
//	server.go  the server that this process's environment names
//
// A client says when it connects in which encoding it speaks. This one asks for
// "v3": integers of fixed length, big endian, without descriptions of their types
// between values. An array is one count and then its members. A header of 16 bytes
// goes before every message, and the reply to a message carries its tag.
//
// [pmixtest] is a server for tests.
//
// [pmixtest]: https://pkg.go.dev/github.com/ringo-mpi/ringo/internal/pmix/pmixtest
package pmix
