//go:build linux

package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/ringo-mpi/ringo/bench/internal/runs"
	"github.com/ringo-mpi/ringo/internal/progress"
)

func main() {
	n := flag.Int("n", 2000, "how many jobs")
	seed := flag.Uint64("seed", 1, "of what is drawn")
	only := flag.Int("only", -1, "run the job of this number alone")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	bad, err := campaign(ctx, *n, *seed, *only)
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "campaign:", err)
		os.Exit(2)
	case bad > 0:
		os.Exit(1)
	}
}

// tally counts jobs of one kind.
type tally struct{ jobs, early, bad int }

// campaign runs the jobs one after another, and returns how many went wrong.
func campaign(ctx context.Context, n int, seed uint64, only int) (bad int, err error) {
	top, err := os.MkdirTemp("", "campaign-")
	if err != nil {
		return 0, err
	}
	defer func() {
		if bad == 0 {
			err = cmp.Or(err, os.RemoveAll(top))
		}
	}()
	folder := filepath.Join(top, "tmp")
	if err := os.Mkdir(folder, 0o700); err != nil {
		return 0, err
	}
	if err := runs.Build(ctx, ".", top, nil, "./cmd/mpiexec", "./bench/campaign/traffic"); err != nil {
		return 0, err
	}
	table := map[string]*tally{}
	bar := progress.Start(os.Stderr, "campaign", n, progress.DefaultInterval)
	defer bar.Stop()
	for i := range n {
		if ctx.Err() != nil {
			fmt.Printf("ended early, after %d jobs\n", i)
			break
		}
		if only >= 0 && i != only {
			continue
		}
		j := newJob(seed, i, folder)
		wrong, err := j.run(top)
		if err != nil {
			return bad, err
		}
		for _, kind := range []string{j.blow.name, "wrapper " + j.wrapper.name} {
			t := table[kind]
			if t == nil {
				t = &tally{}
				table[kind] = t
			}
			t.jobs++
			if j.early {
				t.early++
			}
			if len(wrong) > 0 {
				t.bad++
			}
		}
		if len(wrong) == 0 {
			_ = os.Remove(j.log)
		} else {
			bad++
			fmt.Printf("job %d (%v): %s; %s\n", i, j, strings.Join(wrong, ", "), filepath.Clean(j.log))
		}
		bar.Add(1)
	}
	bar.Stop()
	fmt.Printf("%-36s %6s %6s %6s\n", "", "jobs", "early", "wrong")
	for _, kind := range slices.Sorted(maps.Keys(table)) {
		t := table[kind]
		fmt.Printf("%-36s %6d %6d %6d\n", kind, t.jobs, t.early, t.bad)
	}
	return bad, nil
}
