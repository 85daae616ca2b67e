package embedded

import "github.com/ringo-mpi/ringo/internal/engine"

// CopyFailed is what a board does when a copy between the memories of two
// members of c has failed.
func CopyFailed(c engine.Comm, err error) error {
	return (&boardHost{c: c.(*comm)}).copied(err)
}
