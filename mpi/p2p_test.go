package mpi_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringo-mpi/ringo/mpi"
)

func TestSendRecvRing(t *testing.T) {
	modes := map[string]func(c *mpi.Comm, buf []float64, dest, tag int) error{
		"Send": mpi.Send[float64], "Bsend": mpi.Bsend[float64],
		"Isend": func(c *mpi.Comm, buf []float64, dest, tag int) error {
			_, err := mpi.Isend(c, buf, dest, tag).Wait()
			return err
		},
		"Ibsend": func(c *mpi.Comm, buf []float64, dest, tag int) error {
			_, err := mpi.Ibsend(c, buf, dest, tag).Wait()
			return err
		},
	}
	for name, send := range modes {
		t.Run(name, func(t *testing.T) {
			runAll(t, func(c *mpi.Comm) error {
				next, prev := (c.Rank()+1)%c.Size(), (c.Rank()+c.Size()-1)%c.Size()
				r := mpi.Irecv(c, make([]float64, 0), prev, 9) // an empty message before
				if err := send(c, nil, next, 9); err != nil {
					return err
				}
				if _, err := r.Wait(); err != nil {
					return err
				}
				buf := make([]float64, 5)
				r = mpi.Irecv(c, buf, prev, 7)
				if err := send(c, []float64{1, 2, float64(c.Rank())}, next, 7); err != nil {
					return err
				}
				st, err := r.Wait()
				if err != nil {
					return err
				}
				if st.Source != prev || st.Tag != 7 || st.Bytes != 24 || mpi.Count[float64](st) != 3 || st.Cancelled {
					return fmt.Errorf("status %+v", st)
				}
				return equal("received", buf, []float64{1, 2, float64(prev), 0, 0})
			})
		})
	}
}

// Ssend and Rsend in a pair: the synchronous one returns after the receive has
// begun, the ready one needs it posted.
func TestSynchronousAndReady(t *testing.T) {
	run(t, 2, func(c *mpi.Comm) error {
		x := []int32{0}
		if c.Rank() == 0 {
			if err := mpi.Ssend(c, []int32{1}, 1, 0); err != nil {
				return err
			}
			r := mpi.Issend(c, []int32{2}, 1, 1)
			if _, ok, err := r.Test(); ok || err != nil {
				return fmt.Errorf("a synchronous send ended unreceived: %v, %v", ok, err)
			}
			if err := mpi.Send(c, x, 1, 2); err != nil {
				return err
			}
			if _, err := r.Wait(); err != nil {
				return err
			}
			if _, err := mpi.Recv(c, x, 1, 3); err != nil { // the other has posted
				return err
			}
			if err := mpi.Rsend(c, []int32{3}, 1, 4); err != nil {
				return err
			}
			if _, err := mpi.Irsend(c, []int32{4}, 1, 5).Wait(); err != nil {
				return err
			}
			err := mpi.Rsend(c, []int32{5}, 1, 6)
			if !errors.Is(err, mpi.ErrNotReady) {
				return fmt.Errorf("a ready send without a receive: %v", err)
			}
			return c.Barrier()
		}
		if _, err := mpi.Recv(c, x, 0, 0); err != nil || x[0] != 1 {
			return fmt.Errorf("%v, %v", x, err)
		}
		if _, err := mpi.Recv(c, x, 0, 2); err != nil {
			return err
		}
		if _, err := mpi.Recv(c, x, 0, 1); err != nil || x[0] != 2 {
			return fmt.Errorf("%v, %v", x, err)
		}
		y, z := []int32{0}, []int32{0}
		r := []*mpi.Request{mpi.Irecv(c, y, 0, 4), mpi.Irecv(c, z, 0, 5)}
		if err := mpi.Send(c, x, 0, 3); err != nil {
			return err
		}
		if err := mpi.WaitAll(r...); err != nil || y[0] != 3 || z[0] != 4 {
			return fmt.Errorf("%v %v %v", y, z, err)
		}
		return c.Barrier()
	})
}

