package mpi_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ringo-mpi/ringo/mpi"
)

// datum is element i of what rank has for the rank to.
func datum(rank, to, i int) int64 { return int64(rank*10000 + to*100 + i) }

// data is n elements of what rank has for each of the ranks to.
func data(rank, n int, to ...int) []int64 {
	var list []int64
	for _, t := range to {
		for i := range n {
			list = append(list, datum(rank, t, i))
		}
	}
	return list
}

func ranks(c *mpi.Comm) []int {
	list := make([]int, c.Size())
	for i := range list {
		list[i] = i
	}
	return list
}

// fromAll is n elements of what each rank has for the rank to.
func fromAll(c *mpi.Comm, n, to int) []int64 {
	var list []int64
	for r := range c.Size() {
		list = append(list, data(r, n, to)...)
	}
	return list
}

// done ends a request.
func done(r *mpi.Request) error {
	st, err := r.Wait()
	if err == nil && (st.Source != mpi.AnySource || st.Tag != mpi.AnyTag || st.Bytes != 0 || st.Cancelled) {
		return fmt.Errorf("the status of a collective is not empty: %+v", st)
	}
	return err
}

// forms runs a collective in its blocking and its nonblocking form.
func forms[F any](name string, fs []F, try func(f F) error) error {
	for i, f := range fs {
		if err := try(f); err != nil {
			return fmt.Errorf("%s, form %d: %w", name, i, err)
		}
	}
	return nil
}

func eachRoot(c *mpi.Comm, try func(root int) error) error {
	for root := range c.Size() {
		if err := try(root); err != nil {
			return fmt.Errorf("root %d: %w", root, err)
		}
	}
	return nil
}

func TestBarrierAndBcast(t *testing.T) {
	runAll(t, func(c *mpi.Comm) error {
		if err := first(c.Barrier(), done(c.Ibarrier())); err != nil {
			return err
		}
		bcasts := []func(buf []int64, root int) error{
			func(b []int64, root int) error { return mpi.Bcast(c, b, root) },
			func(b []int64, root int) error { return done(mpi.Ibcast(c, b, root)) },
		}
		return forms("Bcast", bcasts, func(f func([]int64, int) error) error {
			return eachRoot(c, func(root int) error {
				for _, n := range []int{0, 1, 5, 1000} {
					buf := data(c.Rank(), n, 0)
					if err := f(buf, root); err != nil {
						return err
					}
					if err := equal("buf", buf, data(root, n, 0)); err != nil {
						return err
					}
				}
				return nil
			})
		})
	})
}

func TestScatter(t *testing.T) {
	type call func(send, recv []int64, root int) error
	runAll(t, func(c *mpi.Comm) error {
		const n = 3
		fs := []call{
			func(s, r []int64, root int) error { return mpi.Scatter(c, s, r, root) },
			func(s, r []int64, root int) error { return done(mpi.Iscatter(c, s, r, root)) },
		}
		inPlace := []func([]int64, int) error{
			func(b []int64, root int) error { return mpi.ScatterInPlace(c, b, root) },
			func(b []int64, root int) error { return done(mpi.IscatterInPlace(c, b, root)) },
		}
		return eachRoot(c, func(root int) error {
			want := data(root, n, c.Rank())
			all := data(c.Rank(), n, ranks(c)...)
			err := forms("Scatter", fs, func(f call) error {
				recv := make([]int64, n)
				send := all
				if c.Rank() != root {
					send = nil
				}
				return first(f(send, recv, root), equal("recv", recv, want))
			})
			return first(err, forms("ScatterInPlace", inPlace, func(f func([]int64, int) error) error {
				buf := make([]int64, n)
				if c.Rank() == root {
					buf = slices.Clone(all)
				}
				if err := f(buf, root); err != nil {
					return err
				}
				if c.Rank() == root {
					return equal("buf of the root", buf, all)
				}
				return equal("buf", buf, want)
			}))
		})
	})
}

