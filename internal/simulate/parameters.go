package simulate

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// parameter is one of a network, by the name that a file and the command line
// have for it.
type parameter struct {
	name string
	help string
	set  func(n *Network, text string) error
	get  func(n *Network) string
}

func timeOf(field func(n *Network) *Time) (func(*Network, string) error, func(*Network) string) {
	return func(n *Network, text string) (err error) { *field(n), err = ParseTime(text); return err },
		func(n *Network) string { return field(n).String() }
}

func rateOf(field func(n *Network) *float64) (func(*Network, string) error, func(*Network) string) {
	return func(n *Network, text string) (err error) { *field(n), err = ParseRate(text); return err },
		func(n *Network) string { return Rate(*field(n)) }
}

func bytesOf(field func(n *Network) *int, kind string) (func(*Network, string) error, func(*Network) string) {
	return func(n *Network, text string) error {
			v, err := strconv.Atoi(text)
			if err != nil {
				return fmt.Errorf("%q is no number of %s", text, kind)
			}
			*field(n) = v
			return nil
		},
		func(n *Network) string { return strconv.Itoa(*field(n)) }
}

var parameters = func() (all []parameter) {
	add := func(name, help string, set func(*Network, string) error, get func(*Network) string) {
		all = append(all, parameter{name, help, set, get})
	}
	of := func(set func(*Network, string) error, get func(*Network) string) func(name, help string) {
		return func(name, help string) { add(name, help, set, get) }
	}
	of(bytesOf(func(n *Network) *int { return &n.PerHost }, "ranks"))("per-host", "ranks of a host")
	of(timeOf(func(n *Network) *Time { return &n.Between.Latency }))("latency", "L between hosts")
	of(timeOf(func(n *Network) *Time { return &n.Between.Overhead }))("overhead", "o of a core for a message between hosts, at either end")
	of(timeOf(func(n *Network) *Time { return &n.Between.Gap }))("gap", "g, the least time between two messages of a host's interface")
	of(rateOf(func(n *Network) *float64 { return &n.Between.Bandwidth }))("bandwidth", "1/G of a host's interface, in each direction (0: no limit)")
	of(bytesOf(func(n *Network) *int { return &n.Eager }, "bytes"))("eager", "bytes above which a message between hosts is announced first (0: none is)")
	of(timeOf(func(n *Network) *Time { return &n.Within.Latency }))("local-latency", "L inside a host")
	of(timeOf(func(n *Network) *Time { return &n.Within.Overhead }))("local-overhead", "o inside a host")
	of(timeOf(func(n *Network) *Time { return &n.Within.Gap }))("local-gap", "g inside a host, of one rank")
	of(rateOf(func(n *Network) *float64 { return &n.Within.Bandwidth }))("local-bandwidth", "1/G inside a host, of one rank")
	of(rateOf(func(n *Network) *float64 { return &n.Memory }))("memory", "what all ranks of a host copy together")
	of(rateOf(func(n *Network) *float64 { return &n.Copy }))("copy", "what one rank copies in its own memory")
	of(rateOf(func(n *Network) *float64 { return &n.Reduce }))("reduce", "what one rank combines in a reduction")
	return all
}()

// Parameters lists the names of the parameters of a network with what they are,
// in the order of [Network.Text].
func Parameters() (names, help []string) {
	for _, p := range parameters {
		names, help = append(names, p.name), append(help, p.help)
	}
	return names, help
}

// Set gives the parameter of that name a value.
func (n *Network) Set(name, value string) error {
	for _, p := range parameters {
		if p.name == name {
			return p.set(n, strings.TrimSpace(value))
		}
	}
	return fmt.Errorf("a network has no parameter %q", name)
}

// Get returns the value of the parameter of that name as text, "" if there is
// none.
func (n *Network) Get(name string) string {
	for _, p := range parameters {
		if p.name == name {
			return p.get(n)
		}
	}
	return ""
}

