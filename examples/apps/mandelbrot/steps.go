package main

import "math"

// steps returns how many steps z → z² + c with c = cx + i·cy, begun at 0, are
// made before abs(z) is 2 or more, at most limit of them.
//
// The loop compares squares, which spares it the root; where abs(z) is so
// close to 2 that rounding could tell the two apart, abs(z) decides. Every
// product is rounded (float64(…)), so that machines that could fuse it with a
// sum compute the same picture.
func steps(cx, cy float64, limit int) int {
	if neverLeaves(cx, cy) {
		return limit
	}
	const low, high = 4 * (1 - 1e-12), 4 * (1 + 1e-12)
	var x, y float64
	for n := range limit {
		x2, y2 := float64(x*x), float64(y*y)
		if square := x2 + y2; square >= low && (square > high || math.Hypot(x, y) >= 2) {
			return n
		}
		xy := float64(x * y)
		x, y = x2-y2+cx, xy+xy+cy
	}
	return limit
}

// neverLeaves reports whether c lies in one of the two large parts of the set:
// the heart, where z comes to rest, and the disc left of it, where z goes to
// and fro between two points. They are most of the points that would take all
// the steps there are.
func neverLeaves(cx, cy float64) bool {
	y2 := float64(cy * cy)
	u := cx - 0.25
	q := float64(u*u) + y2
	return float64(q*(q+u)) <= y2/4 || float64((cx+1)*(cx+1))+y2 <= 1.0/16
}
