package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ringo-mpi/ringo/bench/internal/runs"
)

// The programs for other libraries build, and print what is parsed here, with
// each library that is installed.
func TestPeers(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("LEFT OUT: other MPI libraries are only looked for on Linux")
	}
	if testing.Short() {
		t.Skip("LEFT OUT: other MPI libraries, because of -short")
	}
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	runs.Adopt()
	m := &measurement{root: root, bin: t.TempDir(), cores: runs.Cores{IDs: []int{0, 1}, All: true, Root: os.Geteuid() == 0}, results: newResults()}
	ctx := context.Background()
	for _, l := range m.libraries(folders{}) {
		p, err := m.find(ctx, l)
		if err != nil {
			t.Logf("LEFT OUT: %s: %v", l.name, err)
			continue
		}
		m.peers = append(m.peers, p)
		for _, b := range []runs.Bench{
			{Name: "latency", Sizes: runs.Sizes(0, 8192, 8192), Iterations: 2, Warmup: 1},
			{Name: "alloc_lat", Sizes: runs.Sizes(64*kib, 64*kib, 2), Iterations: 2, Warmup: 1},
			{Name: "bw", Sizes: runs.Sizes(1, 8192, 8192), Iterations: 1, Warmup: 1},
			{Name: "bibw", Sizes: runs.Sizes(1, 8192, 8192), Iterations: 1, Warmup: 1},
			{Name: "mbw_mr", Sizes: runs.Sizes(8, 8, 2), Iterations: 1, Warmup: 1},
			{Name: "collectives", Sizes: runs.Sizes(4, 256, 64), Iterations: 2, Warmup: 1},
			{Name: "overlap", Calls: []string{"allreduce"}, Sizes: runs.Sizes(4, 4, 2), Iterations: 2, Warmup: 1},
			{Name: "idle", Wait: 20 * time.Millisecond},
			{Name: "memory"},
		} {
			text, _, err := runs.Output(ctx, 20*time.Second, p.environment(2), p.command(2, b))
			if errors.Is(err, runs.ErrBox) {
				t.Logf("LEFT OUT: %s, %s: this machine is too busy for two processes that poll", l.name, b.Name)
				continue
			}
			if err != nil {
				t.Errorf("%s, %s: %v", l.name, b.Name, err)
				continue
			}
			figures, err := runs.ParseFigures(text, false)
			if err != nil || len(figures) == 0 {
				t.Errorf("%s, %s: %v\n%s", l.name, b.Name, err, text)
			}
			for _, f := range figures {
				if f.Value < 0 {
					t.Errorf("%s, %s: %+v", l.name, b.Name, f)
				}
			}
			if b.Name == "collectives" && strings.Count(text, "\n") != 1+1+15*2 {
				t.Errorf("%s: rows of collectives\n%s", l.name, text)
			}
		}
	}
	if p, err := m.findPython(ctx); err != nil {
		t.Logf("LEFT OUT: mpi4py: %v", err)
	} else {
		for _, name := range []string{"latency", "object_lat", "allreduce"} {
			b := runs.Bench{Name: name, Sizes: runs.Sizes(8, 8192, 1024), Iterations: 2, Warmup: 1}
			text, _, err := runs.Output(ctx, 20*time.Second, p.environment(2), p.command(2, b))
			if errors.Is(err, runs.ErrBox) {
				t.Logf("LEFT OUT: mpi4py, %s: this machine is too busy", name)
				continue
			}
			if figures, wrong := runs.ParseFigures(text, false); err != nil || wrong != nil || len(figures) != 2 {
				t.Errorf("mpi4py, %s: %v, %v\n%s", name, err, wrong, text)
			}
		}
	}
}
