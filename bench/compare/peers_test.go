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
)

// The programs for other libraries build, and print what is parsed here, with
// each library that is installed.
func TestPeers(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("NOT TRIED: other MPI libraries are only looked for on Linux")
	}
	if testing.Short() {
		t.Skip("NOT TRIED: other MPI libraries, because of -short")
	}
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	adopt()
	m := &measurement{root: root, bin: t.TempDir(), cores: cores{ids: []int{0, 1}, all: true, root: os.Geteuid() == 0}, results: newResults()}
	ctx := context.Background()
	for _, l := range m.libraries("", "") {
		p, err := m.find(ctx, l)
		if err != nil {
			t.Logf("NOT TRIED: %s: %v", l.name, err)
			continue
		}
		m.peers = append(m.peers, p)
		for _, b := range []bench{
			{name: "latency", sizes: span{0, 8192, 8192}, iterations: 2, warmup: 1},
			{name: "alloc_lat", sizes: span{64 * kib, 64 * kib, 2}, iterations: 2, warmup: 1},
			{name: "bw", sizes: span{1, 8192, 8192}, iterations: 1, warmup: 1},
			{name: "bibw", sizes: span{1, 8192, 8192}, iterations: 1, warmup: 1},
			{name: "mbw_mr", sizes: span{8, 8, 2}, iterations: 1, warmup: 1},
			{name: "collectives", sizes: span{4, 256, 64}, iterations: 2, warmup: 1},
			{name: "overlap", calls: []string{"allreduce"}, sizes: span{4, 4, 2}, iterations: 2, warmup: 1},
			{name: "idle", wait: 20 * time.Millisecond},
			{name: "memory"},
		} {
			text, _, err := output(ctx, 20*time.Second, p.environment(2), p.command(2, b))
			if errors.Is(err, errBox) {
				t.Logf("NOT TRIED: %s, %s: this machine is too busy for two processes that poll", l.name, b.name)
				continue
			}
			if err != nil {
				t.Errorf("%s, %s: %v", l.name, b.name, err)
				continue
			}
			figures, err := parseFigures(text, false)
			if err != nil || len(figures) == 0 {
				t.Errorf("%s, %s: %v\n%s", l.name, b.name, err, text)
			}
			for _, f := range figures {
				if f.value < 0 {
					t.Errorf("%s, %s: %+v", l.name, b.name, f)
				}
			}
			if b.name == "collectives" && strings.Count(text, "\n") != 1+1+15*2 {
				t.Errorf("%s: rows of collectives\n%s", l.name, text)
			}
		}
	}
	if p, err := m.findPython(ctx); err != nil {
		t.Logf("NOT TRIED: mpi4py: %v", err)
	} else {
		for _, name := range []string{"latency", "object_lat", "allreduce"} {
			b := bench{name: name, sizes: span{8, 8192, 1024}, iterations: 2, warmup: 1}
			text, _, err := output(ctx, 20*time.Second, p.environment(2), p.command(2, b))
			if errors.Is(err, errBox) {
				t.Logf("NOT TRIED: mpi4py, %s: this machine is too busy", name)
				continue
			}
			if figures, wrong := parseFigures(text, false); err != nil || wrong != nil || len(figures) != 2 {
				t.Errorf("mpi4py, %s: %v, %v\n%s", name, err, wrong, text)
			}
		}
	}
}