func TestProcNull(t *testing.T) {
	run(t, 2, func(c *mpi.Comm) error {
		x := []int{5}
		null := func(st mpi.Status, err error) error {
			if err != nil || st.Source != mpi.ProcNull || st.Tag != mpi.AnyTag || st.Bytes != 0 || x[0] != 5 {
				return fmt.Errorf("status %+v, error %v, buffer %v", st, err, x)
			}
			return nil
		}
		st1, err1 := mpi.Recv(c, x, mpi.ProcNull, 3)
		st2, err2 := mpi.Irecv(c, x, mpi.ProcNull, mpi.AnyTag).Wait()
		st3, err3 := mpi.Sendrecv(c, x, mpi.ProcNull, 0, x[:0], mpi.ProcNull, 0)
		st4, err4 := c.Probe(mpi.ProcNull, 1)
		m, st5, err5 := c.Mprobe(mpi.ProcNull, 1)
		st6, err6 := mpi.Mrecv(m, x)
		st7, ok, err7 := c.Iprobe(mpi.ProcNull, 0)
		dst, st8, err8 := mpi.RecvAppend(c, x, mpi.ProcNull, 0)
		if !ok || len(dst) != 1 {
			return errors.New("Iprobe or RecvAppend from ProcNull")
		}
		st9, err9 := mpi.RecvView(c, mpi.Whole(x), mpi.ProcNull, 0)
		_, err10 := mpi.Isend(c, x, mpi.ProcNull, 0).Wait()
		return first(null(st1, err1), null(st2, err2), null(st3, err3), null(st4, err4), null(st5, err5), null(st6, err6),
			null(st7, err7), null(st8, err8), null(st9, err9), err10, mpi.Send(c, x, mpi.ProcNull, 0), mpi.SendView(c, mpi.Whole(x), mpi.ProcNull, 0))
	})
}

func TestAnySourceAndOrder(t *testing.T) {
	runAll(t, func(c *mpi.Comm) error {
		const each = 20
		if c.Rank() != 0 {
			for i := range each {
				if err := mpi.Send(c, []int{c.Rank(), i}, 0, i%3); err != nil {
					return err
				}
			}
			return nil
		}
		next := make([]int, c.Size())
		for range each * (c.Size() - 1) {
			buf := make([]int, 2)
			st, err := mpi.Recv(c, buf, mpi.AnySource, mpi.AnyTag)
			if err != nil {
				return err
			}
			if buf[0] != st.Source || buf[1] != next[st.Source] || st.Tag != buf[1]%3 {
				return fmt.Errorf("message %v with %+v, want number %d", buf, st, next[st.Source])
			}
			next[st.Source]++
		}
		return nil
	})
}

func TestTruncationAndTypes(t *testing.T) {
	run(t, 2, func(c *mpi.Comm) error {
		if c.Rank() == 0 {
			return first(mpi.Send(c, []int64{1, 2, 3}, 1, 0), mpi.Send(c, []int64{4}, 1, 1), mpi.Send(c, []int64{5}, 1, 2), mpi.Send(c, []int32{6, 7, 8}, 1, 3))
		}
		x := []int64{0, 0}
		_, err := mpi.Recv(c, x, 0, 0)
		var e *mpi.Error
		if !errors.Is(err, mpi.ErrTruncate) || !errors.As(err, &e) || e.Op != "Recv" || e.Peer != 0 || e.Tag != 0 || e.Rank != 1 || e.Comm != "world" {
			return fmt.Errorf("a message too long: %v", err)
		}
		_, err = mpi.Recv(c, make([]float64, 1), 0, 1)
		if !errors.Is(err, mpi.ErrType) || !strings.Contains(err.Error(), "int64") || !strings.Contains(err.Error(), "float64") {
			return fmt.Errorf("a message of another type: %v", err)
		}
		if _, err := mpi.Recv(c, x, 0, 2); err != nil || x[0] != 5 {
			return fmt.Errorf("the message after: %v, %v", x, err)
		}
		st, err := c.Probe(0, 3)
		if err != nil || mpi.Count[int32](st) != 3 || mpi.Count[int64](st) != mpi.Undefined {
			return fmt.Errorf("probe: %+v, %v", st, err)
		}
		_, err = mpi.Recv(c, make([]int32, 3), 0, 3)
		return err
	})
}

