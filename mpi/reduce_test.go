package mpi_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/ringo-mpi/ringo/mpi"
)

// sumTo is the sum of datum over the ranks 0 to last.
func sumTo(last, i int) (s int64) {
	for r := 0; r <= last; r++ {
		s += datum(r, 0, i)
	}
	return s
}

func sums(last, n int) []int64 {
	list := make([]int64, n)
	for i := range list {
		list[i] = sumTo(last, i)
	}
	return list
}

func TestReductions(t *testing.T) {
	type call func(send, recv []int64) error
	runAll(t, func(c *mpi.Comm) error {
		const n = 5
		mine := data(c.Rank(), n, 0)
		all := sums(c.Size()-1, n)
		inPlace := func(f func([]int64) error) call {
			return func(s, r []int64) error { copy(r, s); return f(r) }
		}
		check := func(name string, want []int64, fs ...call) error {
			return forms(name, fs, func(f call) error {
				recv := make([]int64, n)
				send := slices.Clone(mine)
				return first(f(send, recv), equal("recv", recv, want), equal("send", send, mine))
			})
		}
		before := sums(c.Rank()-1, n)
		if c.Rank() == 0 {
			before = make([]int64, n)
		}
		err := first(
			check("Allreduce", all,
				func(s, r []int64) error { return mpi.Allreduce(c, s, r, mpi.Sum) },
				func(s, r []int64) error { return done(mpi.Iallreduce(c, s, r, mpi.Sum)) },
				inPlace(func(b []int64) error { return mpi.AllreduceInPlace(c, b, mpi.Sum) }),
				inPlace(func(b []int64) error { return done(mpi.IallreduceInPlace(c, b, mpi.Sum)) })),
			check("Scan", sums(c.Rank(), n),
				func(s, r []int64) error { return mpi.Scan(c, s, r, mpi.Sum) },
				func(s, r []int64) error { return done(mpi.Iscan(c, s, r, mpi.Sum)) },
				inPlace(func(b []int64) error { return mpi.ScanInPlace(c, b, mpi.Sum) }),
				inPlace(func(b []int64) error { return done(mpi.IscanInPlace(c, b, mpi.Sum)) })),
			check("Exscan", before,
				func(s, r []int64) error { return mpi.Exscan(c, s, r, mpi.Sum) },
				func(s, r []int64) error { return done(mpi.Iexscan(c, s, r, mpi.Sum)) }),
		)
		if err != nil {
			return err
		}
		if c.Rank() == 0 {
			before = mine // in place, the first rank keeps its input
		}
		err = check("ExscanInPlace", before,
			inPlace(func(b []int64) error { return mpi.ExscanInPlace(c, b, mpi.Sum) }),
			inPlace(func(b []int64) error { return done(mpi.IexscanInPlace(c, b, mpi.Sum)) }))
		if err != nil {
			return err
		}
		return eachRoot(c, func(root int) error {
			fs := []call{
				func(s, r []int64) error { return mpi.Reduce(c, s, r, mpi.Sum, root) },
				func(s, r []int64) error { return done(mpi.Ireduce(c, s, r, mpi.Sum, root)) },
				inPlace(func(b []int64) error { return mpi.ReduceInPlace(c, b, mpi.Sum, root) }),
				inPlace(func(b []int64) error { return done(mpi.IreduceInPlace(c, b, mpi.Sum, root)) }),
			}
			return forms("Reduce", fs, func(f call) error {
				recv := make([]int64, n)
				if err := f(mine, recv); err != nil || c.Rank() != root {
					return err
				}
				return equal("recv", recv, all)
			})
		})
	})
}

