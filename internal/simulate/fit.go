package simulate

import (
	"errors"
	"math"
	"slices"
)

// Sample is a measured one-way time of a message.
type Sample struct {
	Bytes int
	Time  Time
}

// Measured is what has been measured between two ranks.
type Measured struct {
	OneWay []Sample // half of a ping-pong, by size
	Call   Time     // what a call takes that sends a short message, without waiting
	Flood  Time     // time of one of many short messages in a row
}

// fitSmall is the size up to which the time of a message is taken for that of
// one without bytes, but for what the longest message says of them.
const fitSmall = 64

// Fit finds the link, and the length above which a message is announced first
// (0: none), that come nearest to what was measured.
func Fit(m Measured) (l Link, eager int, err error) {
	var small []Time
	var long Sample
	for _, s := range m.OneWay {
		if s.Time <= 0 || s.Bytes < 0 {
			return Link{}, 0, errors.New("a measured time is not above 0")
		}
		if s.Bytes > long.Bytes {
			long = s
		}
	}
	for _, s := range m.OneWay { // without what its few bytes take
		if s.Bytes <= fitSmall {
			small = append(small, max(1, s.Time-Time(float64(long.Time)*float64(s.Bytes)/float64(long.Bytes))))
		}
	}
	if len(small) == 0 || long.Bytes <= 16*fitSmall {
		return Link{}, 0, errors.New("short and long messages are needed to tell latency from bandwidth")
	}
	slices.Sort(small)
	base := small[len(small)/2]
	// Both overheads are in the time of a message, with the latency.
	l.Overhead = max(0, min(m.Call, base*9/20))
	l.Latency = base - 2*l.Overhead
	l.Gap = max(0, m.Flood)

	best := math.Inf(1)
	var each float64
	limits := []int{0}
	for _, s := range m.OneWay {
		if s.Bytes > fitSmall && s.Bytes < long.Bytes {
			limits = append(limits, s.Bytes)
		}
	}
	for _, limit := range limits {
		rest := func(s Sample) float64 { // the time that its bytes have
			t := float64(s.Time - base)
			if limit > 0 && s.Bytes > limit {
				t -= float64(2*l.Latency + 2*l.Overhead)
			}
			return t
		}
		// Least squares of the relative errors.
		up, down := 0.0, 0.0
		for _, s := range m.OneWay {
			w := float64(s.Bytes) / float64(s.Time)
			up += w * rest(s) / float64(s.Time)
			down += w * w
		}
		slope := max(0, up/down)
		wrong := 0.0
		for _, s := range m.OneWay {
			e := (rest(s) - slope*float64(s.Bytes)) / float64(s.Time)
			wrong += e * e
		}
		if limit > 0 {
			wrong *= 1.2 // the simpler model, unless the other is clearly nearer
		}
		if wrong < best {
			best, each, eager = wrong, slope, limit
		}
	}
	if each > 0 {
		l.Bandwidth = float64(Second) / each
		l.Bandwidth = min(1e18, max(1, math.Round(l.Bandwidth/1e5)*1e5))
	}
	return l, eager, nil
}
