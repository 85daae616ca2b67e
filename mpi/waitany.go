package mpi

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// The functions below handle several requests at once (MPI 5.0 §3.7.5). Nil and
// zero requests are passed over. The functions for one or some of the requests
// also pass over those whose completion has been handed out before, so that a
// loop around WaitAny sees each request once.

// WaitAll blocks until all requests are complete and returns their errors,
// joined (MPI_Waitall, MPI 5.0 §3.7.5).
func WaitAll(reqs ...*Request) error {
	// The last one is probably the last to end. While it is waited for, the
	// others end without being waited for one by one.
	for i := len(reqs) - 1; i > 0; i-- {
		if !reqs[i].none() {
			_, _ = reqs[i].Wait() // its error is kept
			break
		}
	}
	var errs []error
	for _, r := range reqs {
		if r.none() {
			continue
		}
		var err error
		if r.isOver() { // what Wait would do, for the many that are complete
			r.handOut()
			err = r.err()
		} else {
			_, err = r.Wait()
		}
		if err != nil {
			errs = append(errs, err)
		}
	}
	return join(errs)
}

// TestAll reports whether all requests are complete, and if so returns their
// errors, joined (MPI_Testall). It does not block.
func TestAll(reqs ...*Request) (bool, error) {
	for _, r := range reqs {
		if !r.none() && !r.tryEnd() {
			return false, nil
		}
	}
	return true, WaitAll(reqs...)
}

// WaitAny blocks until one of the requests is complete and returns its index
// and what its Wait would return (MPI_Waitany, MPI 5.0 §3.7.5). The index is -1
// when there is none left to wait for.
func WaitAny(reqs ...*Request) (int, Status, error) {
	for {
		i, pending, err := scan(reqs, true, nil)
		if err != nil {
			return -1, emptyStatus, err
		}
		if i >= 0 {
			st, err := reqs[i].Wait()
			return i, st, err
		}
		if !pending {
			return -1, emptyStatus, nil
		}
		if err := blockAny(reqs); err != nil {
			return -1, emptyStatus, err
		}
	}
}

// TestAny is WaitAny without blocking (MPI_Testany). ok is true when a request
// is complete, or when there is none left (then the index is -1).
func TestAny(reqs ...*Request) (index int, st Status, ok bool, err error) {
	i, pending, err := scan(reqs, true, nil)
	if err != nil || i < 0 {
		return -1, emptyStatus, !pending && err == nil, err
	}
	st, err = reqs[i].Wait()
	return i, st, true, err
}

// WaitSome blocks until at least one of the requests is complete and returns
// the indices of all that are, with their errors joined; their Status methods
// give the statuses (MPI_Waitsome, MPI 5.0 §3.7.5). The list is nil when there
// is none left to wait for.
func WaitSome(reqs ...*Request) ([]int, error) {
	for {
		list, pending, err := takeSome(reqs)
		if len(list) > 0 || !pending {
			return list, err
		}
		if err := blockAny(reqs); err != nil {
			return nil, err
		}
	}
}

// TestSome is WaitSome without blocking (MPI_Testsome): the list is nil when
// no request is complete.
func TestSome(reqs ...*Request) ([]int, error) {
	list, _, err := takeSome(reqs)
	return list, err
}

func takeSome(reqs []*Request) (list []int, pending bool, err error) {
	_, pending, err = scan(reqs, false, func(i int) { list = append(list, i) })
	if err != nil {
		return nil, false, err
	}
	var errs []error
	for _, i := range list {
		if _, err := reqs[i].Wait(); err != nil {
			errs = append(errs, err)
		}
	}
	return list, pending, join(errs)
}

// scan polls the requests and claims the complete ones that had not been
// handed out: the first, whose index it returns, or all of them, reported
// through found.
func scan(reqs []*Request, first bool, found func(int)) (index int, pending bool, err error) {
	var proc *process
	for i, r := range reqs {
		if r.none() {
			continue
		}
		if !r.isOver() {
			r.lock()
			if r.poll(); r.pending() {
				pending = true
				if p := r.c.st.proc; proc == nil {
					proc = p
				} else if p != proc {
					err = r.c.newError("", ErrRequest, Undefined, Undefined, errors.New("the requests belong to different ranks of this process"))
				}
			}
			r.unlock()
		}
		hit := r.isOver() && r.claim()
		switch {
		case err != nil:
			return -1, pending, err
		case hit && first:
			return i, pending, nil
		case hit:
			found(i)
		}
	}
	return -1, pending, nil
}

// blockAny blocks until one of the pending requests may have completed.
func blockAny(reqs []*Request) error {
	var (
		w      anyWaiter
		comm   *Comm
		owned  []*Request
		handle []engine.Request
	)
	defer w.stop()
	release := func() {
		for _, r := range owned {
			r.unlockedRelease()
		}
	}
	for _, r := range reqs {
		if r.none() {
			continue
		}
		if r.isOver() {
			if r.isOut() {
				continue
			}
			release()
			return nil
		}
		r.lock()
		switch {
		case !r.pending(): // it has just completed: there is nothing to wait for
			r.unlock()
			release()
			return nil
		case r.busy && !slices.Contains(owned, r):
			w.need()
			r.wake(w.fire)
		case !r.busy:
			r.busy = true
			comm = r.c
			owned, handle = append(owned, r), append(handle, r.req)
			if !r.withdraw {
				w.context(r.c.ctx)
			}
		}
		r.unlock()
	}
	var err error
	switch {
	case len(handle) > 0:
		_, err = comm.st.proc.eng.WaitAny(handle, w.done)
	case w.done != nil:
		<-w.done
	}
	release()
	if err != nil && w.done != nil && errors.Is(err, ErrCancelled) {
		return nil // the next scan deals with the context that ended
	}
	if err != nil {
		return comm.failed("", Undefined, Undefined, err)
	}
	return nil
}

func (r *Request) unlockedRelease() {
	r.lock()
	r.release()
	r.unlock()
}

// anyWaiter merges what may end a wait for several requests into one channel:
// the contexts of the requests, and other goroutines that wait for one of them.
type anyWaiter struct {
	done  <-chan struct{} // nil: nothing
	own   chan struct{}   // done, once there is more than one source
	ctx   context.Context // the only source, while own is nil
	once  sync.Once
	stops []func() bool
}

func (w *anyWaiter) fire() { w.once.Do(func() { close(w.own) }) }

func (w *anyWaiter) need() {
	if w.own != nil {
		return
	}
	w.own = make(chan struct{})
	w.done = w.own
	if w.ctx != nil {
		w.stops = append(w.stops, context.AfterFunc(w.ctx, w.fire))
	}
}

func (w *anyWaiter) context(ctx context.Context) {
	switch {
	case ctx == nil || ctx.Done() == nil || w.ctx == ctx:
		return
	case w.ctx == nil && w.own == nil:
		w.ctx, w.done = ctx, ctx.Done()
	default:
		w.need()
		w.stops = append(w.stops, context.AfterFunc(ctx, w.fire))
	}
}

func (w *anyWaiter) stop() {
	for _, f := range w.stops {
		f()
	}
}

// join is errors.Join that leaves a single error as it is.
func join(errs []error) error {
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}

// nonNil returns the errors that are not nil.
func nonNil(errs ...error) []error {
	return slices.DeleteFunc(errs, func(err error) bool { return err == nil })
}
