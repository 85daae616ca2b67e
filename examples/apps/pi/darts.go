package main

import (
	"math"
	"math/bits"
	"math/rand/v2"
)

// throw throws n darts at the unit square and returns how many hit the quarter
// circle. The coordinates of a dart are the two halves of one random word, so
// that x² + y² < 1 is decided in integers: the sum has no carry.
func throw(n int64, random *rand.PCG) (hits int64) {
	for range n {
		word := random.Uint64()
		x, y := word>>32, word&math.MaxUint32
		_, carry := bits.Add64(x*x, y*y, 0)
		hits += int64(1 - carry)
	}
	return hits
}

func estimate(hits, darts int64) float64 { return 4 * float64(hits) / float64(darts) }

// result is what the runs with one number of darts have come to.
type result struct {
	darts           int64
	mean, deviation float64 // of the estimates of pi
}

// statistics takes the hits of the runs, each with so many darts. The
// deviation is that of the runs themselves, Σ(x-mean)²/n, as numpy.std has it.
func statistics(darts int64, hits []int64) result {
	r := result{darts: darts}
	for _, h := range hits {
		r.mean += estimate(h, darts)
	}
	r.mean /= float64(len(hits))
	for _, h := range hits {
		d := estimate(h, darts) - r.mean
		r.deviation += d * d
	}
	r.deviation = math.Sqrt(r.deviation / float64(len(hits)))
	return r
}

// spread returns the results whose runs were not all equal, as few darts in few
// runs may be: only they have a logarithm of the deviation.
func spread(results []result) []result {
	var some []result
	for _, r := range results {
		if r.deviation > 0 {
			some = append(some, r)
		}
	}
	return some
}

// slope is the power of the number of darts that the deviation goes with: the
// gradient of the line through the logarithms, by least squares. It is NaN for
// fewer than two results.
func slope(results []result) float64 {
	results = spread(results)
	var mx, my, xx, xy float64
	n := float64(len(results))
	for _, r := range results {
		mx += math.Log2(float64(r.darts)) / n
		my += math.Log2(r.deviation) / n
	}
	for _, r := range results {
		dx := math.Log2(float64(r.darts)) - mx
		xx += dx * dx
		xy += dx * (math.Log2(r.deviation) - my)
	}
	return xy / xx
}