// uneven gives rank i (i*2+1)%5 elements, with a hole of one before each block.
func uneven(c *mpi.Comm) (counts, displs []int, total int) {
	for i := range c.Size() {
		counts = append(counts, (i*2+1)%5)
		displs = append(displs, total+1)
		total += counts[i] + 1
	}
	return counts, displs, total
}

// spread puts for each rank the block of counts elements at displs, -1 between.
func spread(total int, counts, displs []int, block func(rank, n int) []int64) []int64 {
	buf := make([]int64, total)
	for i := range buf {
		buf[i] = -1
	}
	for r, n := range counts {
		copy(buf[displs[r]:], block(r, n))
	}
	return buf
}

func TestScatterv(t *testing.T) {
	type call func(send []int64, counts, displs []int, recv []int64, root int) error
	runAll(t, func(c *mpi.Comm) error {
		fs := []call{
			func(s []int64, n, d []int, r []int64, root int) error {
				return mpi.Scatterv(c, mpi.PartsOf(s, n).At(d), r, root)
			},
			func(s []int64, n, d []int, r []int64, root int) error {
				return done(mpi.Iscatterv(c, mpi.PartsOf(s, n).At(d), r, root))
			},
		}
		inPlace := []func([]int64, []int, []int, int) error{
			func(b []int64, n, d []int, root int) error {
				return mpi.ScattervInPlace(c, mpi.PartsOf(b, n).At(d), root)
			},
			func(b []int64, n, d []int, root int) error {
				return done(mpi.IscattervInPlace(c, mpi.PartsOf(b, n).At(d), root))
			},
		}
		counts, displs, total := uneven(c)
		return eachRoot(c, func(root int) error {
			want := data(root, counts[c.Rank()], c.Rank())
			send := spread(total, counts, displs, func(r, n int) []int64 { return data(root, n, r) })
			err := forms("Scatterv", fs, func(f call) error {
				recv, packed := make([]int64, len(want)), make([]int64, len(want))
				if c.Rank() != root {
					return first(f(nil, nil, nil, recv, root), equal("recv", recv, want), f(nil, nil, nil, packed, root), equal("packed", packed, want))
				}
				var dense []int64
				for r, n := range counts {
					dense = append(dense, data(root, n, r)...)
				}
				return first(f(send, counts, displs, recv, root), equal("recv", recv, want), f(dense, counts, nil, packed, root), equal("packed", packed, want))
			})
			return first(err, forms("ScattervInPlace", inPlace, func(f func([]int64, []int, []int, int) error) error {
				if c.Rank() == root {
					buf := slices.Clone(send)
					return first(f(buf, counts, displs, root), equal("buf of the root", buf, send))
				}
				buf := make([]int64, len(want))
				return first(f(buf, nil, nil, root), equal("buf", buf, want))
			}))
		})
	})
}

func TestGather(t *testing.T) {
	type call func(send, recv []int64, root int) error
	runAll(t, func(c *mpi.Comm) error {
		const n = 4
		fs := []call{
			func(s, r []int64, root int) error { return mpi.Gather(c, s, r, root) },
			func(s, r []int64, root int) error { return done(mpi.Igather(c, s, r, root)) },
		}
		inPlace := []func([]int64, int) error{
			func(b []int64, root int) error { return mpi.GatherInPlace(c, b, root) },
			func(b []int64, root int) error { return done(mpi.IgatherInPlace(c, b, root)) },
		}
		return eachRoot(c, func(root int) error {
			want := fromAll(c, n, root)
			mine := data(c.Rank(), n, root)
			err := forms("Gather", fs, func(f call) error {
				if c.Rank() != root {
					return f(mine, nil, root)
				}
				recv := make([]int64, len(want))
				return first(f(mine, recv, root), equal("recv", recv, want))
			})
			return first(err, forms("GatherInPlace", inPlace, func(f func([]int64, int) error) error {
				if c.Rank() != root {
					return f(mine, root)
				}
				buf := make([]int64, len(want))
				copy(buf[root*n:], mine)
				return first(f(buf, root), equal("buf", buf, want))
			}))
		})
	})
}