func TestRecvAppend(t *testing.T) {
	run(t, 2, func(c *mpi.Comm) error {
		if c.Rank() == 0 {
			for n := range 5 {
				if err := mpi.Send(c, make([]uint16, n*100), 1, n); err != nil {
					return err
				}
			}
			return mpi.Send(c, []int8{1}, 1, 9)
		}
		dst := []uint16{42}
		total := 1
		for n := range 5 {
			var st mpi.Status
			var err error
			if dst, st, err = mpi.RecvAppend(c, dst, mpi.AnySource, n); err != nil || mpi.Count[uint16](st) != n*100 {
				return fmt.Errorf("%+v, %v", st, err)
			}
			if total += n * 100; len(dst) != total || dst[0] != 42 {
				return fmt.Errorf("%d elements, want %d", len(dst), total)
			}
		}
		got, _, err := mpi.RecvAppend(c, dst, 0, 9)
		if !errors.Is(err, mpi.ErrType) || len(got) != total {
			return fmt.Errorf("another type: %v, %d elements", err, len(got))
		}
		return nil
	})
}

func TestSendrecv(t *testing.T) {
	runAll(t, func(c *mpi.Comm) error {
		next, prev := (c.Rank()+1)%c.Size(), (c.Rank()+c.Size()-1)%c.Size()
		recv := make([]byte, 3)
		st, err := mpi.Sendrecv(c, []int16{int16(c.Rank())}, next, 1, recv[:0], mpi.ProcNull, 0)
		if err != nil || st.Source != mpi.ProcNull {
			return fmt.Errorf("%+v, %v", st, err)
		}
		x := make([]int16, 2)
		if _, err := mpi.Sendrecv(c, recv[:0], mpi.ProcNull, 0, x, prev, 1); err != nil || x[0] != int16(prev) {
			return fmt.Errorf("%v, %v", x, err)
		}
		buf := []int{c.Rank(), 7}
		if _, err := mpi.SendrecvReplace(c, buf, next, 2, prev, 2); err != nil {
			return err
		}
		return equal("replaced", buf, []int{prev, 7})
	})
}

func TestProbes(t *testing.T) {
	run(t, 2, func(c *mpi.Comm) error {
		if c.Rank() == 0 {
			if err := mpi.Send(c, []int{1, 2}, 1, 5); err != nil {
				return err
			}
			return mpi.Send(c, []int{3}, 1, 5)
		}
		if _, ok, err := c.Iprobe(0, 4); ok || err != nil {
			return fmt.Errorf("probe of nothing: %v, %v", ok, err)
		}
		if m, _, ok, err := c.Improbe(0, 4); m != nil || ok || err != nil {
			return fmt.Errorf("matched probe of nothing: %v, %v", ok, err)
		}
		st, err := c.Probe(mpi.AnySource, mpi.AnyTag)
		if err != nil || st.Source != 0 || st.Tag != 5 || st.Bytes != 16 && st.Bytes != 8 {
			return fmt.Errorf("%+v, %v", st, err)
		}
		m, st, err := c.Mprobe(0, 5)
		if err != nil || mpi.Count[int](st) != 2 {
			return fmt.Errorf("%+v, %v", st, err)
		}
		x := make([]int, 2)
		if _, err := mpi.Recv(c, x, 0, 5); err != nil || x[0] != 3 { // the one that was not taken
			return fmt.Errorf("%v, %v", x, err)
		}
		if _, err := mpi.Imrecv(m, x).Wait(); err != nil {
			return err
		}
		if _, err := mpi.Mrecv(m, x); !errors.Is(err, mpi.ErrRequest) {
			return fmt.Errorf("receiving a message again: %v", err)
		}
		if _, err := mpi.Mrecv(nil, x); !errors.Is(err, mpi.ErrRequest) {
			return fmt.Errorf("receiving no message: %v", err)
		}
		return equal("matched", x, []int{1, 2})
	})
}

