package main

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
)

// points are the coordinates of points one after another, Dim each.
type points struct {
	Dim    int
	Values []float64
	Names  []string // of the coordinates, if the file has them
}

func (p points) len() int             { return len(p.Values) / p.Dim }
func (p points) at(i int) []float64   { return p.Values[i*p.Dim : (i+1)*p.Dim] }
func (p *points) add(point []float64) { p.Values = append(p.Values, point...) }

// box is where all points lie. Coordinates are added as integers, in units of
// the size of the box by 2 to the power Bits: sums of integers do not depend on
// their order.
type box struct {
	Low, Size []float64
	Bits      int
}

// bounds returns the box of p, with units so small that the sum of all points
// just fits.
func bounds(p points) box {
	b := box{Low: slices.Clone(p.at(0)), Size: make([]float64, p.Dim), Bits: 62 - bits.Len(uint(p.len()))}
	high := slices.Clone(p.at(0))
	for i := range p.len() {
		for d, x := range p.at(i) {
			b.Low[d], high[d] = min(b.Low[d], x), max(high[d], x)
		}
	}
	for d := range high {
		b.Size[d] = high[d] - b.Low[d]
		if b.Size[d] == 0 {
			b.Size[d] = 1 // all are equal here: any unit will do
		}
	}
	return b
}

func (b box) units(share float64) int64 { return int64(math.Round(math.Ldexp(share, b.Bits))) }

// diagonal2 is the square of the greatest distance in the box.
func (b box) diagonal2() float64 {
	sum := 0.0
	for _, s := range b.Size {
		sum += s * s
	}
	if sum == 0 {
		return 1 // smaller than a square can be
	}
	return sum
}

// sums are what one step adds up over all points: for each cluster the number
// of its points and their coordinates, then how many points have changed their
// cluster and the squared distances to the centres.
type sums []int64

func (s sums) moved() int64 { return s[len(s)-2] }
func (s sums) inertia(b box) float64 {
	return math.Ldexp(float64(s[len(s)-1]), -b.Bits) * b.diagonal2()
}
func (s sums) cluster(c, dim int) []int64 { return s[c*(dim+1) : (c+1)*(dim+1)] }

func (s sums) sizes(k int) []int64 {
	sizes := make([]int64, k)
	for c := range sizes {
		sizes[c] = s[c*(len(s)-2)/k]
	}
	return sizes
}

// newCentres moves the centres to the means of their points. One without
// points stays where it is.
func (s sums) newCentres(centres points, b box) {
	for c := range centres.len() {
		sum := s.cluster(c, centres.Dim)
		if sum[0] == 0 {
			continue
		}
		for d := range centres.Dim {
			mean := math.Ldexp(float64(sum[1+d])/float64(sum[0]), -b.Bits)
			centres.at(c)[d] = b.Low[d] + mean*b.Size[d]
		}
	}
}

// assign writes the nearest centre of each point into labels and returns the
// sums of the points.
func assign(p, centres points, labels []int32, b box, first bool) sums {
	s := make(sums, centres.len()*(p.Dim+1)+2)
	moved, inertia := &s[len(s)-2], &s[len(s)-1]
	diagonal2 := b.diagonal2()
	for i := range labels {
		point := p.at(i)
		best, distance2 := nearest(point, centres)
		if first || labels[i] != int32(best) {
			labels[i] = int32(best)
			*moved++
		}
		sum := s.cluster(best, p.Dim)
		sum[0]++
		for d, x := range point {
			sum[1+d] += b.units((x - b.Low[d]) / b.Size[d])
		}
		*inertia += b.units(distance2 / diagonal2)
	}
	return s
}

// nearest returns the centre next to a point, the first of several, and the
// square of its distance.
func nearest(point []float64, centres points) (best int, distance2 float64) {
	distance2 = math.Inf(1)
	for c := range centres.len() {
		sum := 0.0
		for d, x := range centres.at(c) {
			sum += (point[d] - x) * (point[d] - x)
		}
		if sum < distance2 {
			best, distance2 = c, sum
		}
	}
	return best, distance2
}

// firstCentres picks k points to begin with, each with a probability that goes
// with the square of its distance to those picked before (k-means++: Arthur
// and Vassilvitskii, SODA 2007).
func firstCentres(p points, k int, seed uint64) points {
	random := rand.New(rand.NewPCG(seed, 0))
	centres := points{Dim: p.Dim}
	centres.add(p.at(random.IntN(p.len())))
	distances := make([]float64, p.len())
	for i := range distances {
		_, distances[i] = nearest(p.at(i), centres)
	}
	for centres.len() < k {
		total := 0.0
		for _, d := range distances {
			total += d
		}
		pick, left := 0, random.Float64()*total
		for pick < p.len()-1 && left >= distances[pick] {
			left -= distances[pick]
			pick++
		}
		last := points{Dim: p.Dim, Values: p.at(pick)}
		centres.add(p.at(pick))
		for i := range distances {
			_, d := nearest(p.at(i), last)
			distances[i] = min(distances[i], d)
		}
	}
	return centres
}
