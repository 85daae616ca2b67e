package mpi_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ringo-mpi/ringo/mpi"
)

// run runs fn on n goroutine ranks and reports their errors.
func runObjects(t *testing.T, n int, fn func(c *mpi.Comm) error) {
	t.Helper()
	if err := mpi.Run(n, fn); err != nil {
		t.Errorf("%d ranks: %v", n, err)
	}
}

// payload is an object with a bit of everything.
type payload struct {
	Name   string
	Rank   int
	Vector []float64
	Blob   []byte
	Map    map[string][]int
}

func makePayload(rank, size int) payload {
	p := payload{Name: strings.Repeat("n", rank), Rank: rank, Map: map[string][]int{"a": {rank, 2}}}
	p.Vector = make([]float64, size)
	p.Blob = make([]byte, size)
	for i := range size {
		p.Vector[i], p.Blob[i] = float64(i+rank), byte(i*rank)
	}
	return p
}

func check[T any](got T, err error, want T) error {
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(got, want) {
		return fmt.Errorf("got %.200v, want %.200v", fmt.Sprint(got), fmt.Sprint(want))
	}
	return nil
}

var objectSizes = []int{0, 1, 10, 50, 400, 600, 5000, 33000, 70000}

func TestObjectPointToPoint(t *testing.T) {
	for name, send := range map[string]func(c *mpi.Comm, v payload, dest, tag int) error{
		"Send": mpi.SendObject[payload], "Ssend": mpi.SsendObject[payload], "Bsend": mpi.BsendObject[payload],
		"Isend": func(c *mpi.Comm, v payload, d, tag int) error {
			_, err := mpi.IsendObject(c, v, d, tag).Wait()
			return err
		},
		"Issend": func(c *mpi.Comm, v payload, d, tag int) error {
			_, err := mpi.IssendObject(c, v, d, tag).Wait()
			return err
		},
		"Ibsend": func(c *mpi.Comm, v payload, d, tag int) error {
			_, err := mpi.IbsendObject(c, v, d, tag).Wait()
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			runObjects(t, 2, func(c *mpi.Comm) error {
				for i, size := range objectSizes {
					want := makePayload(0, size)
					if c.Rank() == 0 {
						for range 4 {
							if err := send(c, want, 1, i); err != nil {
								return err
							}
						}
						continue
					}
					got, st, err := mpi.RecvObject[payload](c, 0, i)
					if err := check(got, err, want); err != nil {
						return err
					}
					if st.Source != 0 || st.Tag != i || st.Bytes < 9*size {
						return fmt.Errorf("status %+v of an object with %d bytes", st, 9*size)
					}
					got, _, err = mpi.RecvObject[payload](c, mpi.AnySource, mpi.AnyTag)
					if err := check(got, err, want); err != nil {
						return err
					}
					r := mpi.IrecvObject[payload](c, 0, i)
					got, _, err = r.Wait()
					if err := check(got, err, want); err != nil {
						return err
					}
					m, _, err := c.Mprobe(0, i)
					if err != nil {
						return err
					}
					got, _, err = mpi.MrecvObject[payload](m)
					if err := check(got, err, want); err != nil {
						return err
					}
				}
				return nil
			})
		})
	}
}

// Several receives of long objects are posted before the sends: each gets its
// own, in order, whatever order they are waited for.
func TestObjectIrecvOrder(t *testing.T) {
	runObjects(t, 3, func(c *mpi.Comm) error {
		const n = 20
		size := func(i int) int { return objectSizes[i%len(objectSizes)] }
		if c.Rank() != 0 {
			var reqs []*mpi.Request
			for i := range n {
				reqs = append(reqs, mpi.IsendObject(c, makePayload(c.Rank(), size(i)), 0, 5))
			}
			return mpi.WaitAll(reqs...)
		}
		var reqs [2][]*mpi.ObjectRequest[payload]
		for range n {
			for s := range reqs {
				reqs[s] = append(reqs[s], mpi.IrecvObject[payload](c, s+1, 5))
			}
		}
		for i := n - 1; i >= 0; i-- {
			for s := range reqs {
				got, _, err := reqs[s][i].Wait()
				if err := check(got, err, makePayload(s+1, size(i))); err != nil {
					return fmt.Errorf("object %d: %w", i, err)
				}
			}
		}
		return nil
	})
}

