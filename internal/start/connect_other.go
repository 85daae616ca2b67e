//go:build !unix

package start

import (
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// connected is end: nothing else is there on this system.
func connected(end transport.End, name string) (transport.End, error) {
	if name != "" && name != "shm" {
		return end, engine.Errorf(engine.ErrLaunch, "RINGO_TRANSPORT=%q: on this system there is shm only", name)
	}
	return end, nil
}
