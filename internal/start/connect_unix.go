//go:build unix

package start

import (
	"os"

	"github.com/ringo-mpi/ringo/internal/embedded/tcp"
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// meeting is a job whose ranks tell each other where they wait for connections.
type meeting interface {
	Key() []byte
	Publish(address string) bool
	Find(rank int) string
}

// connected is end, or what RINGO_TRANSPORT puts in its place.
func connected(end transport.End, name string) (transport.End, error) {
	switch name {
	case "", "shm":
		return end, nil
	case "tcp":
	default:
		return end, engine.Errorf(engine.ErrLaunch, "RINGO_TRANSPORT=%q: there are shm and tcp", name)
	}
	m, ok := end.Job.(meeting)
	if !ok {
		return end, engine.Errorf(engine.ErrLaunch, "RINGO_TRANSPORT=tcp: the ranks of this job cannot tell each other where they are")
	}
	c := tcp.Config{
		Key: m.Key(), Listen: "127.0.0.1:0", Find: m.Find,
		Publish: func(address string) { m.Publish(address) },
	}
	if err := network(&c, os.Getenv); err != nil {
		return end, err
	}
	return tcp.Over(end, c)
}
