package main

import (
	"slices"
	"time"

	"github.com/ringo-mpi/ringo/bench/internal/runs"
)

// Ways in which a job's programs are started.
const (
	processes  = ""           // by the build's own mpiexec
	goroutines = "goroutines" // as ranks of one process
	mpich      = "MPICH"      // by the launcher of a library, on the native engine
	openMPI    = "Open MPI"
)

// job is one command line, which gives one figure or several.
type job struct {
	name  string
	about string
	ranks int
	on    string
	bench runs.Bench
	// metric is the column that counts, which is a rate if rate is set. A launch
	// has none: what is timed is the launch of true.
	metric string
	rate   bool
}

const (
	kib = 1 << 10
	mib = 1 << 20
)

// many is more iterations than the time for a size ever allows.
const many = 1000000

// suite returns all jobs. Each size of a benchmark is measured for about limit;
// a quick suite has the least and the greatest size only.
func suite(limit time.Duration, quick bool) []job {
	latency, stream, collective := runs.Sizes(1, 4*mib, 8), runs.Sizes(1, 4*mib, 8), runs.Sizes(4, mib, 16)
	if quick {
		latency, stream, collective = runs.Sizes(8, 64*kib, 8*kib), runs.Sizes(8, 64*kib, 8*kib), runs.Sizes(4, 4*kib, kib)
	}
	bench := func(name string, sizes runs.Span, limit time.Duration) runs.Bench {
		return runs.Bench{Name: name, Sizes: sizes, Limit: limit, Iterations: many}
	}
	eight := runs.Sizes(8, 8, 2)
	renewed := bench("mbw_mr", eight, 5*limit)
	renewed.NewRequests = true
	return []job{
		{name: "latency", about: "one-way latency", ranks: 2, bench: bench("latency", latency, limit), metric: "latency_us"},
		{name: "bw", about: "bandwidth", ranks: 2, bench: bench("bw", stream, limit), metric: "mb_per_s", rate: true},
		{name: "bibw", about: "bidirectional bandwidth", ranks: 2, bench: bench("bibw", stream, limit), metric: "mb_per_s", rate: true},
		{name: "rate", about: "message rate", ranks: 2, bench: bench("mbw_mr", eight, 5*limit), metric: "messages_per_s", rate: true},
		{name: "rate new", about: "message rate, a new request for each message", ranks: 2, bench: renewed, metric: "messages_per_s", rate: true},
		{name: "collectives", about: "all collectives", ranks: 2, bench: bench("collectives", collective, limit), metric: "avg_us"},
		{name: "collectives", about: "all collectives", ranks: 4, bench: bench("collectives", collective, limit), metric: "avg_us"},
		{name: "goroutines", about: "one-way latency of goroutine ranks", ranks: 2, on: goroutines, bench: bench("latency", latency, limit), metric: "latency_us"},
		{name: "launch", about: "launch of true", ranks: 2},
		{name: "launch", about: "launch of true", ranks: 16},
		{name: "native", about: "one-way latency of the native engine", ranks: 2, on: mpich, bench: bench("latency", eight, 5*limit), metric: "latency_us"},
		{name: "native", about: "one-way latency of the native engine", ranks: 2, on: openMPI, bench: bench("latency", eight, 5*limit), metric: "latency_us"},
	}
}

// isLaunch reports whether the launch itself is timed.
func (j job) isLaunch() bool { return j.metric == "" }

// jobNames are the names that -only takes.
func jobNames(jobs []job) []string {
	var out []string
	for _, j := range jobs {
		if !slices.Contains(out, j.name) {
			out = append(out, j.name)
		}
	}
	return out
}
