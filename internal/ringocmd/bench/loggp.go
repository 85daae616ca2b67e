package bench

import (
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringo-mpi/ringo/atomicfile"
	"github.com/ringo-mpi/ringo/internal/ringocmd/cli"
	"github.com/ringo-mpi/ringo/internal/simulate"
	"github.com/ringo-mpi/ringo/mpi"
)

// defaultLoggpLimit is how long the iterations of one size take at most, unless
// -T says so.
const defaultLoggpLimit = 200 * time.Millisecond

// loggpCommand measures what ringo simulate needs.
func loggpCommand() *cobra.Command {
	o := &options{}
	var file string
	b := &benchmark{
		name: "loggp", title: "parameters for ringo simulate",
		about: `Measures latency, overhead, gap and bandwidth (the model LogGP) between two ranks
of one host and, if the job has several, between two hosts: a ping-pong of
growing messages, calls that send now and then, and many in a row. Ranks share a
host if they share memory. --output writes the parameters into a file for ringo
simulate --params; those that were not measured are the default, and say so.`,
		ranks: "2 ranks or more", fits: atLeast(2),
		columns: func(*options) []column {
			return []column{{"parameter", "parameter", 0}, {"value", "value", 0}, {"measured", "measured", 0}}
		},
		run: func(r *run) error { return r.loggp(file) },
	}
	cmd := b.command(o)
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if ext := strings.ToLower(filepath.Ext(file)); file != "" && ext != ".toml" {
			return cli.Usagef("--output %q: the name ends in .toml", file)
		}
		if o.limit == 0 { // here, since goroutine ranks share the options
			o.limit = defaultLoggpLimit
		}
		return run(cmd, args)
	}
	o.step = 4
	f := cmd.Flags()
	f.IntVarP(&o.iterations, "iterations", "i", 0, "iterations for each size (default: 10000, fewer above 8 KiB)")
	f.DurationVarP(&o.limit, "time-limit", "T", 0, "fewer iterations of a size if all would take longer than this (default 200ms)")
	f.StringVarP(&file, "output", "o", "", "also write the parameters into this file (.toml)")
	cli.FormatFlag(cmd, &o.format)
	o.warmup, o.sizes = -1, sizes{-1, -1}
	return cmd
}

// loggp measures between rank 0 and one rank of its host, and one of another.
func (r *run) loggp(file string) error {
	hosts, err := r.hosts()
	if err != nil {
		return err
	}
	net, measured := simulate.Default(), map[string]bool{}
	set := func(prefix string, l simulate.Link) {
		for _, p := range []string{"latency", "overhead", "gap", "bandwidth"} {
			measured[prefix+p] = true
		}
		if l.Bandwidth == 0 {
			measured[prefix+"bandwidth"] = false
		}
	}
	count := map[int]int{}
	for _, h := range hosts {
		count[h]++
	}
	net.PerHost = 1
	for _, n := range count {
		net.PerHost = max(net.PerHost, n)
	}
	measured["per-host"] = true
	if peer := slices.Index(hosts[1:], hosts[0]) + 1; peer > 0 {
		l, _, err := r.link(peer, 1<<20)
		if err != nil {
			return err
		}
		if l.Bandwidth == 0 {
			l.Bandwidth = net.Within.Bandwidth
		}
		net.Within = l
		set("local-", l)
	}
	if peer := slices.IndexFunc(hosts, func(h int) bool { return h != hosts[0] }); peer > 0 {
		l, eager, err := r.link(peer, 4<<20)
		if err != nil {
			return err
		}
		if l.Bandwidth == 0 {
			l.Bandwidth = net.Between.Bandwidth
		}
		net.Between, net.Eager = l, eager
		set("", l)
		measured["eager"] = true
	}
	net.Copy = copyRate()
	measured["copy"] = true
	if r.rows == nil {
		return nil
	}
	names, _ := simulate.Parameters()
	for _, name := range names {
		how := "default"
		if measured[name] {
			how = "measured"
		}
		if err := r.rows.add(name, net.Get(name), how); err != nil {
			return err
		}
	}
	if file == "" {
		return nil
	}
	return atomicfile.Write(file, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "# Measured by ringo bench loggp on %d ranks, hosts: %d.\n%s", len(hosts), len(count), net.Text())
		return err
	})
}

