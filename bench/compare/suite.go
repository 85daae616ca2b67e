package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// bench is one benchmark as its program is asked for it.
type bench struct {
	name        string
	calls       []string // of collectives and overlap
	sizes       span
	limit       time.Duration // for one size
	iterations  int           // at most; 0: the benchmark's own
	warmup      int           // 0: the benchmark's own
	threads     int
	wait        time.Duration // of idle
	counts      []int         // of ranks
	newRequests bool          // Ringo: a new request for each message, in C there is no such thing
}

// span is the sizes of messages, from one to the other by a factor.
type span struct{ least, greatest, step int }

func (s span) given() bool { return s.step > 0 }

// ringoArguments are the arguments of ringo.
func (b bench) ringoArguments() []string {
	names := []string{b.name}
	switch b.name {
	case "collectives":
		names = append(names, b.calls...)
	case "overlap":
		names = []string{"i" + b.calls[0]}
	}
	out := append([]string{"bench"}, names...)
	out = append(out, "-f", "csv")
	if b.sizes.given() {
		out = append(out, "-m", fmt.Sprintf("%d:%d", b.sizes.least, b.sizes.greatest), "--step", strconv.Itoa(b.sizes.step))
	}
	if b.limit > 0 {
		out = append(out, "-T", b.limit.String())
	}
	if b.iterations > 0 {
		out = append(out, "-i", strconv.Itoa(b.iterations))
	}
	if b.warmup > 0 {
		out = append(out, "-x", strconv.Itoa(b.warmup))
	}
	if b.threads > 0 {
		out = append(out, "-t", strconv.Itoa(b.threads))
	}
	if b.wait > 0 {
		out = append(out, "-t", b.wait.String())
	}
	if b.newRequests {
		out = append(out, "--new-requests")
	}
	if len(b.counts) > 0 {
		var ns []string
		for _, n := range b.counts {
			ns = append(ns, strconv.Itoa(n))
		}
		out = append(out, "-n", strings.Join(ns, ","))
	}
	return out
}

// peerArguments are the arguments of bench/peers.
func (b bench) peerArguments() []string {
	out := []string{b.name}
	if b.sizes.given() {
		out = append(out, "-m", fmt.Sprintf("%d:%d", b.sizes.least, b.sizes.greatest), "-s", strconv.Itoa(b.sizes.step))
	}
	seconds := func(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) }
	if b.limit > 0 {
		out = append(out, "-T", seconds(b.limit))
	}
	if b.iterations > 0 {
		out = append(out, "-i", strconv.Itoa(b.iterations))
	}
	if b.warmup > 0 {
		out = append(out, "-x", strconv.Itoa(b.warmup))
	}
	if b.threads > 0 {
		out = append(out, "-t", strconv.Itoa(b.threads))
	}
	if b.wait > 0 {
		out = append(out, "-W", seconds(b.wait))
	}
	return append(out, b.calls...)
}