// The receiver of a long object need not call anything for the sender to get
// on (MPI 5.0 §3.7.4, progress).
func TestObjectProgress(t *testing.T) {
	runObjects(t, 2, func(c *mpi.Comm) error {
		v := makePayload(0, 300000)
		if c.Rank() == 0 {
			if err := mpi.SendObject(c, v, 1, 0); err != nil {
				return err
			}
			return mpi.Send(c, []int{1}, 1, 1)
		}
		r := mpi.IrecvObject[payload](c, 0, 0)
		if _, err := mpi.Recv(c, make([]int, 1), 0, 1); err != nil {
			return err
		}
		got, _, err := r.Wait()
		return check(got, err, v)
	})
}

func TestObjectWaitAny(t *testing.T) {
	runObjects(t, 2, func(c *mpi.Comm) error {
		v := makePayload(0, 40000)
		if c.Rank() == 0 {
			if err := mpi.SendObject(c, v, 1, 0); err != nil {
				return err
			}
			return mpi.SendObject(c, "end", 1, 1)
		}
		a, b := mpi.IrecvObject[payload](c, 0, 0), mpi.IrecvObject[string](c, 0, 1)
		seen := map[int]bool{}
		for range 2 {
			i, _, err := mpi.WaitAny(a.Request(), b.Request())
			if err != nil {
				return err
			}
			seen[i] = true
		}
		got, _, err := a.Wait()
		if err := check(got, err, v); err != nil {
			return err
		}
		text, _, ok, err := b.Test()
		if !ok || !seen[0] || !seen[1] {
			return fmt.Errorf("seen %v, Test says %v", seen, ok)
		}
		return check(text, err, "end")
	})
}

func TestObjectSendrecv(t *testing.T) {
	runObjects(t, 3, func(c *mpi.Comm) error {
		for _, size := range objectSizes {
			right, left := (c.Rank()+1)%3, (c.Rank()+2)%3
			got, _, err := mpi.SendrecvObject[payload, payload](c, makePayload(c.Rank(), size), right, 1, left, 1)
			if err := check(got, err, makePayload(left, size)); err != nil {
				return err
			}
		}
		_, st, err := mpi.SendrecvObject[int, int](c, 1, mpi.ProcNull, 0, mpi.ProcNull, 0)
		if err != nil || st.Source != mpi.ProcNull {
			return fmt.Errorf("ProcNull: %+v, %w", st, err)
		}
		return nil
	})
}

// A send to oneself.
func TestObjectSelf(t *testing.T) {
	runObjects(t, 1, func(c *mpi.Comm) error {
		for _, size := range objectSizes {
			r := mpi.IsendObject(c, makePayload(3, size), 0, 9)
			got, _, err := mpi.RecvObject[payload](c, 0, 9)
			if err := check(got, err, makePayload(3, size)); err != nil {
				return err
			}
			if _, err := r.Wait(); err != nil {
				return err
			}
		}
		return nil
	})
}