func TestCancel(t *testing.T) {
	run(t, 2, func(c *mpi.Comm) error {
		if c.Rank() != 0 {
			return c.Barrier()
		}
		r := mpi.Irecv(c, make([]int, 1), 1, 0)
		if err := r.Cancel(); err != nil {
			return err
		}
		st, err := r.Wait()
		if err != nil || !st.Cancelled {
			return fmt.Errorf("%+v, %v", st, err)
		}
		// Cancelling from another goroutine releases one that waits.
		r = mpi.Irecv(c, make([]int, 1), 1, 0)
		go func() {
			time.Sleep(5 * time.Millisecond)
			r.Cancel()
		}()
		if st, err := r.Wait(); err != nil || !st.Cancelled {
			return fmt.Errorf("%+v, %v", st, err)
		}
		if err := r.Cancel(); err != nil {
			return fmt.Errorf("cancelling what is complete: %v", err)
		}
		return c.Barrier()
	})
}

func TestContextEndsBlockingCalls(t *testing.T) {
	run(t, 2, func(c *mpi.Comm) error {
		if c.Rank() != 0 {
			return c.Barrier()
		}
		calls := map[string]func(c *mpi.Comm) error{
			"Recv":  func(c *mpi.Comm) error { _, err := mpi.Recv(c, make([]int, 1), 1, 0); return err },
			"Wait":  func(c *mpi.Comm) error { _, err := mpi.Irecv(c, make([]int, 1), 1, 0).Wait(); return err },
			"Probe": func(c *mpi.Comm) error { _, err := c.Probe(1, 0); return err },
			"Ssend": func(c *mpi.Comm) error { return mpi.Ssend(c, []int{1}, 1, 0) },
			"Sendrecv": func(c *mpi.Comm) error {
				_, err := mpi.Sendrecv(c, []int{1}, mpi.ProcNull, 0, make([]int, 1), 1, 0)
				return err
			},
			"Test": func(c *mpi.Comm) error {
				r := mpi.Irecv(c, make([]int, 1), 1, 0)
				for {
					if _, ok, err := r.Test(); ok || err != nil {
						return err
					}
					time.Sleep(time.Millisecond)
				}
			},
			"WaitAny": func(c *mpi.Comm) error {
				other := mpi.Irecv(c.WithContext(context.Background()), make([]int, 1), 1, 1)
				_, _, err := mpi.WaitAny(nil, other, mpi.Irecv(c, make([]int, 1), 1, 0))
				return errors.Join(err, other.Cancel())
			},
			"WaitAny of two contexts": func(c *mpi.Comm) error {
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				other := mpi.Irecv(c.WithContext(ctx), make([]int, 1), 1, 1)
				i, _, err := mpi.WaitAny(other, mpi.Irecv(c, make([]int, 1), 1, 0))
				if i != 1 {
					return fmt.Errorf("request %d: %w", i, err)
				}
				return errors.Join(err, other.Cancel())
			},
			"WaitSome": func(c *mpi.Comm) error {
				_, err := mpi.WaitSome(mpi.Irecv(c, make([]int, 1), 1, 0))
				return err
			},
		}
		for name, call := range calls {
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
			err := call(c.WithContext(ctx))
			cancel()
			if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, mpi.ErrCancelled) {
				return fmt.Errorf("%s: %v", name, err)
			}
			cause := errors.New("enough")
			ctx2, cancel2 := context.WithCancelCause(context.Background())
			cancel2(cause)
			err = call(c.WithContext(ctx2))
			if !errors.Is(err, context.Canceled) || !errors.Is(err, cause) || !errors.Is(err, mpi.ErrCancelled) {
				return fmt.Errorf("%s: %v", name, err)
			}
		}
		return c.Barrier()
	})
}

