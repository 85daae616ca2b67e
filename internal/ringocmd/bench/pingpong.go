package bench

import (
	"sync"

	"github.com/spf13/cobra"

	"github.com/ringo-mpi/ringo/mpi"
)

// timedEach is the size from which on the point-to-point benchmarks time each
// iteration by itself, so that writing the buffer stays outside. Below, the
// clock would cost more than the few stores.
const timedEach = 4096

func latencyCommand() *cobra.Command {
	o := &options{}
	b := &benchmark{
		name: "latency", title: "one-way latency",
		about: `Rank 0 sends a message to rank 1 and receives one of the same size back; half of
the time of the round trip is printed. Above 8 KiB it makes fewer iterations.`,
		ranks: "2 ranks", fits: exactly(2),
		columns: func(o *options) []column {
			return append([]column{sizeColumn, latencyColumn}, o.percentileColumns()...)
		},
		run: func(r *run) error { return r.latency(0, 4<<20) },
	}
	cmd := b.command(o)
	o.flags(cmd)
	o.sampleFlags(cmd)
	o.allocFlag(cmd)
	return cmd
}

func allocLatencyCommand() *cobra.Command {
	o := &options{alloc: true}
	b := &benchmark{
		name: "alloc_lat", title: "one-way latency with buffers from mpi.Alloc",
		about: `As latency --alloc: the buffers lie in memory that the ranks of a host can reach
without a copy.`,
		ranks: "2 ranks", fits: exactly(2),
		columns: func(o *options) []column {
			return append([]column{sizeColumn, latencyColumn}, o.percentileColumns()...)
		},
		run: func(r *run) error { return r.latency(0, 4<<20) },
	}
	cmd := b.command(o)
	o.flags(cmd)
	o.sampleFlags(cmd)
	return cmd
}

// latency is osu_latency.
func (r *run) latency(least, greatest int) error {
	series := r.o.series(least, greatest)
	if len(series) == 0 {
		return nil
	}
	largest := series[len(series)-1]
	p := &pingpong{r: r, peer: 1 - r.world.Rank(), tag: tag, first: r.world.Rank() == 0}
	var err error
	if p.send, err = buffer[byte](r, largest); err != nil {
		return err
	}
	if p.recv, err = buffer[byte](r, largest); err != nil {
		return err
	}
	for _, size := range series {
		p.size = size
		n, ns, samples, err := r.measure(latencyIterations, size, p.span)
		if err != nil {
			return err
		}
		if r.rows == nil {
			continue
		}
		row := []any{size, float64(ns) / float64(n) / 2e3}
		row = append(row, r.o.percentilesOf(floats(samples), 0.5e-3)...)
		if err := r.rows.add(row...); err != nil {
			return err
		}
	}
	return nil
}

// pingpong is one end of a pair of ranks.
type pingpong struct {
	r          *run
	peer, tag  int
	first      bool // this end sends first, and measures
	size       int
	send, recv []byte
}

func (p *pingpong) span(n int, samples []int64) (int64, error) {
	if samples != nil || p.size >= timedEach {
		return p.spanEach(n, samples)
	}
	world, s, r := p.r.world, p.send[:p.size], p.recv[:p.size]
	write := s
	if p.r.o.clean {
		write = nil
	}
	start := now()
	for i := range n {
		if p.first {
			if err := mpi.Send(world, s, p.peer, p.tag); err != nil {
				return 0, err
			}
		}
		if _, err := mpi.Recv(world, r, p.peer, p.tag); err != nil {
			return 0, err
		}
		if !p.first {
			if err := mpi.Send(world, s, p.peer, p.tag); err != nil {
				return 0, err
			}
		}
		dirty(write, int64(i))
	}
	return now() - start, nil
}

// spanEach times each round trip. The second end writes its buffer after it has
// sent, while the first one does the same.
func (p *pingpong) spanEach(n int, samples []int64) (total int64, err error) {
	world, s, r := p.r.world, p.send[:p.size], p.recv[:p.size]
	write := s
	if p.r.o.clean {
		write = nil
	}
	cost := clockCost()
	for i := range n {
		if !p.first {
			if _, err := mpi.Recv(world, r, p.peer, p.tag); err != nil {
				return 0, err
			}
			if err := mpi.Send(world, s, p.peer, p.tag); err != nil {
				return 0, err
			}
			dirty(write, int64(i))
			continue
		}
		start := now()
		if err := mpi.Send(world, s, p.peer, p.tag); err != nil {
			return 0, err
		}
		if _, err := mpi.Recv(world, r, p.peer, p.tag); err != nil {
			return 0, err
		}
		took := since(start, cost)
		total += took
		if samples != nil {
			samples[i] = took
		}
		dirty(write, int64(i))
	}
	return total, nil
}

func multiLatencyCommand() *cobra.Command {
	o := &options{}
	b := &benchmark{
		name: "multi_lat", title: "latency of several pairs at once",
		about: `The first half of the ranks is paired with the second half. In each pair -t
goroutines of the one rank exchange messages with as many of the other, each with
a tag of its own, all at the same time. Printed is the mean over all of them.`,
		ranks: "an even number of ranks", fits: even,
		columns: func(*options) []column { return []column{sizeColumn, latencyColumn} },
		run:     (*run).multiLatency,
	}
	cmd := b.command(o)
	o.flags(cmd)
	o.allocFlag(cmd)
	cmd.Flags().IntVarP(&o.goroutines, "threads", "t", 2, "goroutines of each rank")
	return cmd
}

// multiLatency is osu_multi_lat with the threads of osu_latency_mt.
func (r *run) multiLatency() error {
	series := r.o.series(0, 4<<20)
	if len(series) == 0 {
		return nil
	}
	half := r.world.Size() / 2
	first := r.world.Rank() < half
	peer := r.world.Rank() + half
	if !first {
		peer = r.world.Rank() - half
	}
	pairs := make([]*pingpong, max(1, r.o.goroutines))
	for i := range pairs {
		p := &pingpong{r: r, peer: peer, tag: tag + i, first: first}
		var err error
		if p.send, err = buffer[byte](r, series[len(series)-1]); err != nil {
			return err
		}
		if p.recv, err = buffer[byte](r, series[len(series)-1]); err != nil {
			return err
		}
		pairs[i] = p
	}
	for _, size := range series {
		for _, p := range pairs {
			p.size = size
		}
		n, ns, _, err := r.measure(latencyIterations, size, func(n int, _ []int64) (int64, error) { return together(pairs, n) })
		if err != nil {
			return err
		}
		mean := 0.0
		if first {
			mean = float64(ns) / float64(n) / 2e3 / float64(len(pairs))
		}
		sum, err := mpi.ReduceValue(r.world, mean, mpi.Sum, 0)
		if err != nil {
			return err
		}
		if r.rows != nil {
			if err := r.rows.add(size, sum/float64(half)); err != nil {
				return err
			}
		}
	}
	return nil
}

// together runs the spans of all pairs at once and returns the sum of their
// times.
func together(pairs []*pingpong, n int) (int64, error) {
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		total int64
		first error
	)
	for _, p := range pairs {
		wg.Go(func() {
			ns, err := p.span(n, nil)
			mu.Lock()
			defer mu.Unlock()
			total += ns
			if first == nil {
				first = err
			}
		})
	}
	wg.Wait()
	return total, first
}