func TestGatherv(t *testing.T) {
	type call func(send, recv []int64, counts, displs []int, root int) error
	runAll(t, func(c *mpi.Comm) error {
		fs := []call{
			func(s, r []int64, n, d []int, root int) error {
				return mpi.Gatherv(c, s, mpi.PartsOf(r, n).At(d), root)
			},
			func(s, r []int64, n, d []int, root int) error {
				return done(mpi.Igatherv(c, s, mpi.PartsOf(r, n).At(d), root))
			},
		}
		inPlace := []func([]int64, []int, []int, int) error{
			func(b []int64, n, d []int, root int) error {
				return mpi.GathervInPlace(c, mpi.PartsOf(b, n).At(d), root)
			},
			func(b []int64, n, d []int, root int) error {
				return done(mpi.IgathervInPlace(c, mpi.PartsOf(b, n).At(d), root))
			},
		}
		counts, displs, total := uneven(c)
		return eachRoot(c, func(root int) error {
			want := spread(total, counts, displs, func(r, n int) []int64 { return data(r, n, root) })
			mine := data(c.Rank(), counts[c.Rank()], root)
			err := forms("Gatherv", fs, func(f call) error {
				if c.Rank() != root {
					return f(mine, nil, nil, nil, root)
				}
				recv := spread(total, nil, nil, nil)
				return first(f(mine, recv, counts, displs, root), equal("recv", recv, want))
			})
			return first(err, forms("GathervInPlace", inPlace, func(f func([]int64, []int, []int, int) error) error {
				if c.Rank() != root {
					return f(mine, nil, nil, root)
				}
				buf := spread(total, nil, nil, nil)
				copy(buf[displs[root]:], mine)
				return first(f(buf, counts, displs, root), equal("buf", buf, want))
			}))
		})
	})
}

func TestAllgather(t *testing.T) {
	type call func(send, recv []int64) error
	runAll(t, func(c *mpi.Comm) error {
		const n = 4
		fs := []call{
			func(s, r []int64) error { return mpi.Allgather(c, s, r) },
			func(s, r []int64) error { return done(mpi.Iallgather(c, s, r)) },
			func(s, r []int64) error {
				copy(r[c.Rank()*n:], s)
				return mpi.AllgatherInPlace(c, r)
			},
			func(s, r []int64) error {
				copy(r[c.Rank()*n:], s)
				return done(mpi.IallgatherInPlace(c, r))
			},
		}
		err := forms("Allgather", fs, func(f call) error {
			recv := make([]int64, n*c.Size())
			return first(f(data(c.Rank(), n, 0), recv), equal("recv", recv, fromAll(c, n, 0)))
		})
		counts, displs, total := uneven(c)
		want := spread(total, counts, displs, func(r, n int) []int64 { return data(r, n, 0) })
		vs := []call{
			func(s, r []int64) error { return mpi.Allgatherv(c, s, mpi.PartsOf(r, counts).At(displs)) },
			func(s, r []int64) error { return done(mpi.Iallgatherv(c, s, mpi.PartsOf(r, counts).At(displs))) },
			func(s, r []int64) error {
				copy(r[displs[c.Rank()]:], s)
				return mpi.AllgathervInPlace(c, mpi.PartsOf(r, counts).At(displs))
			},
			func(s, r []int64) error {
				copy(r[displs[c.Rank()]:], s)
				return done(mpi.IallgathervInPlace(c, mpi.PartsOf(r, counts).At(displs)))
			},
		}
		return first(err, forms("Allgatherv", vs, func(f call) error {
			recv := spread(total, nil, nil, nil)
			return first(f(data(c.Rank(), counts[c.Rank()], 0), recv), equal("recv", recv, want))
		}))
	})
}

