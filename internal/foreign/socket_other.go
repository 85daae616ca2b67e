//go:build !unix

package foreign

// isSocket says no: process managers of MPI libraries pass no descriptors on
// this system.
func isSocket(fd int) bool { return false }
