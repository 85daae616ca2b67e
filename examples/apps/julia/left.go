package main

import "math"

// left returns how many of n steps z → z² + c, begun at z = x + i·y and with
// c = cx + i·cy, are left when abs(z) is 3 or more; at least 1.
//
// The loop compares squares, which spares it the root; where abs(z) is so
// close to 3 that rounding could tell the two apart, abs(z) decides. Every
// product is rounded (float64(…)), so that machines that could fuse it with a
// sum compute the same picture.
func left(x, y, cx, cy float64, n int) int {
	const low, high = 9 * (1 - 1e-12), 9 * (1 + 1e-12)
	for ; n > 1; n-- {
		x2, y2 := float64(x*x), float64(y*y)
		if square := x2 + y2; square >= low && (square > high || math.Hypot(x, y) >= 3) {
			return n
		}
		xy := float64(x * y)
		x, y = x2-y2+cx, xy+xy+cy
	}
	return n
}