func TestReduceScatter(t *testing.T) {
	type call func(send, recv []int64) error
	runAll(t, func(c *mpi.Comm) error {
		const n = 3
		p := c.Size()
		all := sums(p-1, n*p)
		mine := data(c.Rank(), n*p, 0)
		inPlace := func(f func([]int64) error) call {
			return func(s, r []int64) error {
				buf := slices.Clone(s)
				err := f(buf)
				copy(r, buf)
				return err
			}
		}
		err := forms("ReduceScatterBlock", []call{
			func(s, r []int64) error { return mpi.ReduceScatterBlock(c, s, r, mpi.Sum) },
			func(s, r []int64) error { return done(mpi.IreduceScatterBlock(c, s, r, mpi.Sum)) },
			inPlace(func(b []int64) error { return mpi.ReduceScatterBlockInPlace(c, b, mpi.Sum) }),
			inPlace(func(b []int64) error { return done(mpi.IreduceScatterBlockInPlace(c, b, mpi.Sum)) }),
		}, func(f call) error {
			recv := make([]int64, n)
			return first(f(mine, recv), equal("recv", recv, all[c.Rank()*n:][:n]))
		})
		var counts []int
		total, off := 0, 0
		for r := range p {
			if r == c.Rank() {
				off = total
			}
			counts = append(counts, (r*2+1)%4)
			total += counts[r]
		}
		return first(err, forms("ReduceScatter", []call{
			func(s, r []int64) error { return mpi.ReduceScatter(c, mpi.PartsOf(s, counts), r, mpi.Sum) },
			func(s, r []int64) error { return done(mpi.IreduceScatter(c, mpi.PartsOf(s, counts), r, mpi.Sum)) },
			inPlace(func(b []int64) error { return mpi.ReduceScatterInPlace(c, mpi.PartsOf(b, counts), mpi.Sum) }),
			inPlace(func(b []int64) error { return done(mpi.IreduceScatterInPlace(c, mpi.PartsOf(b, counts), mpi.Sum)) }),
		}, func(f call) error {
			recv := make([]int64, counts[c.Rank()])
			return first(f(mine[:total], recv), equal("recv", recv, all[off:][:len(recv)]))
		}))
	})
}

func TestOperations(t *testing.T) {
	runAll(t, func(c *mpi.Comm) error {
		p := int64(c.Size())
		r := int64(c.Rank())
		sum, err1 := mpi.AllreduceValue(c, r+1, mpi.Sum)
		biggest, err2 := mpi.AllreduceValue(c, float32(r), mpi.Max)
		least, err3 := mpi.AllreduceValue(c, uint8(r+3), mpi.Min)
		any, err4 := mpi.AllreduceValue(c, r == p-1, mpi.Lor)
		every, err5 := mpi.AllreduceValue(c, r != 0, mpi.Land)
		bit, err6 := mpi.AllreduceValue(c, uint64(1)<<r, mpi.Bor)
		prod, err7 := mpi.AllreduceValue(c, complex(0, 1), mpi.Prod)
		where, err8 := mpi.AllreduceValue(c, mpi.ValueLoc[celsius]{Value: celsius((r + 1) % p), Loc: r}, mpi.MaxLoc)
		low, err9 := mpi.AllreduceValue(c, mpi.ValueLoc[int32]{Value: 4, Loc: r + 7}, mpi.MinLoc)
		if err := first(err1, err2, err3, err4, err5, err6, err7, err8, err9); err != nil {
			return err
		}
		wantProd := []complex128{1, 1i, -1, -1i}[p%4]
		wantLoc := mpi.ValueLoc[celsius]{Value: celsius(p - 1), Loc: (2*p - 2) % p}
		if sum != p*(p+1)/2 || biggest != float32(p-1) || least != 3 || !any || every || bit != 1<<p-1 || prod != wantProd || where != wantLoc || low.Loc != 7 {
			return fmt.Errorf("%v %v %v %v %v %v %v %v %v", sum, biggest, least, any, every, bit, prod, where, low)
		}
		return nil
	})
}

// affine is a function x → A·x + B; composition is associative and not
// commutative.
type affine struct{ A, B int64 }

func compose(f, g affine) affine { return affine{f.A * g.A % 1009, (f.A*g.B + f.B) % 1009} }

func TestUserOperationsKeepTheOrder(t *testing.T) {
	op := mpi.OpFunc(compose, false)
	slice := mpi.OpSlice(func(in, inout []affine) {
		for i := range in {
			inout[i] = compose(in[i], inout[i])
		}
	}, false)
	runAll(t, func(c *mpi.Comm) error {
		const n = 5000
		value := func(rank, i int) affine { return affine{int64(rank + 2), int64(i%7 + rank)} }
		for _, op := range []mpi.Op{op, slice} {
			send, recv, scan := make([]affine, n), make([]affine, n), make([]affine, n)
			for i := range send {
				send[i] = value(c.Rank(), i)
			}
			if err := first(mpi.Allreduce(c, send, recv, op), mpi.Scan(c, send, scan, op)); err != nil {
				return err
			}
			for i := range recv {
				want := value(0, i)
				for r := 1; r < c.Size(); r++ {
					if r == c.Rank()+1 && scan[i] != want {
						return fmt.Errorf("scan %d: %v, want %v", i, scan[i], want)
					}
					want = compose(want, value(r, i))
				}
				if recv[i] != want {
					return fmt.Errorf("%d: %v, want %v", i, recv[i], want)
				}
			}
		}
		_, err := mpi.AllreduceValue(c, int64(1), op)
		if !errors.Is(err, mpi.ErrOp) {
			return fmt.Errorf("an operation on another type: %v", err)
		}
		return nil
	})
}