func TestAlltoall(t *testing.T) {
	type call func(send, recv []int64) error
	runAll(t, func(c *mpi.Comm) error {
		const n = 3
		fs := []call{
			func(s, r []int64) error { return mpi.Alltoall(c, s, r) },
			func(s, r []int64) error { return done(mpi.Ialltoall(c, s, r)) },
			func(s, r []int64) error { copy(r, s); return mpi.AlltoallInPlace(c, r) },
			func(s, r []int64) error { copy(r, s); return done(mpi.IalltoallInPlace(c, r)) },
		}
		return forms("Alltoall", fs, func(f call) error {
			recv := make([]int64, n*c.Size())
			return first(f(data(c.Rank(), n, ranks(c)...), recv), equal("recv", recv, fromAll(c, n, c.Rank())))
		})
	})
}

// pairCount is how many elements rank a has for rank b in the v tests.
func pairCount(a, b int) int { return (a + 2*b) % 4 }

func TestAlltoallv(t *testing.T) {
	type call func(send []int64, sc, sd []int, recv []int64, rc, rd []int) error
	runAll(t, func(c *mpi.Comm) error {
		layout := func(count func(r int) int, reverse bool) (counts, displs []int, total int) {
			counts, displs = make([]int, c.Size()), make([]int, c.Size())
			for k := range counts {
				r := k
				if reverse {
					r = c.Size() - 1 - k
				}
				counts[r], displs[r] = count(r), total
				total += counts[r] + 1
			}
			return counts, displs, total
		}
		sc, sd, sn := layout(func(r int) int { return pairCount(c.Rank(), r) }, false)
		rc, rd, rn := layout(func(r int) int { return pairCount(r, c.Rank()) }, true)
		send := spread(sn, sc, sd, func(r, n int) []int64 { return data(c.Rank(), n, r) })
		want := spread(rn, rc, rd, func(r, n int) []int64 { return data(r, n, c.Rank()) })
		fs := []call{
			func(s []int64, sc, sd []int, r []int64, rc, rd []int) error {
				return mpi.Alltoallv(c, mpi.PartsOf(s, sc).At(sd), mpi.PartsOf(r, rc).At(rd))
			},
			func(s []int64, sc, sd []int, r []int64, rc, rd []int) error {
				return done(mpi.Ialltoallv(c, mpi.PartsOf(s, sc).At(sd), mpi.PartsOf(r, rc).At(rd)))
			},
		}
		err := forms("Alltoallv", fs, func(f call) error {
			recv := spread(rn, nil, nil, nil)
			return first(f(send, sc, sd, recv, rc, rd), equal("recv", recv, want))
		})
		symmetric := func(r int) int { return (r + c.Rank()) % 3 }
		counts, displs, total := layout(symmetric, false)
		inPlace := []func(buf []int64) error{
			func(b []int64) error { return mpi.AlltoallvInPlace(c, mpi.PartsOf(b, counts).At(displs)) },
			func(b []int64) error { return done(mpi.IalltoallvInPlace(c, mpi.PartsOf(b, counts).At(displs))) },
		}
		return first(err, forms("AlltoallvInPlace", inPlace, func(f func([]int64) error) error {
			buf := spread(total, counts, displs, func(r, n int) []int64 { return data(c.Rank(), n, r) })
			want := spread(total, counts, displs, func(r, n int) []int64 { return data(r, n, c.Rank()) })
			return first(f(buf), equal("buf", buf, want))
		}))
	})
}

