// Package enginetest is the conformance suite of the MPI engines: one set of
// cases, each a rule of the standard, that runs on every engine and transport.
//
// A [Case] is named by the section of MPI 5.0 that states its rule and runs on
// every rank of a world. Each cases_*.go begins with the table of its cases,
// which names a function for each. A [Harness] makes worlds: goroutine ranks of
// this process, processes over shared memory, processes on an installed MPI
// library. [Run] runs the cases on a harness, for 1, 2, 3, 4, 7 and 8 ranks, as
// subtests, which go test selects by name:
//
//	go test ./internal/enginetest -run TestShm/3.4_Ssend
//	go test ./internal/enginetest -run 'TestShm/3.4_Ssend/ranks=4'
//
// The ranks of the world run no other case then (select.go).
//
// Process ranks are the test binary itself, which has to call [Main] in its
// TestMain. One world runs all cases, each on a communicator of its own, until
// one fails for good; the rest gets a new world. A case that does not end is
// reported with the stacks of all ranks.
//
// Where there are more combinations of sizes, element types, roots and forms
// than time, a case takes a sample, which depends only on its name, the number
// of ranks and RINGO_ENGINETEST_SEED (default 1). RINGO_ENGINETEST_FULL=1 takes
// all of them. -short leaves out what needs much memory or time, and says so.
//
// The folder model holds random programs that are compared with a sequential
// model; they run on the same harnesses.
//
// The suite uses package mpi as a program does.
package enginetest
