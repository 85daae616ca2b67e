package bench

import (
	"github.com/spf13/cobra"

	"github.com/ringo-mpi/ringo/mpi"
)

func objectLatencyCommand() *cobra.Command {
	o := &options{}
	b := &benchmark{
		name: "object_lat", title: "one-way latency of objects",
		about: `As latency, with SendObject and RecvObject of a value that is encoded and decoded:
a slice of so many bytes, as mpi4py's send and recv of a bytes object.`,
		ranks: "2 ranks", fits: exactly(2),
		columns: func(o *options) []column {
			return append([]column{sizeColumn, latencyColumn}, o.percentileColumns()...)
		},
		run: (*run).objectLatency,
	}
	cmd := b.command(o)
	o.flags(cmd)
	o.sampleFlags(cmd)
	return cmd
}

func (r *run) objectLatency() error {
	series := r.o.series(1, 1<<20)
	if len(series) == 0 {
		return nil
	}
	v, err := buffer[byte](r, series[len(series)-1])
	if err != nil {
		return err
	}
	peer, first := 1-r.world.Rank(), r.world.Rank() == 0
	for _, size := range series {
		n, ns, samples, err := r.measure(latencyIterations, size, func(n int, samples []int64) (int64, error) {
			start := now()
			before := start
			for i := range n {
				if first {
					if err := mpi.SendObject(r.world, v[:size], peer, tag); err != nil {
						return 0, err
					}
				}
				if _, _, err := mpi.RecvObject[[]byte](r.world, peer, tag); err != nil {
					return 0, err
				}
				if !first {
					if err := mpi.SendObject(r.world, v[:size], peer, tag); err != nil {
						return 0, err
					}
				}
				if samples != nil {
					after := now()
					samples[i], before = after-before, after
				}
			}
			return now() - start, nil
		})
		if err != nil {
			return err
		}
		if r.rows == nil {
			continue
		}
		row := append([]any{size, float64(ns) / float64(n) / 2e3}, r.o.percentilesOf(floats(samples), 0.5e-3)...)
		if err := r.rows.add(row...); err != nil {
			return err
		}
	}
	return nil
}
