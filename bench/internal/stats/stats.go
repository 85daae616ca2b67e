// Package stats has the statistics of measured values: medians, quartiles and
// the ratios of two sets of samples.
package stats

import (
	"math"
	"slices"
)

// Summary is what a set of samples comes to.
type Summary struct {
	N                    int
	Median, Q1, Q3       float64
	Least, Greatest, Sum float64
}

// Summarize leaves out what is not a number: a repetition that failed.
func Summarize(samples []float64) Summary {
	v := slices.DeleteFunc(slices.Clone(samples), math.IsNaN)
	if len(v) == 0 {
		nan := math.NaN()
		return Summary{0, nan, nan, nan, nan, nan, 0}
	}
	slices.Sort(v)
	s := Summary{N: len(v), Median: quantile(v, 0.5), Q1: quantile(v, 0.25), Q3: quantile(v, 0.75), Least: v[0], Greatest: v[len(v)-1]}
	for _, x := range v {
		s.Sum += x
	}
	return s
}

// quantile interpolates linearly between the two nearest of sorted values
// (Hyndman and Fan, Sample Quantiles in Statistical Packages, 1996, type 7).
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// Ratio is the quotient of the medians of two sets of samples, with the
// quartiles of the quotients repetition by repetition.
type Ratio struct {
	Value, Q1, Q3 float64
	Against       string // the peer it is taken against
}

// Known reports whether there was anything to divide.
func (r Ratio) Known() bool { return !math.IsNaN(r.Value) }

// NoRatio is that of samples of which none are there.
var NoRatio = Ratio{math.NaN(), math.NaN(), math.NaN(), ""}

// Quotient divides sample by sample where both are there.
func Quotient(ours, theirs []float64) Ratio {
	a, b := Summarize(ours), Summarize(theirs)
	if a.N == 0 || b.N == 0 || b.Median == 0 {
		return NoRatio
	}
	var each []float64
	for i := range min(len(ours), len(theirs)) {
		if !math.IsNaN(ours[i]) && !math.IsNaN(theirs[i]) && theirs[i] != 0 {
			each = append(each, ours[i]/theirs[i])
		}
	}
	r := Ratio{Value: a.Median / b.Median}
	s := Summarize(each)
	r.Q1, r.Q3 = s.Q1, s.Q3
	return r
}
