// Package mpi is the Message Passing Interface for Go: typed point-to-point
// and collective communication between the ranks of a job (MPI 5.0).
//
// A function takes the communicator first; what needs no element type is a
// method of [Comm]. The element type of a slice is the datatype, its length the
// count. What there is, by purpose:
//
//   - Start and end: [Main], or [Init] and [Finalize]; [Run] for goroutines.
//   - Who and where: [Comm.Rank], [Comm.Size], [Comm.LocalRank], [Comm.Host].
//   - Send: [Send], [Ssend], [Bsend], [Rsend]. Receive: [Recv], [RecvAppend] for
//     any length. Both: [Sendrecv]. Look first: [Comm.Probe], [Comm.Mprobe].
//   - One to all: [Bcast], [Scatter]. All to one: [Gather], [Reduce]. All to all:
//     [Allgather], [Alltoall], [Allreduce], [ReduceScatter], [Comm.Barrier]. From
//     the ranks below: [Scan], [Exscan].
//   - Reductions: [Sum] to [MinLoc]; of the program's own: [OpFunc], [OpSlice].
//   - Requests: [Request.Wait], [Request.Test]; of several: [WaitAll], [WaitAny],
//     [WaitSome], [TestAll] …; used again: [StartSend], [StartRecv].
//   - Communicators: [Comm.Dup], [Comm.Split], [Comm.SplitType], [Comm.Create],
//     [Comm.Free]; [Comm.Group]. With a deadline: [Comm.WithContext].
//   - Memory: a [Layout] picks elements of a slice, such as the column of a
//     matrix; [Alloc] gives memory from which long messages go faster.
//
// The name of a call says its form:
//
//   - [Gather]: a slice that is sent and a slice that is received.
//   - [GatherInPlace]: one buffer for both. Each collective with two has it.
//   - [Gatherv]: parts of different lengths, in a [Parts]. Also of Scatter,
//     Allgather and Alltoall; ReduceScatter takes one too, Alltoallw a [Block]
//     for each rank.
//   - [GatherSlices]: finds the lengths itself. Also of Scatter, Allgather, Alltoall.
//   - [GatherValue]: one value, no slice. Also of Bcast, Allgather, Reduce,
//     Allreduce, Scan and Exscan.
//   - [GatherObject]: any Go value, by a [Codec]. Also of all sends and receives
//     except Rsend, and of all collectives except ReduceScatter.
//   - [GatherView]: what a layout picks. Also of Send, Recv, Sendrecv, Bcast,
//     Scatter and Allgather.
//   - [Igather]: returns a [Request] at once. All sends and receives, and the
//     collectives that take slices, Parts or Blocks, have it; Sendrecv,
//     RecvAppend and other collectives have none.
//
// docs/names.md lists all names beside the standard's and those of mpi4py.
//
// # A first program
//
//	package main
//
//	import (
//		"fmt"
//
//		"github.com/ringo-mpi/ringo/mpi"
//	)
//
//	func main() {
//		mpi.Main(func(world *mpi.Comm) error {
//			x := []float64{float64(world.Rank())}
//			if err := mpi.AllreduceInPlace(world, x, mpi.Sum); err != nil {
//				return err
//			}
//			fmt.Printf("rank %d of %d: %g\n", world.Rank(), world.Size(), x[0])
//			return nil
//		})
//	}
//
// [Main] runs the function on every rank; the communicator of all of them is
// its argument. There is no other global state: everything hangs off a [Comm].
//
//	mpiexec -n 4 ./prog            four processes on this machine
//	RINGO_RANKS=4 go run ./prog    four goroutines in one process, for the debugger and the race detector
//	go run ./prog                  a world of one
//
// Under go test, package mpi/mpitest runs ranks as goroutines; [Run] does so
// anywhere.
//
// # Elements
//
// An element has a fixed size and no pointers: the integer, floating-point and
// complex types, bool, named types of these, and arrays and structs of them. A
// struct's layout is read once, by reflection. A type that cannot travel is an
// ErrType that names the field. The element type of sender and receiver are
// compared where the engine carries it: a mismatch is an ErrType, not garbage.
//
// # Engines
//
// What carries the messages is chosen when the job starts:
//
//   - under Ringo's mpiexec, the embedded engine over shared memory;
//   - with RINGO_RANKS=N, the embedded engine between N goroutines;
//   - under another launcher (mpirun, srun, another mpiexec), the native engine,
//     which opens that installation's MPI library at run time, if the program
//     imports github.com/ringo-mpi/ringo/mpi/native; a program without it, the
//     embedded engine, whose ranks find each other by that launcher's process
//     manager (PMI-1, PMIx, or Slurm's variables), or fail with ErrLaunch rather
//     than run as many worlds of one;
//   - otherwise a world of one.
//
// RINGO_ENGINE=embedded or native overrides the choice, RINGO_VERBOSE=1 prints
// it, and [Comm.Engine] returns it.
//
// # Goroutines
//
// Every function may be called from any goroutine at any time
// (MPI_THREAD_MULTIPLE). Only the collectives of one communicator, blocking or
// not, must be called in the same order on all its ranks, so two goroutines
// that call collectives at the same time use communicators of their own
// ([Comm.Dup]).
//
// # Order
//
// Messages between two ranks on one communicator that match the same receive
// are received in the order in which their sends were called, whatever their
// lengths; messages of concurrent goroutines have no order. Messages on
// different communicators never meet. A blocking send may return before the
// message is received or wait for that, depending on its length: only [Ssend]
// says that the receiver has begun, only [Bsend] never waits.
//
// A send "synchronizes before" the return of the call that completes its
// receive, in the sense of the Go memory model. A buffer given to a nonblocking
// operation belongs to it until Wait or Test has reported completion.
//
// # Errors
//
// Errors are values of type *[Error]: which call failed, on which rank and
// communicator, why, and, for a wrong argument, at which line of the program.
// Programs act on the class:
//
//	if errors.Is(err, mpi.ErrTruncate) { … }
//
// When a process dies, every call of the others that depends on it ends with
// ErrProcFailed; so does a call that needs a rank which has left by Finalize, or
// by returning from the function of Main, and the error is then ErrFinalized as
// well. A rank whose function returns an error, or panics, ends the
// job: [Main] reports it, and mpiexec ends the other processes.
//
// [Comm.WithContext] gives calls a deadline or makes them cancellable. Without
// a context that costs nothing.
//
// A collective that one rank refuses for its arguments is an error on that rank
// and an ErrMismatch with the reason on those that need it; the communicator can
// be used on. A wrong root in a call of objects or in a Slices form revokes it
// instead, and so does a wrong argument of [Comm.CreateGroup]. An MPI library
// cannot tell the others, which wait; with RINGO_CHECK=1 they are told, except
// in CreateGroup.
//
// With RINGO_CHECK=1 the ranks compare their collective calls before they run:
// different operations, roots, counts, types or reductions are an ErrMismatch
// that names two ranks and the lines of their calls, where the program would
// otherwise hang or compute nonsense.
//
// # Memory
//
// Go's garbage collector runs when the heap has grown by its own size. A process
// that starts many nonblocking operations or receives many objects therefore
// takes a ballast of 12 MiB, once: it is never touched, takes no memory, and
// lets the collector run after some 12 MiB of garbage instead of each 4. With
// GOGC or GOMEMLIMIT set in the environment there is none.
//
// # Environment
//
// docs/environment.md lists the variables, as mpiexec --help=environment does.
package mpi
