package enginetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ringo-mpi/ringo/mpi"
)

// contextCases are the rules of contexts, revocation and goroutines.
var contextCases = []Case{
	{Name: "a context ends every blocking point-to-point call", Min: 2, Run: contextEndsCalls,
		Rule: "When the context of the view ends, the call returns its error, is withdrawn, and a message that was not received stays."},
	{Name: "a context takes back what has not been received", Min: 2, Needs: "send cancel", Run: contextTakesSendsBack,
		Rule: "A send whose context ends before it is matched is withdrawn whole: the receiver never sees it."},
	{Name: "a context that ended before", Min: 1, Run: contextEndedBefore,
		Rule: "A call with an ended context fails at once; what needs no waiting may still succeed; Background costs nothing."},
	{Name: "a context that ends during a collective", Min: 2, Needs: "revoke", Run: contextEndsCollective,
		Rule: "The call returns the context's error, and the communicator is revoked so that no other rank waits for ever."},
	{Name: "Revoke ends pending and later calls on all ranks", Needs: "revoke", Min: 2, Run: revokeEndsCalls,
		Rule: "After Revoke on one rank, every blocked and later call on the communicator ends with ErrRevoked, on all ranks; others are not touched."},
	{Name: "11.6 many goroutines of one rank at once", Min: 2, Run: goroutinesTalkAtOnce,
		Rule: "Every call may be made from any goroutine (MPI_THREAD_MULTIPLE): pairs of goroutines talk at once, by tag and by communicator."},
	{Name: "11.6 goroutines receive from anywhere at once", Min: 2, Run: goroutinesReceiveFromAnywhere,
		Rule: "Messages received by many goroutines with wildcards arrive each once; Mprobe hands each to one of them."},
	{Name: "11.6 a blocked goroutine does not stop another", Min: 2, Run: blockedGoroutineStopsNone,
		Rule: "While one goroutine is blocked in a call, others of the same rank communicate."},
}

// soon is how long the contexts of the cases live.
const soon = 15 * time.Millisecond

// limited calls f with a view of c whose context ends soon, and checks that f
// ends because of it.
func limited(t *T, c *mpi.Comm, name string, f func(c *mpi.Comm) error) {
	ctx, stop := context.WithTimeout(context.Background(), soon)
	defer stop()
	err := f(c.WithContext(ctx))
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, mpi.ErrCancelled) {
		t.Errorf("%s: the context ends it with %v", name, err)
	}
}

func contextEndsCalls(t *T, c *mpi.Comm) {
	if t.Rank > 1 {
		return
	}
	other := 1 - t.Rank
	big := make([]byte, 500000)
	calls := map[string]func(c *mpi.Comm) error{
		"Recv":     func(c *mpi.Comm) error { _, err := mpi.Recv(c, big, other, 1); return err },
		"Recv any": func(c *mpi.Comm) error { _, err := mpi.Recv(c, big, mpi.AnySource, mpi.AnyTag); return err },
		"Irecv":    func(c *mpi.Comm) error { _, err := mpi.Irecv(c, big, other, 1).Wait(); return err },
		"Probe":    func(c *mpi.Comm) error { _, err := c.Probe(other, 1); return err },
		"Mprobe":   func(c *mpi.Comm) error { _, _, err := c.Mprobe(other, 1); return err },
		"RecvAppend": func(c *mpi.Comm) error {
			_, _, err := mpi.RecvAppend[byte](c, nil, other, 1)
			return err
		},
		"RecvObject": func(c *mpi.Comm) error { _, _, err := mpi.RecvObject[int](c, other, 1); return err },
		"Sendrecv": func(c *mpi.Comm) error {
			_, err := mpi.Sendrecv(c, big[:0], mpi.ProcNull, 2, big, other, 1)
			return err
		},
		"WaitAny": func(c *mpi.Comm) error {
			a, b := mpi.Irecv(c, big, other, 1), mpi.Irecv(c, big[1:], other, 1)
			_, _, err := mpi.WaitAny(a, b)
			if e := mpi.WaitAll(a, b); !errors.Is(e, context.DeadlineExceeded) {
				return e
			}
			return err
		},
		"WaitAll": func(c *mpi.Comm) error { return mpi.WaitAll(mpi.Irecv(c, big, other, 1)) },
	}
	names := []string{"Recv", "Recv any", "Irecv", "Probe", "Mprobe", "RecvAppend", "RecvObject", "Sendrecv", "WaitAny", "WaitAll"}
	// One rank at a time: the other does nothing.
	for turn := range 2 {
		if turn == t.Rank {
			for _, name := range names {
				limited(t, c, name, calls[name])
			}
			t.OK(mpi.Send(c, []int{1}, other, 9))
		} else {
			_, err := mpi.Recv(c, make([]int, 1), other, 9)
			t.OK(err)
		}
	}
	// Nothing is lost, and withdrawn receives take nothing.
	if t.Rank == 0 {
		t.OK(mpi.Send(c, []int{7}, 1, 1))
	} else {
		got := make([]int, 1)
		_, err := mpi.Recv(c, got, 0, 1)
		t.OK(err)
		same(t, "afterwards", got, []int{7})
	}
}

