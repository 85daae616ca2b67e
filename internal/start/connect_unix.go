//go:build unix

package start

import (
	"net/netip"
	"os"
	"strings"

	"github.com/ringo-mpi/ringo/internal/embedded/tcp"
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// meeting is a job whose ranks tell each other where they wait for connections.
type meeting interface {
	Key() []byte
	Publish(address string) bool
	Find(rank int) string

	// Spread reports whether the job has ranks on other hosts, Near whether a rank is
	// on this one, and Addresses by which addresses the others reach it.
	Spread() bool
	Near(rank int) bool
	Addresses() string
}

// connected is end, with connections to the ranks that it does not reach, or to all
// ranks if RINGO_TRANSPORT says so.
func connected(end transport.End, name string) (transport.End, error) {
	m, ok := end.Job.(meeting)
	spread := ok && m.Spread()
	switch {
	case name == "" && !spread, name == "shm" && !spread:
		return end, nil
	case name == "" || name == "shm" || name == "tcp":
	default:
		return end, engine.Errorf(engine.ErrLaunch, "RINGO_TRANSPORT=%q: there are shm and tcp", name)
	}
	if !ok {
		return end, engine.Errorf(engine.ErrLaunch, "RINGO_TRANSPORT=tcp: the ranks of this job cannot tell each other where they are")
	}
	c := tcp.Config{Key: m.Key(), Listen: listening(m.Addresses()), Find: m.Find}
	if name != "tcp" {
		c.Near = m.Near
	}
	told := true
	c.Publish = func(address string) { told = m.Publish(address) }
	err := network(&c, os.Getenv)
	if err != nil {
		return end, err
	}
	over, err := tcp.Over(end, c)
	if err == nil && !told {
		err = engine.Errorf(engine.ErrLaunch, "this host has too many addresses (%s): choose some by mpiexec -iface", m.Addresses())
	}
	return over, err
}

// listening is where a rank waits for connections: at each address of its host by
// which the others reach it.
func listening(addresses string) string {
	var at []string
	for s := range strings.SplitSeq(addresses, ",") {
		if a, err := netip.ParseAddr(s); err == nil {
			at = append(at, netip.AddrPortFrom(a, 0).String())
		}
	}
	if at == nil {
		return "127.0.0.1:0"
	}
	return strings.Join(at, ",")
}
