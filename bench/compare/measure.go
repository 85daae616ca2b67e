package main

import (
	"context"

	"github.com/ringo-mpi/ringo/bench/internal/runs"
)

// run measures one job on one peer once, and stores what came out.
func (m *measurement) run(ctx context.Context, j job, p *peer, rep int) error {
	k := key{Job: j.name, Ranks: j.ranks, Peer: p.name}
	if j.launch != "" {
		command := append(p.launch(j.ranks), m.launched(p, j.launch)...)
		_, took, err := runs.Output(ctx, j.box, p.environment(j.ranks), command)
		if err != nil {
			return err
		}
		k.Metric = "ms"
		m.results.add(k, rep, took.Seconds()*1e3)
		return nil
	}
	text, _, err := runs.Output(ctx, j.box, p.environment(j.ranks), p.command(j.ranks, j.bench))
	figures, wrong := runs.ParseFigures(text, j.bench.Name == "ranks")
	for _, f := range figures {
		k.Call, k.Size, k.Metric = f.Call, f.Size, f.Metric
		if j.bench.Name == "overlap" {
			k.Call = j.bench.Calls[0] // which ringo leaves out
		}
		m.results.add(k, rep, f.Value)
	}
	if err == nil {
		err = wrong
	}
	return err
}
