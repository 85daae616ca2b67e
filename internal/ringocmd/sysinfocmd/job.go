package sysinfocmd

import (
	"github.com/ringo-mpi/ringo/internal/start"
	"github.com/ringo-mpi/ringo/internal/sysinfo"
	"github.com/ringo-mpi/ringo/mpi"
)

// jobNodes returns the nodes that this process is to print: those of the job
// on its rank 0, none on the other ranks. Outside a job, and with goroutine
// ranks, it is this computer.
func jobNodes(getenv func(string) string) ([]*sysinfo.Node, error) {
	plan, err := start.Decide(getenv, true)
	if err != nil {
		return nil, err
	}
	if plan.How == start.Single || plan.How == start.Goroutines {
		n, err := sysinfo.Local()
		if err != nil {
			return nil, err
		}
		return []*sysinfo.Node{n}, nil
	}
	var nodes []*sysinfo.Node
	mpi.Main(func(world *mpi.Comm) error { // ends the process if it fails
		nodes, err = gather(world)
		return err
	})
	return nodes, nil
}

// gather collects the descriptions of all computers of the job on rank 0, each
// from one rank, in the order of the lowest ranks on them. Collective.
func gather(world *mpi.Comm) ([]*sysinfo.Node, error) {
	host, err := world.SplitType(mpi.SplitShared, world.Rank())
	if err != nil {
		return nil, err
	}
	color := mpi.Undefined
	if host.Rank() == 0 {
		color = 0
	}
	if err := host.Free(); err != nil {
		return nil, err
	}
	first, err := world.Split(color, world.Rank())
	if err != nil || first == nil {
		return nil, err
	}
	n, err := sysinfo.Local()
	if err != nil {
		return nil, err
	}
	nodes, err := mpi.GatherObject(first, n, 0)
	if err != nil {
		return nil, err
	}
	return nodes, first.Free()
}