func TestValues(t *testing.T) {
	runAll(t, func(c *mpi.Comm) error {
		return eachRoot(c, func(root int) error {
			x, err := mpi.BcastValue(c, c.Rank()*10, root)
			if err != nil || x != root*10 {
				return fmt.Errorf("BcastValue: %d, %v", x, err)
			}
			sum, err := mpi.ReduceValue(c, 1, mpi.Sum, root)
			if want := map[bool]int{true: c.Size()}[c.Rank() == root]; err != nil || sum != want {
				return fmt.Errorf("ReduceValue: %d, %v", sum, err)
			}
			all, err := mpi.GatherValue(c, c.Rank(), root)
			if c.Rank() != root {
				if all != nil || err != nil {
					return fmt.Errorf("GatherValue: %v, %v", all, err)
				}
			} else if err := first(err, equal("GatherValue", all, ranks(c))); err != nil {
				return err
			}
			all, err = mpi.AllgatherValue(c, c.Rank())
			if err := first(err, equal("AllgatherValue", all, ranks(c))); err != nil {
				return err
			}
			scan, err1 := mpi.ScanValue(c, 2, mpi.Sum)
			exscan, err2 := mpi.ExscanValue(c, 2, mpi.Sum)
			if scan != 2*c.Rank()+2 || exscan != 2*c.Rank() {
				return fmt.Errorf("scans: %d, %d", scan, exscan)
			}
			return first(err1, err2)
		})
	})
}

func TestSlices(t *testing.T) {
	runAll(t, func(c *mpi.Comm) error {
		return eachRoot(c, func(root int) error {
			mine := data(c.Rank(), c.Rank()*3%5, root)
			parts, err := mpi.GatherSlices(c, mine, root)
			if err != nil {
				return err
			}
			everywhere, err := mpi.AllgatherSlices(c, mine)
			if err != nil {
				return err
			}
			for r := range c.Size() {
				want := data(r, r*3%5, root)
				if err := equal("AllgatherSlices", everywhere[r], want); err != nil {
					return err
				}
				if c.Rank() == root {
					if err := equal("GatherSlices", parts[r], want); err != nil {
						return err
					}
				} else if parts != nil {
					return errors.New("GatherSlices returned something elsewhere")
				}
			}
			var send [][]int64
			if c.Rank() == root {
				for r := range c.Size() {
					send = append(send, data(root, r, r))
				}
			}
			got, err := mpi.ScatterSlices(c, send, root)
			if err := first(err, equal("ScatterSlices", got, data(root, c.Rank(), c.Rank()))); err != nil {
				return err
			}
			send = nil
			for r := range c.Size() {
				send = append(send, data(c.Rank(), pairCount(c.Rank(), r), r))
			}
			all, err := mpi.AlltoallSlices(c, send)
			if err != nil {
				return err
			}
			for r := range all {
				if err := equal("AlltoallSlices", all[r], data(r, pairCount(r, c.Rank()), c.Rank())); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// A wrong number of parts on one rank ends the call on all of them.
func TestSlicesRefused(t *testing.T) {
	run(t, 3, func(c *mpi.Comm) error {
		_, err := mpi.ScatterSlices(c, make([][]int, 2), 1)
		want := mpi.ErrMismatch
		if c.Rank() == 1 {
			want = mpi.ErrCount
		}
		if !errors.Is(err, want) {
			return fmt.Errorf("ScatterSlices: %v", err)
		}
		_, err = mpi.AlltoallSlices(c, make([][]int, 2+c.Rank()))
		if c.Rank() != 1 {
			want = mpi.ErrCount
		} else {
			want = mpi.ErrMismatch
		}
		if !errors.Is(err, want) {
			return fmt.Errorf("AlltoallSlices: %v", err)
		}
		return c.Barrier()
	})
}

// A collective that its context ends revokes the communicator, so that nobody
// waits for ever.
func TestContextEndsCollectives(t *testing.T) {
	run(t, 3, func(c *mpi.Comm) error {
		for _, nonblocking := range []bool{false, true} {
			d, err := c.Dup()
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
			defer cancel()
			switch {
			case c.Rank() == 0 && nonblocking:
				_, err = d.WithContext(ctx).Ibarrier().Wait()
			case c.Rank() == 0:
				err = d.WithContext(ctx).Barrier()
			case c.Rank() == 1:
				err = d.Barrier()
				if !errors.Is(err, mpi.ErrRevoked) {
					return fmt.Errorf("the others: %v", err)
				}
				continue
			default:
				continue
			}
			if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, mpi.ErrCancelled) {
				return fmt.Errorf("nonblocking %v: %v", nonblocking, err)
			}
		}
		return c.Barrier()
	})
}