func contextTakesSendsBack(t *T, c *mpi.Comm) {
	if t.Rank > 1 {
		return
	}
	big := make([]byte, 500000)
	if t.Rank == 0 {
		limited(t, c, "Ssend", func(c *mpi.Comm) error { return mpi.Ssend(c, []byte{1}, 1, 2) })
		limited(t, c, "Ssend long", func(c *mpi.Comm) error { return mpi.Ssend(c, big, 1, 2) })
		limited(t, c, "Issend", func(c *mpi.Comm) error { _, err := mpi.Issend(c, big[:100], 1, 2).Wait(); return err })
		limited(t, c, "SendObject", func(c *mpi.Comm) error { return mpi.SendObject(c, big, 1, 2) })
		t.OK(mpi.Send(c, []int{1}, 1, 9))
		return
	}
	_, err := mpi.Recv(c, make([]int, 1), 0, 9)
	t.OK(err)
	if st, ok, err := c.Iprobe(mpi.AnySource, mpi.AnyTag); ok || err != nil {
		t.Errorf("a withdrawn send has left a message: %+v, %v", st, err)
	}
}

func contextEndedBefore(t *T, c *mpi.Comm) {
	ctx, stop := context.WithCancelCause(context.Background())
	why := errors.New("the user has left")
	stop(why)
	_, err := mpi.Recv(c.WithContext(ctx), make([]int, 1), t.Rank, 0)
	t.Is(err, context.Canceled)
	t.Is(err, why)
	t.Is(err, mpi.ErrCancelled)
	t.OK(c.WithContext(context.Background()).Barrier())
}

func contextEndsCollective(t *T, c *mpi.Comm) {
	for i, f := range []func(c *mpi.Comm) error{
		func(c *mpi.Comm) error { return c.Barrier() },
		func(c *mpi.Comm) error { return mpi.Allreduce(c, make([]int, 10), make([]int, 10), mpi.Sum) },
		func(c *mpi.Comm) error { return mpi.Allgather(c, make([]int, 5000), make([]int, 5000*t.Size)) },
		func(c *mpi.Comm) error { _, err := c.Ibarrier().Wait(); return err },
		func(c *mpi.Comm) error {
			_, err := mpi.Iallreduce(c, make([]int, 5000), make([]int, 5000), mpi.Sum).Wait()
			return err
		},
		func(c *mpi.Comm) error { _, err := mpi.AllgatherObject(c, 1); return err },
	} {
		d, err := c.Dup()
		t.OK(err)
		late := i % t.Size
		if t.Rank != late {
			ctx, stop := context.WithTimeout(context.Background(), soon)
			err := f(d.WithContext(ctx))
			if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, mpi.ErrRevoked) {
				t.Errorf("call %d: the context ends it with %v", i, err)
			}
			stop()
			t.OK(mpi.Send(c, []int{1}, late, 5))
		} else {
			for range t.Size - 1 {
				_, err := mpi.Recv(c, make([]int, 1), mpi.AnySource, 5)
				t.OK(err)
			}
			t.Is(f(d), mpi.ErrRevoked)
		}
		t.Is(d.Barrier(), mpi.ErrRevoked)
		t.OK(c.Barrier())
	}
}

func revokeEndsCalls(t *T, c *mpi.Comm) {
	for i := range 6 {
		d, err := c.Dup()
		t.OK(err)
		who := i % t.Size
		if t.Rank == who {
			time.Sleep(2 * time.Millisecond)
			d.Revoke()
		} else {
			var err error
			switch (i + t.Rank) % 5 {
			case 0:
				_, err = mpi.Recv(d, make([]int, 1), mpi.AnySource, 0)
			case 1:
				err = mpi.Ssend(d, make([]byte, 100000*(i%2)), who, 0)
			case 2:
				_, err = d.Probe(who, 0)
			case 3:
				_, err = mpi.Irecv(d, make([]int, 1), who, 0).Wait()
			case 4:
				_, _, err = mpi.RecvAppend[int](d, nil, who, 0)
			}
			t.Is(err, mpi.ErrRevoked)
		}
		t.Is(mpi.Send(d, []int{1}, (t.Rank+1)%t.Size, 0), mpi.ErrRevoked)
		_, err = mpi.Irecv(d, make([]int, 1), 0, 0).Wait()
		t.Is(err, mpi.ErrRevoked)
		t.Is(d.Barrier(), mpi.ErrRevoked)
		t.OK(c.Barrier())
	}
}

