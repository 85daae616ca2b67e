//go:build unix

package start

import (
	"net/netip"
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
	at := reached(m.Addresses())
	cfg := tcp.Config{Key: m.Key(), Listen: listening(at), Find: m.Find}
	if name != "tcp" {
		cfg.Near = m.Near
	}
	told := true
	cfg.Publish = func(address string) { told = m.Publish(published(at, address)) }
	over, err := tcp.Over(end, cfg)
	if err == nil && !told {
		err = engine.Errorf(engine.ErrLaunch, "this host has too many addresses (%s): choose one by mpiexec -iface", m.Addresses())
	}
	return over, err
}

// reached are the addresses of this host that the others use.
func reached(list string) (at []netip.Addr) {
	for s := range strings.SplitSeq(list, ",") {
		if a, err := netip.ParseAddr(s); err == nil {
			at = append(at, a)
		}
	}
	if at == nil {
		at = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}
	}
	return at
}

// listening is where a rank waits for connections: at the address of its host, or at
// all if there are several.
func listening(at []netip.Addr) string {
	where := at[0]
	for _, a := range at {
		switch {
		case a == where:
		case a.Is4() && where.Is4():
			where = netip.IPv4Unspecified()
		default:
			where = netip.IPv6Unspecified() // which takes both
		}
	}
	return netip.AddrPortFrom(where, 0).String()
}

// published is what the others are told: every address, with the port of address.
func published(at []netip.Addr, address string) string {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return address
	}
	all := make([]string, len(at))
	for i := range at {
		all[i] = netip.AddrPortFrom(at[i], a.Port()).String()
	}
	return strings.Join(all, ",")
}
