// Package door is what package mpi opens for the packages beside it: files,
// windows, topologies and their like, which need the engine below a communicator
// and the same errors as package mpi's own calls. [Rooms] lists them.
//
// A package beside mpi gets a [View] of a *mpi.Comm by [Open] and does with it
// what a call of package mpi does: it has arguments checked, describes elements
// by [TypeOf] or [BufOf], calls the engine, and has its errors wrapped by Failed.
// They name its function and the place where the program called it.
//
//	func Send[T any](c *mpi.Comm, buf []T, dest int) error {
//		v, err := door.Open(c)
//		if err != nil {
//			return err
//		}
//		b, err := door.BufOf(v, buf)
//		if err != nil {
//			return err
//		}
//		return v.Failed(dest, 0, v.Comm().Send(b, dest, 0, engine.Standard, v.Done()))
//	}
package door
