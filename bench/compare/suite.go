package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/ringo-mpi/ringo/bench/internal/runs"
)

// job is one line of the suite: a benchmark on some peers.
type job struct {
	name        string
	about       string
	ranks       int
	peers       []string
	bench       runs.Bench
	repetitions int           // at most; 0: as many as asked for
	box         time.Duration // what one run may take
	launch      string        // "empty" or "true": the launch itself is timed
}

// The collectives of the bars.
var barCalls = []string{"barrier", "bcast", "reduce", "allreduce", "allgather", "alltoall", "scatter", "gather", "reduce_scatter", "scan"}

const (
	kib = 1 << 10
	mib = 1 << 20
)

// many is more iterations than the time for a size ever allows.
const many = 1000000

// usualBox is what one run may take: more than any does that has the cores to
// itself. (A variable for the test, which has not.)
var usualBox = time.Minute

// suite returns all jobs. A quick one measures fewer sizes, for a shorter time.
func suite(quick bool) []job {
	libraries := []string{ringo, mpich, openMPI}
	limit, step, collectiveStep := 15*time.Millisecond, 2, 4
	crowded := 8 // step of collectives with more ranks than cores
	idle, greatest := 10*time.Second, 4*mib
	inProcess := runs.Sizes(0, 4*mib, 2)
	ranksOnCores := []int{4, 8, 16}
	if quick {
		limit, step, collectiveStep = 3*time.Millisecond, 16, 64
		crowded = 64
		idle, greatest = time.Second, 1*mib
		inProcess = runs.Sizes(8, mib, mib/8)
		ranksOnCores = []int{4, 16}
	}
	p2p := func(least int) runs.Span { return runs.Sizes(least, greatest, step) }
	jobs := []job{
		{name: "latency", about: "one-way latency, 2 processes", ranks: 2, peers: libraries, bench: runs.Bench{Name: "latency", Sizes: p2p(0), Limit: limit, Iterations: many}},
		{name: "bw", about: "bandwidth, 2 processes", ranks: 2, peers: libraries, bench: runs.Bench{Name: "bw", Sizes: p2p(1), Limit: limit, Iterations: many}},
		{name: "bibw", about: "bidirectional bandwidth, 2 processes", ranks: 2, peers: libraries, bench: runs.Bench{Name: "bibw", Sizes: p2p(1), Limit: limit, Iterations: many}},
		{name: "rate", about: "message rate, one pair", ranks: 2, peers: libraries, bench: runs.Bench{Name: "mbw_mr", Sizes: runs.Sizes(8, 8, 2), Limit: 5 * limit, Iterations: many}},
		{name: "rate", about: "message rate, two pairs", ranks: 4, peers: []string{ringo, openMPI}, bench: runs.Bench{Name: "mbw_mr", Sizes: runs.Sizes(8, 8, 2), Limit: 5 * limit, Iterations: many}},
		{name: "rate new", about: "message rate, one pair, a new request for each message", ranks: 2, peers: libraries, bench: runs.Bench{Name: "mbw_mr", Sizes: runs.Sizes(8, 8, 2), Limit: 5 * limit, Iterations: many, NewRequests: true}},
		{name: "alloc", about: "latency with buffers from Alloc", ranks: 2, peers: libraries, bench: runs.Bench{Name: "alloc_lat", Sizes: runs.Sizes(64*kib, greatest, max(2, step/4)), Limit: limit, Iterations: many}},
		{name: "collectives", about: "collectives, 2 ranks", ranks: 2, peers: libraries, bench: runs.Bench{Name: "collectives", Calls: barCalls, Sizes: runs.Sizes(4, mib, collectiveStep), Limit: limit / 2, Iterations: many}},
	}
	for _, n := range ranksOnCores {
		sizes := runs.Sizes(4, mib, crowded)
		jobs = append(jobs,
			job{name: "collectives", about: fmt.Sprintf("collectives, %d ranks", n), ranks: n, peers: []string{ringo, openMPI}, repetitions: 5, bench: runs.Bench{Name: "collectives", Calls: barCalls, Sizes: sizes, Limit: limit, Iterations: many}},
			// MPICH spins: what it has in its time is recorded, once.
			job{name: "collectives", about: fmt.Sprintf("collectives, %d ranks", n), ranks: n, peers: []string{mpich}, repetitions: 1, box: 6 * time.Second, bench: runs.Bench{Name: "collectives", Calls: []string{"barrier", "allreduce"}, Sizes: runs.Sizes(4, mib, 1<<18), Limit: limit, Iterations: many}},
		)
	}
	jobs = append(jobs,
		job{name: "overlap", about: "nonblocking collectives with overlap", ranks: 2, peers: libraries, repetitions: 3, bench: runs.Bench{Name: "overlap", Calls: []string{"allreduce"}, Sizes: runs.Sizes(4*kib, mib, 16), Limit: limit, Iterations: many}},
		job{name: "threads", about: "latency of 2 goroutines or threads in each of 2 ranks", ranks: 2, peers: libraries, repetitions: 3, box: 10 * time.Second, bench: runs.Bench{Name: "multi_lat", Sizes: runs.Sizes(8, 64*kib, 8*kib), Limit: 2 * limit, Iterations: many, Threads: 2}},
	)
	for _, program := range []string{"empty", "true"} {
		for _, n := range []int{2, 16} {
			about := "launch of a program that enters and leaves MPI"
			if program == "true" {
				about = "launch of true, which does not use MPI"
			}
			jobs = append(jobs, job{name: "launch " + program, about: about, ranks: n, peers: libraries, launch: program})
		}
	}
	jobs = append(jobs,
		job{name: "idle", about: "a rank blocked in Recv", ranks: 2, peers: []string{ringo}, repetitions: 1, bench: runs.Bench{Name: "idle", Wait: idle}},
		job{name: "idle", about: "a rank blocked in Recv", ranks: 2, peers: peerNames, repetitions: 1, bench: runs.Bench{Name: "idle", Wait: min(idle, 2*time.Second)}},
		job{name: "memory", about: "memory of a rank's own", ranks: 2, peers: libraries, repetitions: 1, bench: runs.Bench{Name: "memory"}},
		job{name: "memory", about: "memory of a rank's own", ranks: 8, peers: []string{ringo, openMPI}, repetitions: 1, bench: runs.Bench{Name: "memory"}},
		job{name: "allocs", about: "allocations per call", ranks: 2, peers: []string{ringo}, repetitions: 1, bench: runs.Bench{Name: "allocs", Iterations: 1000}},
		job{name: "goroutines", about: "latency of goroutine ranks", ranks: 2, peers: []string{goroutines}, bench: runs.Bench{Name: "latency", Sizes: inProcess, Limit: limit, Iterations: many}},
		job{name: "limits", about: "a cache line's way, a copy of memory", ranks: 2, peers: []string{machine}, bench: runs.Bench{Name: "limits", Sizes: inProcess, Iterations: 200, Warmup: 20}},
		job{name: "ranks", about: "many goroutine ranks", ranks: 1, peers: []string{machine}, repetitions: 3, box: time.Minute, bench: runs.Bench{Name: "ranks", Counts: []int{1000, 10000}}},
		job{name: "python", about: "latency beside mpi4py, buffers", ranks: 2, peers: []string{ringo, ringoOpenMPI, mpi4py}, bench: runs.Bench{Name: "latency", Sizes: runs.Sizes(8, 64*kib, 8192), Limit: limit, Iterations: many}},
		job{name: "python objects", about: "latency beside mpi4py, objects", ranks: 2, peers: []string{ringo, ringoOpenMPI, mpi4py}, bench: runs.Bench{Name: "object_lat", Sizes: runs.Sizes(8, 64*kib, 8192), Limit: limit, Iterations: many}},
		job{name: "native", about: "the native engine beside C on the same library", ranks: 2, peers: []string{ringoMPICH, mpich, ringoOpenMPI, openMPI}, bench: runs.Bench{Name: "latency", Sizes: runs.Sizes(8, mib, mib/8), Limit: 2 * limit, Iterations: many}},
		job{name: "native allreduce", about: "Allreduce of the native engine beside C on the same library", ranks: 2, peers: []string{ringoMPICH, mpich, ringoOpenMPI, openMPI}, bench: runs.Bench{Name: "collectives", Calls: []string{"allreduce"}, Sizes: runs.Sizes(8, 8, 2), Limit: 2 * limit, Iterations: many}},
	)
	for i := range jobs {
		if jobs[i].box == 0 {
			jobs[i].box = usualBox + 2*jobs[i].bench.Wait
		}
	}
	return jobs
}

// tcpSuite returns the jobs over connections.
func tcpSuite(quick bool) []job {
	var jobs []job
	for _, j := range suite(quick) {
		switch {
		case j.ranks != 2:
			continue
		case j.name == "latency", j.name == "bw", j.name == "bibw", j.name == "rate":
			j.name = "tcp " + j.name
		case j.name != "collectives":
			continue
		}
		j.about += ", over TCP"
		j.peers = append([]string{ringo}, peerNames...)
		jobs = append(jobs, j)
	}
	return jobs
}

// jobNames are the names that --only takes.
func jobNames(jobs []job) []string {
	var out []string
	for _, j := range jobs {
		if !slices.Contains(out, j.name) {
			out = append(out, j.name)
		}
	}
	return out
}