// hosts returns, for every rank, the first rank with which it shares memory.
func (r *run) hosts() ([]int, error) {
	near, err := r.world.SplitType(mpi.SplitShared, r.world.Rank())
	if err != nil {
		return nil, err
	}
	first, err := mpi.BcastValue(near, int64(r.world.Rank()), 0)
	if err = errors.Join(err, near.Free()); err != nil {
		return nil, err
	}
	all := make([]int64, r.world.Size())
	if err := mpi.Allgather(r.world, []int64{first}, all); err != nil {
		return nil, err
	}
	out := make([]int, len(all))
	for i, h := range all {
		out[i] = int(h)
	}
	return out, nil
}

// link measures between rank 0 and a peer; the other ranks take part in what all
// do between the sizes. The result is that of rank 0.
func (r *run) link(peer, largest int) (simulate.Link, int, error) {
	rank := r.world.Rank()
	takesPart := rank == 0 || rank == peer
	p := &pingpong{r: r, peer: peer, tag: tag, first: rank == 0}
	if rank != 0 {
		p.peer = 0
	}
	if takesPart {
		var err error
		if p.send, err = buffer[byte](r, largest); err != nil {
			return simulate.Link{}, 0, err
		}
		if p.recv, err = buffer[byte](r, largest); err != nil {
			return simulate.Link{}, 0, err
		}
	}
	var m simulate.Measured
	for _, size := range r.o.series(1, largest) {
		p.size = size
		t, err := r.least(size, takesPart, p.span)
		if err != nil {
			return simulate.Link{}, 0, err
		}
		m.OneWay = append(m.OneWay, simulate.Sample{Bytes: size, Time: max(1, t/2)})
	}
	p.size = 8
	var err error
	if m.Call, err = r.least(8, takesPart, p.calls); err != nil {
		return simulate.Link{}, 0, err
	}
	if m.Flood, err = r.least(8, takesPart, p.flood); err != nil {
		return simulate.Link{}, 0, err
	}
	if rank != 0 {
		return simulate.Link{}, 0, nil
	}
	l, eager, err := simulate.Fit(m)
	return l, eager, err
}

// least measures three times and returns the least time of one iteration: what
// is longer was disturbed. Ranks that do not take part only keep the others
// company.
func (r *run) least(size int, takesPart bool, span func(int, []int64) (int64, error)) (simulate.Time, error) {
	if !takesPart {
		span = func(int, []int64) (int64, error) { return 0, nil }
	}
	best := simulate.Time(math.MaxInt64)
	for range 3 {
		n, ns, _, err := r.measure(latencyIterations, size, span)
		if err != nil {
			return 0, err
		}
		best = min(best, max(1, simulate.Time(ns)*simulate.Nanosecond/simulate.Time(n)))
	}
	return best, nil
}

// calls times calls that send while nothing else is under way: each waits for the
// answer to the one before.
func (p *pingpong) calls(n int, _ []int64) (total int64, err error) {
	world, s, in := p.r.world, p.send[:p.size], p.recv[:p.size]
	cost := clockCost()
	for range n {
		if p.first {
			start := now()
			if err := mpi.Send(world, s, p.peer, p.tag); err != nil {
				return 0, err
			}
			total += since(start, cost)
		}
		if _, err := mpi.Recv(world, in, p.peer, p.tag); err != nil {
			return 0, err
		}
		if !p.first {
			if err := mpi.Send(world, s, p.peer, p.tag); err != nil {
				return 0, err
			}
		}
	}
	return total, nil
}

// flood sends n messages in a row, and waits for an answer to all.
func (p *pingpong) flood(n int, _ []int64) (int64, error) {
	world, s, in := p.r.world, p.send[:p.size], p.recv[:p.size]
	start := now()
	for range n {
		if p.first {
			if err := mpi.Send(world, s, p.peer, p.tag); err != nil {
				return 0, err
			}
		} else if _, err := mpi.Recv(world, in, p.peer, p.tag); err != nil {
			return 0, err
		}
	}
	if p.first {
		_, err := mpi.Recv(world, in, p.peer, ackTag)
		return now() - start, err
	}
	return now() - start, mpi.Send(world, s, p.peer, ackTag)
}

// copyRate measures how many bytes a second one rank copies, of a length that is
// longer than its caches.
func copyRate() float64 {
	from, to := onPages[byte](32<<20), onPages[byte](32<<20)
	best := int64(0)
	for range 5 {
		start := now()
		copy(to, from)
		if took := now() - start; best == 0 || took < best {
			best = took
		}
	}
	return float64(int(float64(len(from))/float64(max(1, best))*1e3)) * 1e6
}