func goroutinesTalkAtOnce(t *T, c *mpi.Comm) {
	const threads, rounds = 8, 60
	next, prev := (t.Rank+1)%t.Size, (t.Rank+t.Size-1)%t.Size
	comms := make([]*mpi.Comm, threads)
	for i := range comms {
		var err error
		comms[i], err = c.Dup()
		t.OK(err)
	}
	var wg sync.WaitGroup
	errs := make(chan error, threads*2)
	for i := range threads {
		wg.Add(2)
		go func() { // one tag a goroutine, lengths of all kinds
			defer wg.Done()
			for k := range rounds {
				n := sizes[(k*7+i)%28]
				want, got := bytesKind.fill(prev+k+i, n), make([]byte, n)
				if _, err := mpi.Sendrecv(c, bytesKind.fill(t.Rank+k+i, n), next, i, got, prev, i); err != nil {
					errs <- err
					return
				}
				if string(got) != string(want) {
					errs <- fmt.Errorf("goroutine %d, round %d: a wrong message", i, k)
					return
				}
			}
		}()
		go func() { // collectives of a communicator of its own
			defer wg.Done()
			for k := range rounds {
				s, err := mpi.AllreduceValue(comms[i], k*t.Rank, mpi.Sum)
				if err == nil && s != k*t.Size*(t.Size-1)/2 {
					err = fmt.Errorf("communicator %d, round %d: sum %d", i, k, s)
				}
				if err == nil && k%10 == 0 {
					var list []int
					if list, err = mpi.AllgatherObject(comms[i], t.Rank); err == nil && len(list) != t.Size {
						err = fmt.Errorf("AllgatherObject: %v", list)
					}
				}
				if err != nil {
					errs <- err
					return
				}
			}
		}()
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		t.Errorf("%v", err)
	}
	for _, d := range comms {
		t.OK(d.Free())
	}
}

func goroutinesReceiveFromAnywhere(t *T, c *mpi.Comm) {
	const threads, each = 6, 120
	if t.Rank != 0 {
		for i := range each {
			t.OK(mpi.Send(c, make([]int64, 1+(i%3)*400), 0, i))
		}
		return
	}
	total := each * (t.Size - 1)
	var wg sync.WaitGroup
	var mu sync.Mutex
	seen := map[[2]int]int{}
	work := make(chan struct{}, total)
	for range total {
		work <- struct{}{}
	}
	close(work)
	for i := range threads {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range work {
				var st mpi.Status
				var err error
				if i%2 == 0 {
					_, st, err = mpi.RecvAppend[int64](c, nil, mpi.AnySource, mpi.AnyTag)
				} else {
					var m *mpi.Message
					if m, st, err = c.Mprobe(mpi.AnySource, mpi.AnyTag); err == nil {
						_, err = mpi.Mrecv(m, make([]int64, st.Bytes/8))
					}
				}
				mu.Lock()
				if err != nil {
					t.Errorf("%v", err)
				}
				seen[[2]int{st.Source, st.Tag}]++
				mu.Unlock()
			}
		}()
	}
	wg.Wait()
	for r := 1; r < t.Size; r++ {
		for i := range each {
			if n := seen[[2]int{r, i}]; n != 1 {
				t.Errorf("message %d of rank %d arrived %d times", i, r, n)
			}
		}
	}
}

func blockedGoroutineStopsNone(t *T, c *mpi.Comm) {
	next, prev := (t.Rank+1)%t.Size, (t.Rank+t.Size-1)%t.Size
	blocked := make(chan error, 3)
	d, err := c.Dup()
	t.OK(err)
	go func() { _, err := mpi.Recv(c, make([]int, 1), prev, 99); blocked <- err }()
	go func() { _, err := c.Probe(prev, 98); blocked <- err }()
	go func() { blocked <- d.Barrier() }()
	for i := range 50 {
		got := make([]int, 1)
		_, err := mpi.Sendrecv(c, []int{i}, next, 1, got, prev, 1)
		t.OK(err)
		if i == 40 {
			t.OK(mpi.Send(c, []int{1}, next, 98))
		}
	}
	t.OK(mpi.Send(c, []int{1}, next, 99))
	for range 3 {
		t.OK(<-blocked)
	}
	_, err = mpi.Recv(c, make([]int, 1), prev, 98)
	t.OK(err)
	t.OK(d.Free())
}
