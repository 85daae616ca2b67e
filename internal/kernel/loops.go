package kernel

import "unsafe"

// unroll is how many elements one turn of a loop combines: several at a time
// are faster than one.
const unroll = 8

// block returns the elements from index i of the vector at p; at returns one.
func block[T any](p unsafe.Pointer, i int) *[unroll]T {
	return (*[unroll]T)(unsafe.Add(p, uintptr(i)*unsafe.Sizeof(*new(T))))
}

func at[T any](p unsafe.Pointer, i int) *T {
	return (*T)(unsafe.Add(p, uintptr(i)*unsafe.Sizeof(*new(T))))
}

func sum[T ordered | complex64 | complex128](dst, a, b unsafe.Pointer, n int) {
	i := 0
	for ; i+unroll <= n; i += unroll {
		d, x, y := block[T](dst, i), block[T](a, i), block[T](b, i)
		d[0] = x[0] + y[0]
		d[1] = x[1] + y[1]
		d[2] = x[2] + y[2]
		d[3] = x[3] + y[3]
		d[4] = x[4] + y[4]
		d[5] = x[5] + y[5]
		d[6] = x[6] + y[6]
		d[7] = x[7] + y[7]
	}
	for ; i < n; i++ {
		*at[T](dst, i) = *at[T](a, i) + *at[T](b, i)
	}
}

func prod[T ordered | complex64 | complex128](dst, a, b unsafe.Pointer, n int) {
	i := 0
	for ; i+unroll <= n; i += unroll {
		d, x, y := block[T](dst, i), block[T](a, i), block[T](b, i)
		d[0] = x[0] * y[0]
		d[1] = x[1] * y[1]
		d[2] = x[2] * y[2]
		d[3] = x[3] * y[3]
		d[4] = x[4] * y[4]
		d[5] = x[5] * y[5]
		d[6] = x[6] * y[6]
		d[7] = x[7] * y[7]
	}
	for ; i < n; i++ {
		*at[T](dst, i) = *at[T](a, i) * *at[T](b, i)
	}
}

func maxOf[T ordered](dst, a, b unsafe.Pointer, n int) {
	i := 0
	for ; i+unroll <= n; i += unroll {
		d, x, y := block[T](dst, i), block[T](a, i), block[T](b, i)
		d[0] = max(x[0], y[0])
		d[1] = max(x[1], y[1])
		d[2] = max(x[2], y[2])
		d[3] = max(x[3], y[3])
		d[4] = max(x[4], y[4])
		d[5] = max(x[5], y[5])
		d[6] = max(x[6], y[6])
		d[7] = max(x[7], y[7])
	}
	for ; i < n; i++ {
		*at[T](dst, i) = max(*at[T](a, i), *at[T](b, i))
	}
}

func minOf[T ordered](dst, a, b unsafe.Pointer, n int) {
	i := 0
	for ; i+unroll <= n; i += unroll {
		d, x, y := block[T](dst, i), block[T](a, i), block[T](b, i)
		d[0] = min(x[0], y[0])
		d[1] = min(x[1], y[1])
		d[2] = min(x[2], y[2])
		d[3] = min(x[3], y[3])
		d[4] = min(x[4], y[4])
		d[5] = min(x[5], y[5])
		d[6] = min(x[6], y[6])
		d[7] = min(x[7], y[7])
	}
	for ; i < n; i++ {
		*at[T](dst, i) = min(*at[T](a, i), *at[T](b, i))
	}
}

func bitAnd[T signed | unsigned](dst, a, b unsafe.Pointer, n int) {
	i := 0
	for ; i+unroll <= n; i += unroll {
		d, x, y := block[T](dst, i), block[T](a, i), block[T](b, i)
		d[0] = x[0] & y[0]
		d[1] = x[1] & y[1]
		d[2] = x[2] & y[2]
		d[3] = x[3] & y[3]
		d[4] = x[4] & y[4]
		d[5] = x[5] & y[5]
		d[6] = x[6] & y[6]
		d[7] = x[7] & y[7]
	}
	for ; i < n; i++ {
		*at[T](dst, i) = *at[T](a, i) & *at[T](b, i)
	}
}

func bitOr[T signed | unsigned](dst, a, b unsafe.Pointer, n int) {
	i := 0
	for ; i+unroll <= n; i += unroll {
		d, x, y := block[T](dst, i), block[T](a, i), block[T](b, i)
		d[0] = x[0] | y[0]
		d[1] = x[1] | y[1]
		d[2] = x[2] | y[2]
		d[3] = x[3] | y[3]
		d[4] = x[4] | y[4]
		d[5] = x[5] | y[5]
		d[6] = x[6] | y[6]
		d[7] = x[7] | y[7]
	}
	for ; i < n; i++ {
		*at[T](dst, i) = *at[T](a, i) | *at[T](b, i)
	}
}

func bitXor[T signed | unsigned](dst, a, b unsafe.Pointer, n int) {
	i := 0
	for ; i+unroll <= n; i += unroll {
		d, x, y := block[T](dst, i), block[T](a, i), block[T](b, i)
		d[0] = x[0] ^ y[0]
		d[1] = x[1] ^ y[1]
		d[2] = x[2] ^ y[2]
		d[3] = x[3] ^ y[3]
		d[4] = x[4] ^ y[4]
		d[5] = x[5] ^ y[5]
		d[6] = x[6] ^ y[6]
		d[7] = x[7] ^ y[7]
	}
	for ; i < n; i++ {
		*at[T](dst, i) = *at[T](a, i) ^ *at[T](b, i)
	}
}

// truth is the integer that stands for v.
func truth[T signed | unsigned](v bool) T {
	if v {
		return 1
	}
	return 0
}

func logicalAnd[T signed | unsigned](dst, a, b unsafe.Pointer, n int) {
	for i := range n {
		*at[T](dst, i) = truth[T](*at[T](a, i) != 0 && *at[T](b, i) != 0)
	}
}

func logicalOr[T signed | unsigned](dst, a, b unsafe.Pointer, n int) {
	for i := range n {
		*at[T](dst, i) = truth[T](*at[T](a, i) != 0 || *at[T](b, i) != 0)
	}
}

func logicalXor[T signed | unsigned](dst, a, b unsafe.Pointer, n int) {
	for i := range n {
		*at[T](dst, i) = truth[T]((*at[T](a, i) != 0) != (*at[T](b, i) != 0))
	}
}
