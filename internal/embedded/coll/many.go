package coll

import "github.com/ringo-mpi/ringo/internal/engine"

//go:generate go run ../../simulate/gentable many_table.go

// hostsRow is the algorithms of a collective on so many hosts, by size.
type hostsRow struct {
	kind       engine.CollKind
	hosts, per int
	sizes      []sizeRow
}

// sizeRow is the algorithm for sizes of up to so many bytes, or, with 0, for all
// that are longer: of the vector of Bcast and Allreduce, of one rank's block of
// Allgather and Alltoall.
type sizeRow struct {
	upTo   int
	way    Way
	staged bool
	shared bool
}

// Best returns the plan that the table for many hosts has for a call, the zero
// plan where the ranks are on one host or the table has nothing for the
// collective. Numbers that are not in the table have the plan of the greatest
// one below: of ranks of a host, and of hosts among powers of two, or others. All
// ranks get the same plan, since it rests on what all know.
func Best(k engine.Coll, h *Hosts) Plan {
	hosts, size := len(h.members), len(h.of)
	if hosts < 2 || k.Kind.Vector() {
		return Plan{}
	}
	n := 0
	if t := k.Type(); t != nil {
		n = k.BlockLen(0, size) * t.Size
	}
	whole := hosts == pof2(hosts)
	var found *hostsRow
	for i := range manyHosts {
		r := &manyHosts[i]
		if r.kind != k.Kind || r.hosts > hosts || r.per > max(1, size/hosts) || (r.hosts == pof2(r.hosts)) != whole {
			continue
		}
		if found == nil || r.per > found.per || r.per == found.per && r.hosts > found.hosts {
			found = r
		}
	}
	if found == nil {
		return Plan{}
	}
	for _, s := range found.sizes {
		if n > s.upTo && s.upTo > 0 {
			continue
		}
		p := Plan{Way: s.way, Shared: s.shared}
		if s.staged {
			p.Hosts = h
		}
		if p.Fits(k, size) {
			return p
		}
		break
	}
	return Plan{}
}
