// Package mpitest runs MPI programs under go test: n ranks, each a goroutine of
// the test binary, with the race detector and the debugger if wanted, and
// nothing installed.
//
//	func TestSum(t *testing.T) {
//		mpitest.Run(t, 4, func(t *testing.T, world *mpi.Comm) {
//			sum, err := mpi.AllreduceValue(world, world.Rank(), mpi.Sum)
//			if err != nil || sum != 6 {
//				t.Errorf("sum %d, %v", sum, err)
//			}
//		})
//	}
//
// Each rank is a subtest of its own, named rank0, rank1 …: its t.Log, t.Error
// and t.Fatal are reported under that name, and it may use t.TempDir, t.Cleanup
// and t.Run, but not t.Parallel.
//
// A rank that fails by t.Fatal or panics fails the test with its rank and, for
// a panic, its stack; the calls of the other ranks that depend on it end with
// mpi.ErrProcFailed. A rank that does not end fails the test shortly before the
// deadline of the test binary (go test -timeout), or after [Timeout], and the
// report says where every rank stands. Its goroutine is left behind.
package mpitest
