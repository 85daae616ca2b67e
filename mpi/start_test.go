package mpi_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/ringo-mpi/ringo/mpi"
)

func ExampleStartSend() {
	err := mpi.Run(2, func(c *mpi.Comm) error {
		const window = 4
		var slots [window]mpi.Request
		reqs := make([]*mpi.Request, window)
		for i := range slots {
			reqs[i] = &slots[i]
		}
		bufs := make([]int, window)
		for round := range 3 { // nothing is allocated in here
			for i, r := range reqs {
				var err error
				if c.Rank() == 0 {
					bufs[i] = 10*round + i
					err = mpi.StartSend(c, r, bufs[i:i+1], 1, i)
				} else {
					err = mpi.StartRecv(c, r, bufs[i:i+1], 0, i)
				}
				if err != nil {
					return err
				}
			}
			if err := mpi.WaitAll(reqs...); err != nil {
				return err
			}
			if c.Rank() == 1 {
				fmt.Println(bufs)
			}
		}
		return nil
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// [0 1 2 3]
	// [10 11 12 13]
	// [20 21 22 23]
}

// A zero Request is one that has nothing to do.
func TestZeroRequest(t *testing.T) {
	var r, s mpi.Request
	empty := mpi.Status{Source: mpi.AnySource, Tag: mpi.AnyTag}
	if i, _, err := mpi.WaitAny(&r, &s); i != -1 || err != nil {
		t.Errorf("WaitAny: %d, %v", i, err)
	}
	if list, err := mpi.TestSome(&r); list != nil || err != nil {
		t.Errorf("TestSome: %v, %v", list, err)
	}
	if st, err := r.Wait(); st != empty || err != nil {
		t.Errorf("Wait: %+v, %v", st, err)
	}
	if st, ok, err := r.Test(); st != empty || !ok || err != nil {
		t.Errorf("Test: %+v, %v, %v", st, ok, err)
	}
	if st := r.Status(); st != empty {
		t.Errorf("Status: %+v", st)
	}
	if err := errors.Join(r.Cancel(), mpi.WaitAll(&r, &s)); err != nil {
		t.Error(err)
	}
}

func TestStartRefused(t *testing.T) {
	runObjects(t, 1, func(c *mpi.Comm) error {
		for what, err := range map[string]error{
			"StartSend of nil": mpi.StartSend(c, nil, []int{1}, 0, 0),
			"StartRecv of nil": mpi.StartRecv(c, nil, []int{1}, 0, 0),
			"to ProcNull":      mpi.StartSend(c, nil, []int{1}, mpi.ProcNull, 0),
		} {
			if !errors.Is(err, mpi.ErrRequest) {
				t.Errorf("%s: %v", what, err)
			}
		}
		var r mpi.Request
		if err := mpi.StartSend(nil, &r, []int{1}, 0, 0); !errors.Is(err, mpi.ErrComm) {
			t.Errorf("without a communicator: %v", err)
		}
		if err := mpi.StartSend(c, &r, []*int{nil}, 0, 0); !errors.Is(err, mpi.ErrType) {
			t.Errorf("pointers: %v", err)
		}
		return nil
	})
}

// What has not been reported complete, and what another call has made, is not
// started; what has been cancelled is, and is not cancelled any more.
func TestStartAgain(t *testing.T) {
	runObjects(t, 1, func(c *mpi.Comm) error {
		var r mpi.Request
		buf := make([]int, 1)
		refused := func(what string, r *mpi.Request) {
			t.Helper()
			if err := mpi.StartRecv(c, r, buf, 0, 9); !errors.Is(err, mpi.ErrRequest) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if err := mpi.StartSend(c, &r, []int{1}, 0, 0); err != nil { // complete at once
			return err
		}
		refused("a send that is not reported complete", &r)
		if err := mpi.WaitAll(&r); err != nil {
			return err
		}
		if err := mpi.StartRecv(c, &r, buf, 0, 5); err != nil {
			return err
		}
		refused("a receive under way", &r)
		if err := r.Cancel(); err != nil {
			return err
		}
		if st, err := r.Wait(); err != nil || !st.Cancelled {
			t.Errorf("cancelled: %+v, %v", st, err)
		}
		if err := mpi.StartRecv(c, &r, buf, 0, 0); err != nil {
			return err
		}
		if st, err := r.Wait(); err != nil || st.Cancelled || buf[0] != 1 {
			t.Errorf("then: %+v, %v", st, err)
		}
		barrier, object := c.Ibarrier(), mpi.IrecvObject[int](c, 0, 1)
		if err := mpi.SendObject(c, 7, 0, 1); err != nil {
			return err
		}
		for what, r := range map[string]*mpi.Request{
			"Isend": mpi.Isend(c, buf, mpi.ProcNull, 0), "Ibarrier": barrier, "IrecvObject": object.Request(),
		} {
			if _, err := r.Wait(); err != nil {
				return err
			}
			refused(what, r)
		}
		return nil
	})
}

// A start that the engine refuses ends in the request, and so do those before
// and after it.
func TestStartFails(t *testing.T) {
	runObjects(t, 1, func(c *mpi.Comm) error {
		d, err := c.Dup()
		if err != nil {
			return err
		}
		var r mpi.Request
		for _, on := range []*mpi.Comm{c, d, c, d} {
			if on == d {
				d.Revoke()
			}
			got := []int{0}
			if err := mpi.StartRecv(on, &r, got, 0, 0); err != nil {
				return err
			}
			if on == c {
				if err := mpi.Send(c, []int{3}, 0, 0); err != nil {
					return err
				}
			}
			_, err := r.Wait()
			if on == c && (err != nil || got[0] != 3) || on == d && !errors.Is(err, mpi.ErrRevoked) {
				t.Errorf("error %v, received %d", err, got[0])
			}
		}
		return nil
	})
}

// An operation that its context has ended leaves a request that can be used
// again, on another communicator as well.
func TestStartAfterContext(t *testing.T) {
	runObjects(t, 1, func(c *mpi.Comm) error {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		var r mpi.Request
		if err := mpi.StartRecv(c.WithContext(ctx), &r, make([]int, 1), 0, 0); err != nil {
			return err
		}
		cancel()
		if _, err := r.Wait(); !errors.Is(err, context.Canceled) {
			t.Errorf("with its context ended: %v", err)
		}
		got := []int{0}
		if err := mpi.StartRecv(c, &r, got, 0, 0); err != nil {
			return err
		}
		if err := mpi.Send(c, []int{7}, 0, 0); err != nil {
			return err
		}
		if st, err := r.Wait(); err != nil || st.Source != 0 || got[0] != 7 {
			t.Errorf("then: %+v, %v, %d", st, err, got[0])
		}
		return nil
	})
}
