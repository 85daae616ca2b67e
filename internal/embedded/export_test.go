package embedded

import (
	"github.com/ringo-mpi/ringo/internal/embedded/inproc"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// NewInproc makes the engines of n goroutine ranks.
func NewInproc(n int) []engine.Engine {
	engines := make([]engine.Engine, n)
	for r, end := range inproc.New(n) {
		engines[r] = New(end)
	}
	return engines
}

// CopyFailed is what a board does when a copy between the memories of two
// members of c has failed.
func CopyFailed(c engine.Comm, err error) error {
	return newBoardHost(c.(*comm)).copied(err)
}