// Text returns the network as a TOML file with a comment for each parameter.
func (n *Network) Text() string {
	var b strings.Builder
	for _, p := range parameters {
		fmt.Fprintf(&b, "%-16s = %-14q # %s\n", p.name, p.get(n), p.help)
	}
	return b.String()
}

// quantity splits a text into a number that is not negative and its unit.
func quantity(text string) (v float64, unit string, err error) {
	i := strings.LastIndexAny(text, "0123456789.") + 1
	if v, err = strconv.ParseFloat(strings.TrimSpace(text[:i]), 64); err != nil || v < 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return 0, "", fmt.Errorf("%q does not begin with a number", text)
	}
	return v, strings.TrimSpace(text[i:]), nil
}

// ParseTime reads a time such as 1.5us, 200ns or 0.
func ParseTime(text string) (Time, error) {
	v, name, err := quantity(text)
	if err != nil {
		return 0, err
	}
	unit := Time(0)
	switch name {
	case "ps":
		unit = Picosecond
	case "ns":
		unit = Nanosecond
	case "us", "µs", "μs":
		unit = Microsecond
	case "ms":
		unit = Millisecond
	case "s":
		unit = Second
	case "":
		if v == 0 {
			return 0, nil
		}
	}
	if unit == 0 {
		return 0, fmt.Errorf("%q is no time: a number and ns, us, ms or s", text)
	}
	if v*float64(unit) > float64(longest) {
		return 0, fmt.Errorf("%q is longer than %v", text, longest)
	}
	return Time(math.Round(v * float64(unit))), nil
}

// String is the time with a unit, as [ParseTime] reads it.
func (t Time) String() string {
	unit, name := Picosecond, "ps"
	switch a := max(t, -t); {
	case a >= Second:
		unit, name = Second, "s"
	case a >= Millisecond:
		unit, name = Millisecond, "ms"
	case a >= Microsecond:
		unit, name = Microsecond, "us"
	case a >= Nanosecond:
		unit, name = Nanosecond, "ns"
	case t == 0:
		name = "s"
	}
	return strconv.FormatFloat(float64(t)/float64(unit), 'f', -1, 64) + name
}

// rateUnits are the units of a rate in bytes per second.
var rateUnits = []struct {
	name string
	rate float64
}{
	{"TB/s", 1e12}, {"GB/s", 1e9}, {"MB/s", 1e6}, {"KB/s", 1e3}, {"kB/s", 1e3}, {"B/s", 1},
	{"GiB/s", 1 << 30}, {"MiB/s", 1 << 20}, {"KiB/s", 1 << 10}, {"Tbit/s", 1e12 / 8}, {"Gbit/s", 1e9 / 8}, {"Mbit/s", 1e6 / 8}, {"kbit/s", 1e3 / 8}, {"bit/s", 1. / 8},
}

// ParseRate reads a rate such as 12GB/s, 100Gbit/s, or 0 for no limit, in bytes
// per second.
func ParseRate(text string) (float64, error) {
	v, name, err := quantity(text)
	if err != nil {
		return 0, err
	}
	if name == "" && v == 0 {
		return 0, nil
	}
	for _, u := range rateUnits {
		if u.name == name {
			rate := v * u.rate
			if rate != 0 && (rate < 1 || rate > 1e18) {
				return 0, fmt.Errorf("%q is not between 1B/s and 1e6 TB/s", text)
			}
			return rate, nil
		}
	}
	return 0, fmt.Errorf("%q is no rate: a number and KB/s, MB/s, GB/s or Gbit/s", text)
}

// Rate is a rate in bytes per second as text, as [ParseRate] reads it.
func Rate(r float64) string {
	for _, u := range rateUnits[:4] {
		if r >= u.rate {
			return strconv.FormatFloat(r/u.rate, 'f', -1, 64) + u.name
		}
	}
	return strconv.FormatFloat(r, 'f', -1, 64) + "B/s"
}