// A context that ends takes a long object back, or lets it through whole.
func TestObjectContext(t *testing.T) {
	runObjects(t, 2, func(c *mpi.Comm) error {
		ctx, stop := context.WithTimeout(context.Background(), 20*time.Millisecond)
		defer stop()
		v := makePayload(1, 100000)
		if c.Rank() == 0 {
			if err := mpi.SendObject(c.WithContext(ctx), v, 1, 0); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, mpi.ErrCancelled) {
				return fmt.Errorf("a send that nobody receives: %w", err)
			}
			r := mpi.IsendObject(c.WithContext(ctx), v, 1, 0)
			if _, err := r.Wait(); !errors.Is(err, context.DeadlineExceeded) {
				return fmt.Errorf("a started send that nobody receives: %w", err)
			}
			if err := c.Barrier(); err != nil {
				return err
			}
			return mpi.SendObject(c, v, 1, 1)
		}
		if _, _, err := mpi.RecvObject[payload](c.WithContext(ctx), 0, 1); !errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("a receive that nobody sends to: %w", err)
		}
		if err := c.Barrier(); err != nil {
			return err
		}
		if _, ok, err := c.Iprobe(mpi.AnySource, 0); ok || err != nil {
			return fmt.Errorf("a withdrawn object is still there (%w)", err)
		}
		got, _, err := mpi.RecvObject[payload](c, 0, mpi.AnyTag)
		return check(got, err, v)
	})
}

func TestObjectCancel(t *testing.T) {
	runObjects(t, 2, func(c *mpi.Comm) error {
		if c.Rank() == 0 {
			r := mpi.IrecvObject[int](c, 1, 0)
			if err := r.Cancel(); err != nil {
				return err
			}
			if _, st, err := r.Wait(); err != nil || !st.Cancelled {
				return fmt.Errorf("cancelled receive: %+v, %w", st, err)
			}
			s := mpi.IsendObject(c, makePayload(0, 100000), 1, 0)
			if err := s.Cancel(); err != nil {
				return err
			}
			if st, err := s.Wait(); err != nil || !st.Cancelled {
				return fmt.Errorf("cancelled send: %+v, %w", st, err)
			}
		}
		if err := c.Barrier(); err != nil {
			return err
		}
		_, ok, err := c.Iprobe(mpi.AnySource, mpi.AnyTag)
		if ok || err != nil {
			return fmt.Errorf("something is left (%w)", err)
		}
		return nil
	})
}

// What is no object, or not of the type, is an error and nothing is lost.
func TestObjectErrors(t *testing.T) {
	runObjects(t, 2, func(c *mpi.Comm) error {
		if c.Rank() == 0 {
			if err := mpi.SendObject(c, make(chan int), 1, 0); !errors.Is(err, mpi.ErrCodec) {
				return fmt.Errorf("a channel: %w", err)
			}
			for _, err := range []error{
				mpi.SendObject(c, "text", 1, 1), mpi.Send(c, []float64{1}, 1, 2), mpi.Send(c, make([]byte, 10000), 1, 3),
				mpi.SendObject(c.WithCodec(mpi.Gob(mpi.Limits{})), 5, 1, 4), mpi.SendObject(c, make([]byte, 200000), 1, 5),
				mpi.SendObject(c, 7, 1, 6),
			} {
				if err != nil {
					return err
				}
			}
			return nil
		}
		small := c.WithCodec(mpi.CBOR(mpi.Limits{MaxBytes: 100000}))
		for tag, want := range []error{nil, mpi.ErrCodec, mpi.ErrType, mpi.ErrType, mpi.ErrCodec, mpi.ErrCodec} {
			if want == nil {
				continue
			}
			v, _, err := mpi.RecvObject[int](small, 0, tag)
			if !errors.Is(err, want) || v != 0 {
				return fmt.Errorf("tag %d: got %v, %w, want class %v", tag, v, err, want)
			}
			switch tag { // a message of another kind stays
			case 2:
				_, err := mpi.Recv(c, make([]float64, 1), 0, tag)
				if err != nil {
					return err
				}
			case 3:
				_, err := mpi.Recv(c, make([]byte, 10000), 0, tag)
				if err != nil {
					return err
				}
			}
			var e *mpi.Error
			if !errors.As(err, &e) || e.Op != "RecvObject" || e.Peer != 0 || e.Tag != tag {
				return fmt.Errorf("tag %d: %+v", tag, e)
			}
		}
		got, _, err := mpi.RecvObject[int](c, 0, 6)
		return check(got, err, 7)
	})
}
