package simulate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/ringo-mpi/ringo/internal/progress"
	"github.com/ringo-mpi/ringo/internal/ringocmd/cli"
	"github.com/ringo-mpi/ringo/internal/simulate"
)

// result is a question with its answer, or why there is none.
type result struct {
	q   simulate.Question
	a   simulate.Answer
	err error // ErrNotFit or ErrTooLong

	measured   float64 // microseconds
	isMeasured bool
}

// evaluate answers the questions, so many at once, and shows on w how far it is.
func evaluate(ctx context.Context, w io.Writer, todo []*result, steps, workers int) error {
	bar := progress.Start(w, "simulate", len(todo), progress.DefaultInterval)
	defer bar.Stop()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan *result)
	var group sync.WaitGroup
	for range min(workers, len(todo)) {
		group.Go(func() {
			for r := range next {
				r.a, r.err = simulate.Evaluate(ctx, r.q, simulate.Limits{Steps: steps, Workers: max(1, workers/len(todo))})
				if r.err != nil && !errors.Is(r.err, simulate.ErrNotFit) && !errors.Is(r.err, simulate.ErrTooLong) {
					cancel(r.err)
				}
				bar.Add(1)
			}
		})
	}
feed:
	for _, r := range todo {
		select {
		case next <- r:
		case <-ctx.Done():
			break feed
		}
	}
	close(next)
	group.Wait()
	err := context.Cause(ctx)
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("interrupted: no times are printed")
	}
	return cli.Usage(err)
}
