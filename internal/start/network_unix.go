//go:build unix

package start

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/ringo-mpi/ringo/internal/embedded/tcp"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// network is what the environment says about connections: RINGO_ADDRESS, addresses
// of this computer at which the rank waits for others, RINGO_PORT_RANGE, the ports
// that it takes, and RINGO_NET_TIMEOUT, how long a peer may be out of reach. What it
// does not say stays as it is in c.
func network(c *tcp.Config, getenv func(string) string) error {
	if list := getenv("RINGO_ADDRESS"); list != "" {
		var at []string
		for name := range strings.SplitSeq(list, ",") {
			a, err := netip.ParseAddr(strings.Trim(strings.TrimSpace(name), "[]"))
			if err != nil || a.Zone() != "" {
				return engine.Errorf(engine.ErrArg, "RINGO_ADDRESS=%s: it is a list of addresses like 10.0.0.1,fd00::1, with commas between them", list)
			}
			at = append(at, netip.AddrPortFrom(a, 0).String())
		}
		c.Listen = strings.Join(at, ",")
	}
	if s := getenv("RINGO_PORT_RANGE"); s != "" {
		low, high, _ := strings.Cut(s, ":")
		first, err1 := strconv.ParseUint(low, 10, 16)
		last, err2 := strconv.ParseUint(high, 10, 16)
		if err1 != nil || err2 != nil || first == 0 || last < first {
			return engine.Errorf(engine.ErrArg, "RINGO_PORT_RANGE=%s: it is FIRST:LAST, two ports from 1 to 65535", s)
		}
		c.Ports = tcp.Ports{First: uint16(first), Last: uint16(last)}
	}
	if s := getenv("RINGO_NET_TIMEOUT"); s != "" {
		d, err := time.ParseDuration(s)
		if seconds, e := strconv.ParseFloat(s, 64); e == nil {
			d, err = time.Duration(seconds*float64(time.Second)), nil
		}
		if err != nil || d < time.Second || d > 24*time.Hour {
			return engine.Errorf(engine.ErrArg, "RINGO_NET_TIMEOUT=%s: it is a number of seconds or a duration like 30s, from 1s to 24h", s)
		}
		c.Timeout = d
	}
	return nil
}
