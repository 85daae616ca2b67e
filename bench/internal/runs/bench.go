package runs

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Bench is one benchmark as its program is asked for it.
type Bench struct {
	Name        string
	Calls       []string // of collectives and overlap
	Sizes       Span
	Limit       time.Duration // for one size
	Iterations  int           // at most; 0: the benchmark's own
	Warmup      int           // 0: the benchmark's own
	Threads     int
	Wait        time.Duration // of idle
	Counts      []int         // of ranks
	NewRequests bool          // Ringo: a new request for each message, in C there is no such thing
}

// Span is the sizes of messages, from one to the other by a factor.
type Span struct{ Least, Greatest, Step int }

// Sizes are the sizes from least to greatest by the factor step.
func Sizes(least, greatest, step int) Span { return Span{least, greatest, step} }

func (s Span) given() bool { return s.Step > 0 }

// RingoArguments are the arguments of ringo.
func (b Bench) RingoArguments() []string {
	names := []string{b.Name}
	switch b.Name {
	case "collectives":
		names = append(names, b.Calls...)
	case "overlap":
		names = []string{"i" + b.Calls[0]}
	}
	out := append([]string{"bench"}, names...)
	out = append(out, "-f", "csv")
	if b.Sizes.given() {
		out = append(out, "-m", fmt.Sprintf("%d:%d", b.Sizes.Least, b.Sizes.Greatest), "--step", strconv.Itoa(b.Sizes.Step))
	}
	if b.Limit > 0 {
		out = append(out, "-T", b.Limit.String())
	}
	if b.Iterations > 0 {
		out = append(out, "-i", strconv.Itoa(b.Iterations))
	}
	if b.Warmup > 0 {
		out = append(out, "-x", strconv.Itoa(b.Warmup))
	}
	if b.Threads > 0 {
		out = append(out, "-t", strconv.Itoa(b.Threads))
	}
	if b.Wait > 0 {
		out = append(out, "-t", b.Wait.String())
	}
	if b.NewRequests {
		out = append(out, "--new-requests")
	}
	if len(b.Counts) > 0 {
		var ns []string
		for _, n := range b.Counts {
			ns = append(ns, strconv.Itoa(n))
		}
		out = append(out, "-n", strings.Join(ns, ","))
	}
	return out
}

// PeerArguments are the arguments of bench/peers.
func (b Bench) PeerArguments() []string {
	out := []string{b.Name}
	if b.Sizes.given() {
		out = append(out, "-m", fmt.Sprintf("%d:%d", b.Sizes.Least, b.Sizes.Greatest), "-s", strconv.Itoa(b.Sizes.Step))
	}
	seconds := func(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) }
	if b.Limit > 0 {
		out = append(out, "-T", seconds(b.Limit))
	}
	if b.Iterations > 0 {
		out = append(out, "-i", strconv.Itoa(b.Iterations))
	}
	if b.Warmup > 0 {
		out = append(out, "-x", strconv.Itoa(b.Warmup))
	}
	if b.Threads > 0 {
		out = append(out, "-t", strconv.Itoa(b.Threads))
	}
	if b.Wait > 0 {
		out = append(out, "-W", seconds(b.Wait))
	}
	return append(out, b.Calls...)
}
