package enginetest

import (
	"context"
	"sync"
	"time"

	"github.com/ringo-mpi/ringo/mpi"
)

// Inproc is the harness of goroutine ranks.
func Inproc() Harness {
	return Harness{
		Name: "inproc", light: true,
		Skip: func(c *Case) string {
			switch c.Needs {
			case ownProcess:
				return notHere
			case "processes":
				return "ends processes: goroutine ranks share one"
			case "check":
				return "needs RINGO_CHECK=1"
			}
			return ""
		},
		start: func(ctx context.Context, n int, names []string, env environment, report func(result)) (string, error) {
			var mu sync.Mutex
			var comms []*mpi.Comm
			env.track = func(c *mpi.Comm) {
				mu.Lock()
				comms = append(comms, c)
				mu.Unlock()
			}
			over := make(chan error, 1)
			go func() {
				over <- mpi.Run(n, func(world *mpi.Comm) error { return rankCases(world, names, env, report) })
			}()
			select {
			case err := <-over:
				return "", err
			case <-ctx.Done():
			}
			// Ranks whose case has failed end by themselves.
			select {
			case err := <-over:
				return "", err
			case <-time.After(2 * time.Second):
			}
			// Leave as little behind as possible.
			stacks := allStacks()
			mu.Lock()
			for _, c := range comms {
				c.Revoke()
			}
			mu.Unlock()
			select {
			case <-over: //nolint:errcheck // the cause says more
			case <-time.After(2 * time.Second):
			}
			return stacks, context.Cause(ctx)
		},
	}
}
