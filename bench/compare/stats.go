package main

import (
	"math"
	"slices"
)

// summary is what a set of samples comes to.
type summary struct {
	N                    int
	Median, Q1, Q3       float64
	Least, Greatest, Sum float64
}

// summarize leaves out what is not a number: a repetition that failed.
func summarize(samples []float64) summary {
	v := slices.DeleteFunc(slices.Clone(samples), math.IsNaN)
	if len(v) == 0 {
		nan := math.NaN()
		return summary{0, nan, nan, nan, nan, nan, 0}
	}
	slices.Sort(v)
	s := summary{N: len(v), Median: quantile(v, 0.5), Q1: quantile(v, 0.25), Q3: quantile(v, 0.75), Least: v[0], Greatest: v[len(v)-1]}
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

// ratio is the quotient of the medians of two sets of samples, with the
// quartiles of the quotients repetition by repetition.
type ratio struct {
	Value, Q1, Q3 float64
	Against       string // the peer it is taken against
}

func (r ratio) known() bool { return !math.IsNaN(r.Value) }

var noRatio = ratio{math.NaN(), math.NaN(), math.NaN(), ""}

// quotient divides sample by sample where both are there.
func quotient(ours, theirs []float64) ratio {
	a, b := summarize(ours), summarize(theirs)
	if a.N == 0 || b.N == 0 || b.Median == 0 {
		return noRatio
	}
	var each []float64
	for i := range min(len(ours), len(theirs)) {
		if !math.IsNaN(ours[i]) && !math.IsNaN(theirs[i]) && theirs[i] != 0 {
			each = append(each, ours[i]/theirs[i])
		}
	}
	r := ratio{Value: a.Median / b.Median}
	s := summarize(each)
	r.Q1, r.Q3 = s.Q1, s.Q3
	return r
}
