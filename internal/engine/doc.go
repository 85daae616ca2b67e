// Package engine is the contract between package mpi and the engines below
// it: the embedded engine (pure Go) and the native one (an MPI library opened
// at run time).
//
// Package mpi is generic and typed; an engine knows bytes, a description of
// the element type, a layout and a reduction kernel. One rank of a job holds
// one [Engine]; its communicators are [Comm] values. Everything here may be
// called from any goroutine at any time (MPI_THREAD_MULTIPLE).
//
// The contract has two storeys. engine.go is what every engine has. What an
// engine may have besides is an interface for each [Capability], found once by
// [Find]: optional.go (early receives, recycling), persistent.go, intercomm.go,
// window.go, file.go and grow.go. Engines can be wrapped, see [Unwrap].
//
// What package mpi does before an engine is called, so that no engine repeats
// it: element types are described, buffers and counts are checked against each
// other, ranks, roots and tags are checked against the communicator, a
// reduction is checked against the element type, calls on a freed communicator
// are refused, and a receive from or send to ProcNull is completed on the spot.
// What only an engine can see, it reports as *[Error] with a [Class].
package engine
