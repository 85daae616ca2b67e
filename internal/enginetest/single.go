package enginetest

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// RunOne runs a single case on a world of n ranks and returns what went wrong,
// or "". dir is the folder that the ranks share as their T.Dir.
func (h Harness) RunOne(n int, name, dir string, limit time.Duration) string {
	env := readEnvironment()
	env.harness, env.dir = h.Name, dir
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	var mu sync.Mutex
	var report []string
	reported := 0
	stacks, err := h.start(ctx, n, []string{name}, env, func(r result) {
		mu.Lock()
		defer mu.Unlock()
		reported++
		for _, f := range r.Fails {
			report = append(report, fmt.Sprintf("rank %d: %s", r.Rank, f))
		}
	})
	mu.Lock()
	defer mu.Unlock()
	if lost := find(name).Lost; err != nil && lost == 0 || reported != n-lost {
		report = append(report, fmt.Sprintf("%d of %d ranks have ended well: %v\n%s", reported, n, err, stacks))
	}
	return strings.Join(report, "\n")
}

// IsRank reports whether this process was started as a rank of a case.
func IsRank() bool { return os.Getenv(varCases) != "" }