// A receive that its context ended took nothing: the message is still there.
func TestContextLosesNothing(t *testing.T) {
	run(t, 2, func(c *mpi.Comm) error {
		if c.Rank() == 1 {
			if _, err := mpi.Recv(c, []int{0}, 0, 1); err != nil {
				return err
			}
			return mpi.Send(c, []int{11}, 0, 0)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
		defer cancel()
		x := []int{0}
		if _, err := mpi.Recv(c.WithContext(ctx), x, 1, 0); !errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("%v", err)
		}
		if err := mpi.Send(c, x, 1, 1); err != nil {
			return err
		}
		if _, err := mpi.Recv(c, x, 1, 0); err != nil || x[0] != 11 {
			return fmt.Errorf("%v, %v", x, err)
		}
		return nil
	})
}

func TestWaitTwice(t *testing.T) {
	run(t, 1, func(c *mpi.Comm) error {
		x := []int{0}
		r := mpi.Irecv(c, x, 0, 2)
		if st := r.Status(); st.Source != mpi.AnySource {
			return fmt.Errorf("status of a request under way: %+v", st)
		}
		if err := mpi.Send(c, []int{8}, 0, 2); err != nil {
			return err
		}
		a, err1 := r.Wait()
		b, err2 := r.Wait()
		d, ok, err3 := r.Test()
		if a != b || a != d || a != r.Status() || !ok || a.Tag != 2 {
			return fmt.Errorf("%+v %+v %+v", a, b, d)
		}
		bad := mpi.Isend(c, x, 99, 0)
		_, err4 := bad.Wait()
		_, err5 := bad.Wait()
		if !errors.Is(err4, mpi.ErrRank) || err4 != err5 {
			return fmt.Errorf("%v, %v", err4, err5)
		}
		var none *mpi.Request
		_, err6 := none.Wait()
		_, ok, err7 := none.Test()
		if !ok {
			return errors.New("a nil request is not complete")
		}
		return first(err1, err2, err3, err6, err7, none.Cancel())
	})
}

func TestWaitForSeveral(t *testing.T) {
	run(t, 2, func(c *mpi.Comm) error {
		const n = 10
		if c.Rank() == 1 {
			for i := n - 1; i >= 0; i-- {
				if err := mpi.Send(c, []int{i}, 0, i); err != nil {
					return err
				}
			}
			return c.Barrier()
		}
		start := func() ([]*mpi.Request, [][]int) {
			reqs, bufs := make([]*mpi.Request, n), make([][]int, n)
			for i := range reqs {
				bufs[i] = []int{-1}
				if i%4 != 3 {
					reqs[i] = mpi.Irecv(c, bufs[i], 1, i)
				}
			}
			return reqs, bufs
		}
		reqs, bufs := start()
		var seen []int
		for {
			i, st, err := mpi.WaitAny(reqs...)
			if err != nil {
				return err
			}
			if i < 0 {
				break
			}
			if st.Tag != i || bufs[i][0] != i {
				return fmt.Errorf("request %d: %+v, %v", i, st, bufs[i])
			}
			seen = append(seen, i)
		}
		slices.Sort(seen)
		if err := equal("any", seen, []int{0, 1, 2, 4, 5, 6, 8, 9}); err != nil {
			return err
		}
		if i, _, ok, err := mpi.TestAny(reqs...); i != -1 || !ok || err != nil {
			return fmt.Errorf("TestAny of none: %d %v %v", i, ok, err)
		}
		if list, err := mpi.WaitSome(reqs...); list != nil || err != nil {
			return fmt.Errorf("WaitSome of none: %v %v", list, err)
		}
		r3, r7 := mpi.Irecv(c, bufs[3], 1, 3), mpi.Irecv(c, bufs[7], 1, 7)
		got := map[int]bool{}
		for len(got) < 2 {
			list, err := mpi.WaitSome(r3, nil, r7)
			if err != nil || len(list) == 0 {
				return fmt.Errorf("WaitSome: %v, %v", list, err)
			}
			for _, i := range list {
				got[i] = true
			}
		}
		if ok, err := mpi.TestAll(r3, nil, r7); !ok || err != nil {
			return fmt.Errorf("TestAll: %v, %v", ok, err)
		}
		pending := mpi.Irecv(c, bufs[0], 1, 1000)
		if ok, err := mpi.TestAll(pending, r3); ok || err != nil {
			return fmt.Errorf("TestAll of one under way: %v, %v", ok, err)
		}
		if i, _, ok, err := mpi.TestAny(pending, r3); i != -1 || ok || err != nil {
			return fmt.Errorf("TestAny of one under way: %v %v, %v", i, ok, err)
		}
		if list, err := mpi.TestSome(pending); list != nil || err != nil {
			return fmt.Errorf("TestSome: %v, %v", list, err)
		}
		return first(pending.Cancel(), c.Barrier())
	})
}

