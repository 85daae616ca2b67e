package simulate

import (
	"fmt"
	"math"
)

// Time is a time or a duration in picoseconds.
type Time int64

// Units of Time.
const (
	Picosecond  Time = 1
	Nanosecond       = 1000 * Picosecond
	Microsecond      = 1000 * Nanosecond
	Millisecond      = 1000 * Microsecond
	Second           = 1000 * Millisecond
)

// Micros returns the time in microseconds.
func (t Time) Micros() float64 { return float64(t) / float64(Microsecond) }

// Link is what a message costs in the model LogGP (A. Alexandrov et al., 1995).
type Link struct {
	Latency   Time    // L: from the sending interface to the receiving one
	Overhead  Time    // o: of a core, to send a message and again to receive it
	Gap       Time    // g: least time between two messages
	Bandwidth float64 // 1/G: bytes per second; 0: no limit
}

// Network is where a job runs.
type Network struct {
	PerHost int // ranks of a host

	Between Link // messages between hosts
	Within  Link // messages inside a host

	Memory float64 // bytes per second that all ranks of a host copy together; 0: no limit
	Copy   float64 // bytes per second that one rank copies
	Reduce float64 // bytes per second that one rank combines

	// Eager is the length in bytes above which a message between hosts is
	// announced and waits for its receive; 0: none waits.
	Eager int
}

// Default returns a network for which no measurement is at hand: 64 ranks a
// host, connections over 10-gigabit Ethernet, shared memory.
func Default() Network {
	return Network{
		PerHost: 64,
		Between: Link{Latency: 10 * Microsecond, Overhead: 2 * Microsecond, Gap: Microsecond, Bandwidth: 1.2e9},
		Within:  Link{Latency: 200 * Nanosecond, Overhead: 50 * Nanosecond, Gap: 50 * Nanosecond, Bandwidth: 8e9},
		Memory:  80e9,
		Copy:    8e9,
		Reduce:  5e9,
	}
}

// longest bounds every parameter of time, so that sums of them stay in range.
const longest = 1000 * Second

// Check returns an error that names the first parameter without sense.
func (n *Network) Check() error {
	if n.PerHost < 1 || n.PerHost > 1<<16 {
		return fmt.Errorf("per-host is %d: a host has 1 to %d ranks", n.PerHost, 1<<16)
	}
	for _, l := range []struct {
		name string
		link *Link
	}{{"between", &n.Between}, {"within", &n.Within}} {
		for _, t := range []struct {
			name string
			t    Time
		}{{"latency", l.link.Latency}, {"overhead", l.link.Overhead}, {"gap", l.link.Gap}} {
			if t.t < 0 || t.t > longest {
				return fmt.Errorf("%s.%s is %v: it is 0 to %v", l.name, t.name, t.t, longest)
			}
		}
		if err := checkRate(l.name+".bandwidth", l.link.Bandwidth); err != nil {
			return err
		}
	}
	for _, r := range []struct {
		name string
		rate float64
	}{{"memory", n.Memory}, {"copy", n.Copy}, {"reduce", n.Reduce}} {
		if err := checkRate(r.name, r.rate); err != nil {
			return err
		}
	}
	if n.Eager < 0 {
		return fmt.Errorf("eager is %d: it is a number of bytes", n.Eager)
	}
	return nil
}

func checkRate(name string, rate float64) error {
	if rate == 0 || rate >= 1 && rate <= 1e18 {
		return nil
	}
	return fmt.Errorf("%s is %g bytes per second: it is 1 to 1e18, or 0 for no limit", name, rate)
}

// costs are the parameters in the units of the engine.
type costs struct {
	between, within       Link
	farByte, nearByte     float64 // picoseconds a byte
	memory, copy, combine float64
	eager                 int
}

func (n *Network) costs() costs {
	per := func(rate float64) float64 {
		if rate == 0 {
			return 0
		}
		return float64(Second) / rate
	}
	return costs{
		between: n.Between, within: n.Within, farByte: per(n.Between.Bandwidth), nearByte: per(n.Within.Bandwidth),
		memory: per(n.Memory), copy: per(n.Copy), combine: per(n.Reduce), eager: n.Eager,
	}
}

// bytes is the time of n bytes.
func bytes(n int64, each float64) Time { return Time(math.Round(float64(n) * each)) }
