package main

import (
	"math"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/ringo-mpi/ringo/examples/apps/internal/apptest"
	"github.com/ringo-mpi/ringo/mpi"
)

func TestMain(m *testing.M) { apptest.Main(m, "kmeans", main) }

func TestScripts(t *testing.T) { apptest.Scripts(t) }

func clusterOn(t *testing.T, ranks int, all points, cfg config) *clustering {
	t.Helper()
	var found *clustering
	err := mpi.Run(ranks, func(world *mpi.Comm) error {
		var own points
		if world.Rank() == 0 {
			own = all
		}
		c, err := cluster(world, own, cfg)
		if world.Rank() == 0 {
			found = c
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestClusters compares with what defines the result: every point is with the
// nearest centre, every centre is the mean of its points. It has more ranks
// than points, too.
func TestClusters(t *testing.T) {
	for _, cfg := range []config{
		{K: 5, N: 1003, Dim: 2, Spread: 3, Seed: 7, Steps: 1000},
		{K: 3, N: 50, Dim: 4, Spread: 2, Seed: 8, Steps: 1000},
		{K: 1, N: 10, Dim: 1, Spread: 1, Seed: 9, Steps: 1000},
		{K: 3, N: 3, Dim: 2, Spread: 1, Seed: 9, Steps: 1000},
		{K: 2, N: 7, Dim: 2, Spread: 0, Seed: 9, Steps: 1000},
	} {
		all := blobs(cfg)
		var first *clustering
		for _, ranks := range apptest.RankCounts {
			c := clusterOn(t, ranks, all, cfg)
			if first == nil {
				first = c
				checkClusters(t, c, all)
			} else if !reflect.DeepEqual(c, first) {
				t.Errorf("%+v: %d ranks: %+v, want %+v", cfg, ranks, c, first)
			}
		}
	}
}

func checkClusters(t *testing.T, c *clustering, all points) {
	t.Helper()
	if !c.finished || len(c.labels) != all.len() {
		t.Fatalf("finished %v, %d labels of %d points", c.finished, len(c.labels), all.len())
	}
	means := make([]float64, len(c.centres.Values))
	sizes := make([]int64, len(c.sizes))
	inertia := 0.0
	for i, label := range c.labels {
		best, distance2 := math.Inf(1), 0.0
		for k := range c.centres.len() {
			sum := 0.0
			for d, x := range all.at(i) {
				sum += math.Pow(x-c.centres.at(k)[d], 2)
			}
			best = min(best, sum)
			if k == int(label) {
				distance2 = sum
			}
		}
		if distance2 > best*(1+1e-12) {
			t.Errorf("point %d is in cluster %d, but another is nearer", i, label)
		}
		inertia += distance2
		sizes[label]++
		for d, x := range all.at(i) {
			means[int(label)*all.Dim+d] += x
		}
	}
	if !reflect.DeepEqual(sizes, c.sizes) {
		t.Errorf("sizes %v, want %v", c.sizes, sizes)
	}
	for i, sum := range means {
		if sizes[i/all.Dim] == 0 {
			continue
		}
		if want := sum / float64(sizes[i/all.Dim]); math.Abs(c.centres.Values[i]-want) > 1e-9 {
			t.Errorf("coordinate %d of the centres is %g, want %g", i, c.centres.Values[i], want)
		}
	}
	if math.Abs(c.inertia-inertia) > 1e-6*inertia+1e-12 {
		t.Errorf("inertia %g, want %g", c.inertia, inertia)
	}
}

// TestFindsBlobs wants back the clusters that the points were made in.
func TestFindsBlobs(t *testing.T) {
	cfg := config{K: 4, N: 400, Dim: 2, Spread: 0.1, Seed: 1, Steps: 100}
	all := blobs(cfg)
	c := clusterOn(t, 3, all, cfg)
	for i := range all.len() {
		for j := range i {
			far := math.Hypot(all.at(i)[0]-all.at(j)[0], all.at(i)[1]-all.at(j)[1]) > 2
			if far == (c.labels[i] == c.labels[j]) {
				t.Fatalf("points %v and %v: labels %d and %d", all.at(i), all.at(j), c.labels[i], c.labels[j])
			}
		}
	}
}

func TestStepLimit(t *testing.T) {
	cfg := config{K: 5, N: 1003, Dim: 2, Spread: 3, Seed: 7, Steps: 2}
	if c := clusterOn(t, 2, blobs(cfg), cfg); c.steps != 2 || c.finished {
		t.Errorf("%d steps, finished %v", c.steps, c.finished)
	}
}

func TestFarAndNear(t *testing.T) {
	for _, scale := range []float64{1e150, 1e-300} {
		all := points{Dim: 1, Values: []float64{-scale, -scale, scale, 0.9 * scale}}
		c := clusterOn(t, 2, all, config{K: 2, Seed: 1, Steps: 100})
		if c.sizes[0]+c.sizes[1] != 4 || math.IsNaN(c.inertia) || math.IsNaN(c.centres.Values[0]+c.centres.Values[1]) {
			t.Errorf("%g: %+v", scale, c)
		}
	}
}

// TestLabels reads back what is written.
func TestLabels(t *testing.T) {
	dir := t.TempDir()
	labels := filepath.Join(dir, "labels.csv")
	apptest.Output(t, run, 3, "--n", "100", "--k", "3", "--out", filepath.Join(dir, "k.svg"), "--labels", labels)
	p, err := load(config{In: labels})
	if err != nil {
		t.Fatal(err)
	}
	want := blobs(config{K: 3, N: 100, Dim: 2, Spread: 1, Seed: 1})
	if p.len() != 100 || !reflect.DeepEqual(p.Names, []string{"x1", "x2", "cluster"}) {
		t.Fatalf("%d points of %v", p.len(), p.Names)
	}
	for i := range 100 {
		if !reflect.DeepEqual(p.at(i)[:2], want.at(i)) || p.at(i)[2] < 0 || p.at(i)[2] > 2 {
			t.Errorf("point %d is %v, want %v", i, p.at(i), want.at(i))
		}
	}
}