func TestErrorsOfSeveral(t *testing.T) {
	run(t, 1, func(c *mpi.Comm) error {
		bad1, bad2 := mpi.Isend(c, []int{1}, 5, 0), mpi.Irecv(c, []linked{}, 0, 0)
		if err := mpi.WaitAll(bad1, bad2); !errors.Is(err, mpi.ErrRank) || !errors.Is(err, mpi.ErrType) {
			return fmt.Errorf("WaitAll: %v", err)
		}
		bad1, bad2 = mpi.Isend(c, []int{1}, 5, 0), mpi.Irecv(c, []linked{}, 0, 0)
		if list, err := mpi.WaitSome(bad1, bad2); len(list) != 2 || !errors.Is(err, mpi.ErrRank) || !errors.Is(err, mpi.ErrType) {
			return fmt.Errorf("WaitSome: %v, %v", list, err)
		}
		return nil
	})
}

// Several goroutines may wait for one request, and for sets that overlap.
func TestRequestSharedByGoroutines(t *testing.T) {
	run(t, 2, func(c *mpi.Comm) error {
		if c.Rank() == 1 {
			if _, err := mpi.Recv(c, []int{0}, 0, 9); err != nil {
				return err
			}
			return first(mpi.Send(c, []int{1}, 0, 1), mpi.Send(c, []int{2}, 0, 2))
		}
		x, y := []int{0}, []int{0}
		rx, ry := mpi.Irecv(c, x, 1, 1), mpi.Irecv(c, y, 1, 2)
		errs := make(chan error, 9)
		for i := range 9 {
			go func() {
				var err error
				switch i % 3 {
				case 0:
					_, err = rx.Wait()
				case 1:
					_, err = ry.Wait()
				case 2:
					err = mpi.WaitAll(ry, rx)
				}
				errs <- err
			}()
		}
		hits := make(chan int, 2)
		for range 2 {
			go func() {
				i, _, err := mpi.WaitAny(rx, ry)
				errs <- err
				hits <- i
			}()
		}
		time.Sleep(5 * time.Millisecond)
		if err := mpi.Send(c, x[:0], 1, 9); err != nil {
			return err
		}
		for range 11 {
			if err := <-errs; err != nil {
				return err
			}
		}
		<-hits
		<-hits
		if x[0] != 1 || y[0] != 2 {
			return fmt.Errorf("%v %v", x, y)
		}
		return nil
	})
}

func TestFailedPeer(t *testing.T) {
	for name := range engines {
		why := errors.New("out of luck")
		err := runUntil(t, name, 3, false, func(c *mpi.Comm) error {
			if c.Rank() == 1 {
				return why
			}
			_, err := mpi.Recv(c, make([]int, 1), 1, 0)
			var e *mpi.Error
			if !errors.Is(err, mpi.ErrProcFailed) || !errors.As(err, &e) || e.Peer != 1 {
				return fmt.Errorf("a receive from a failed rank: %v", err)
			}
			return err
		})
		var r *mpi.RankError
		if !errors.Is(err, why) || errors.Is(err, mpi.ErrProcFailed) || !errors.As(err, &r) || r.Rank != 1 || r.Size != 3 {
			t.Errorf("%s: %v, want the error of rank 1 alone", name, err)
		}
	}
}