// job is one line of the suite: a benchmark on some peers.
type job struct {
	name        string
	about       string
	ranks       int
	peers       []string
	bench       bench
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
	inProcess := span{0, 4 * mib, 2}
	ranksOnCores := []int{4, 8, 16}
	if quick {
		limit, step, collectiveStep = 3*time.Millisecond, 16, 64
		crowded = 64
		idle, greatest = time.Second, 1*mib
		inProcess = span{8, mib, mib / 8}
		ranksOnCores = []int{4, 16}
	}
	p2p := func(least int) span { return span{least, greatest, step} }
	jobs := []job{
		{name: "latency", about: "one-way latency, 2 processes", ranks: 2, peers: libraries, bench: bench{name: "latency", sizes: p2p(0), limit: limit, iterations: many}},
		{name: "bw", about: "bandwidth, 2 processes", ranks: 2, peers: libraries, bench: bench{name: "bw", sizes: p2p(1), limit: limit, iterations: many}},
		{name: "bibw", about: "bidirectional bandwidth, 2 processes", ranks: 2, peers: libraries, bench: bench{name: "bibw", sizes: p2p(1), limit: limit, iterations: many}},
		{name: "rate", about: "message rate, one pair", ranks: 2, peers: libraries, bench: bench{name: "mbw_mr", sizes: span{8, 8, 2}, limit: 5 * limit, iterations: many}},
		{name: "rate", about: "message rate, two pairs", ranks: 4, peers: []string{ringo, openMPI}, bench: bench{name: "mbw_mr", sizes: span{8, 8, 2}, limit: 5 * limit, iterations: many}},
		{name: "rate new", about: "message rate, one pair, a new request for each message", ranks: 2, peers: libraries, bench: bench{name: "mbw_mr", sizes: span{8, 8, 2}, limit: 5 * limit, iterations: many, newRequests: true}},
		{name: "alloc", about: "latency with buffers from Alloc", ranks: 2, peers: libraries, bench: bench{name: "alloc_lat", sizes: span{64 * kib, greatest, max(2, step/4)}, limit: limit, iterations: many}},
		{name: "collectives", about: "collectives, 2 ranks", ranks: 2, peers: libraries, bench: bench{name: "collectives", calls: barCalls, sizes: span{4, mib, collectiveStep}, limit: limit / 2, iterations: many}},
	}
	for _, n := range ranksOnCores {
		sizes := span{4, mib, crowded}
		jobs = append(jobs,
			job{name: "collectives", about: fmt.Sprintf("collectives, %d ranks", n), ranks: n, peers: []string{ringo, openMPI}, repetitions: 5, bench: bench{name: "collectives", calls: barCalls, sizes: sizes, limit: limit, iterations: many}},
			// MPICH spins: what it has in its time is recorded, once.
			job{name: "collectives", about: fmt.Sprintf("collectives, %d ranks", n), ranks: n, peers: []string{mpich}, repetitions: 1, box: 6 * time.Second, bench: bench{name: "collectives", calls: []string{"barrier", "allreduce"}, sizes: span{4, mib, 1 << 18}, limit: limit, iterations: many}},
		)
	}
	jobs = append(jobs,
		job{name: "overlap", about: "nonblocking collectives with overlap", ranks: 2, peers: libraries, repetitions: 3, bench: bench{name: "overlap", calls: []string{"allreduce"}, sizes: span{4 * kib, mib, 16}, limit: limit, iterations: many}},
		job{name: "threads", about: "latency of 2 goroutines or threads in each of 2 ranks", ranks: 2, peers: libraries, repetitions: 3, box: 10 * time.Second, bench: bench{name: "multi_lat", sizes: span{8, 64 * kib, 8 * kib}, limit: 2 * limit, iterations: many, threads: 2}},
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
		job{name: "idle", about: "a rank blocked in Recv", ranks: 2, peers: []string{ringo}, repetitions: 1, bench: bench{name: "idle", wait: idle}},
		job{name: "idle", about: "a rank blocked in Recv", ranks: 2, peers: peerNames, repetitions: 1, bench: bench{name: "idle", wait: min(idle, 2*time.Second)}},
		job{name: "memory", about: "memory of a rank's own", ranks: 2, peers: libraries, repetitions: 1, bench: bench{name: "memory"}},
		job{name: "memory", about: "memory of a rank's own", ranks: 8, peers: []string{ringo, openMPI}, repetitions: 1, bench: bench{name: "memory"}},
		job{name: "allocs", about: "allocations per call", ranks: 2, peers: []string{ringo}, repetitions: 1, bench: bench{name: "allocs", iterations: 1000}},
		job{name: "goroutines", about: "latency of goroutine ranks", ranks: 2, peers: []string{goroutines}, bench: bench{name: "latency", sizes: inProcess, limit: limit, iterations: many}},
		job{name: "limits", about: "a cache line's way, a copy of memory", ranks: 2, peers: []string{machine}, bench: bench{name: "limits", sizes: inProcess, iterations: 200, warmup: 20}},
		job{name: "ranks", about: "many goroutine ranks", ranks: 1, peers: []string{machine}, repetitions: 3, box: time.Minute, bench: bench{name: "ranks", counts: []int{1000, 10000}}},
		job{name: "python", about: "latency beside mpi4py, buffers", ranks: 2, peers: []string{ringo, ringoOpenMPI, mpi4py}, bench: bench{name: "latency", sizes: span{8, 64 * kib, 8192}, limit: limit, iterations: many}},
		job{name: "python objects", about: "latency beside mpi4py, objects", ranks: 2, peers: []string{ringo, ringoOpenMPI, mpi4py}, bench: bench{name: "object_lat", sizes: span{8, 64 * kib, 8192}, limit: limit, iterations: many}},
		job{name: "native", about: "the native engine beside C on the same library", ranks: 2, peers: []string{ringoMPICH, mpich, ringoOpenMPI, openMPI}, bench: bench{name: "latency", sizes: span{8, mib, mib / 8}, limit: 2 * limit, iterations: many}},
		job{name: "native allreduce", about: "Allreduce of the native engine beside C on the same library", ranks: 2, peers: []string{ringoMPICH, mpich, ringoOpenMPI, openMPI}, bench: bench{name: "collectives", calls: []string{"allreduce"}, sizes: span{8, 8, 2}, limit: 2 * limit, iterations: many}},
	)
	for i := range jobs {
		if jobs[i].box == 0 {
			jobs[i].box = usualBox + 2*jobs[i].bench.wait
		}
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
