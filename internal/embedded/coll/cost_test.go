package coll

import (
	"math/rand/v2"
	"testing"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// cost is what a collective spends, whatever the speed of the machine.
type cost struct {
	rounds   int // messages in a row, on the longest path through all graphs
	row      int // bytes in a row
	messages int // of all ranks
	out      int // bytes that the busiest rank sends
}

// costOf runs a trial and follows the paths through the graphs of all ranks.
func costOf(t *testing.T, tr *trial) cost {
	t.Helper()
	var schedules []*Schedule
	for r := range tr.colls {
		schedules = append(schedules, mustBuild(t, tr.colls[r], r, len(tr.colls), &standard))
	}
	sm := newSim(tr.rng, rendezvous, schedules)
	if err := sm.run(1); err != nil {
		t.Fatalf("%s: %v", tr.name, err)
	}
	if err := tr.verify(); err != nil {
		t.Fatalf("%s: %v", tr.name, err)
	}

	type node struct{ rank, vertex int }
	type length struct{ rounds, row int }
	before := map[node][]node{}
	for r, s := range schedules {
		for i := range s.vertices {
			for _, to := range s.edges[s.vertices[i].first:s.vertices[i].last] {
				before[node{r, int(to)}] = append(before[node{r, int(to)}], node{r, i})
			}
		}
	}
	from := map[node]match{}
	for _, m := range sm.matched {
		from[node{m.dest, m.recvVertex}] = m
	}
	// end is the length of the longest path that ends with n, begin without n
	// itself. A send is over when it begins: its message counts at the receiver.
	known := map[node]length{}
	var begin, end func(n node) length
	begin = func(n node) (l length) {
		for _, b := range before[n] {
			e := end(b)
			l.rounds, l.row = max(l.rounds, e.rounds), max(l.row, e.row)
		}
		return l
	}
	end = func(n node) length {
		if l, ok := known[n]; ok {
			return l
		}
		l := begin(n)
		if m, ok := from[n]; ok {
			b := begin(node{m.source, m.sendVertex})
			l.rounds, l.row = max(l.rounds, b.rounds)+1, max(l.row, b.row)+m.n
		}
		known[n] = l
		return l
	}
	var c cost
	for r, s := range schedules {
		for i := range s.vertices {
			l := end(node{r, i})
			c.rounds, c.row = max(c.rounds, l.rounds), max(c.row, l.row)
		}
		c.messages += sm.ranks[r].sent
		c.out = max(c.out, sm.ranks[r].out)
	}
	return c
}

// TestCost holds every algorithm to its known complexity: an equation where one
// number is known, a bound (negative: at most) where the paths depend on pieces
// or on the root. With 13 ranks, no rank is more than 3 steps down a binomial
// tree.
func TestCost(t *testing.T) {
	if raceEnabled {
		t.Log("NOT CHECKED with -race: costs are the same, and take ten times as long to count")
		return
	}
	const K, M = 1 << 10, 1 << 20
	const ordered = 3 // index of an operation that does not commute, elements of 16 bytes
	for _, test := range []struct {
		name  string
		kind  engine.CollKind
		p     int
		bytes int // of a block or vector
		op    int
		want  cost
	}{
		{"dissemination", engine.Barrier, 13, 0, 0, cost{4, 0, 13 * 4, 0}},
		{"dissemination", engine.Barrier, 16, 0, 0, cost{4, 0, 16 * 4, 0}},

		{"binomial tree", engine.Bcast, 13, 8, 0, cost{3, 3 * 8, 12, 4 * 8}},
		{"binomial tree", engine.Bcast, 16, 8 * K, 0, cost{4, 4 * 8 * K, 15, 4 * 8 * K}},
		{"scatter, doubling", engine.Bcast, 16, 64 * K, 0, cost{-8, -2 * 15 * 4 * K, 64, 2 * 15 * 4 * K}},
		{"scatter, ring", engine.Bcast, 9, 18 * K, 0, cost{-(4 + 8), -2 * 18 * K, -(8 + 9*8), -2 * 18 * K}},
		{"chain", engine.Bcast, 4, 256 * K, 0, cost{3, 3 * 64 * K, 3 * 4, 256 * K}},
		{"chain", engine.Bcast, 8, M, 0, cost{7, 7 * 64 * K, 7 * 16, M}},

		{"tree", engine.Scatter, 13, 64, 0, cost{3, -2 * 13 * 64, 12, 12 * 64}},
		{"linear", engine.Scatter, 13, 32 * K, 0, cost{1, 32 * K, 12, 12 * 32 * K}},
		{"linear", engine.Scatterv, 13, 64, 0, cost{1, -13 * 64, 12, -13 * 64}},
		{"tree", engine.Gather, 13, 64, 0, cost{3, -2 * 13 * 64, 12, -8 * 64}},
		{"linear", engine.Gather, 13, 32 * K, 0, cost{1, 32 * K, 12, 32 * K}},
		{"linear", engine.Gatherv, 13, 64, 0, cost{1, -13 * 64, 12, -13 * 64}},

		{"doubling", engine.Allgather, 16, 64, 0, cost{4, 15 * 64, 16 * 4, 15 * 64}},
		{"doubling", engine.Allgather, 16, 16 * K, 0, cost{4, 15 * 16 * K, 16 * 4, 15 * 16 * K}},
		{"Bruck", engine.Allgather, 13, 64, 0, cost{4, 12 * 64, 13 * 4, 12 * 64}},
		{"ring", engine.Allgather, 13, 16 * K, 0, cost{12, 12 * 16 * K, 13 * 12, 12 * 16 * K}},
		{"ring", engine.Allgather, 16, 32 * K, 0, cost{15, 15 * 32 * K, 16 * 15, 15 * 32 * K}},

		{"Bruck", engine.Alltoall, 16, 8, 0, cost{4, 4 * 8 * 8, 16 * 4, 4 * 8 * 8}},
		{"Bruck", engine.Alltoall, 13, 8, 0, cost{4, -4 * 7 * 8, 13 * 4, -4 * 7 * 8}},
		{"scattered", engine.Alltoall, 16, K, 0, cost{1, K, 16 * 15, 15 * K}},
		{"pairwise", engine.Alltoall, 9, 40 * K, 0, cost{2, 2 * 40 * K, 9 * 8, 8 * 40 * K}},

		{"tree", engine.Reduce, 13, 8, 0, cost{3, 3 * 8, 12, 8}},
		{"tree, ordered", engine.Reduce, 13, 16, ordered, cost{-5, -5 * 16, -13, -2 * 16}},
		{"halving", engine.Reduce, 16, 64 * K, 0, cost{8, 2 * 15 * 4 * K, 16*4 + 15, 15*4*K + 32*K}},
		{"halving, ordered", engine.Reduce, 16, 64 * K, ordered, cost{8, 2 * 15 * 4 * K, 16*4 + 15, 15*4*K + 32*K}},
		{"folded", engine.Reduce, 13, 16 * K, 0, cost{-7, -(16*K + 2*14*K), 5 + 8*3 + 7, -2 * 16 * K}},
		{"pairwise", engine.Reduce, 13, 13 * 8 * K, 0, cost{-5, -5 * 8 * K, 13*12 + 12, 13 * 8 * K}},

		{"doubling", engine.Allreduce, 16, 8, 0, cost{4, 4 * 8, 16 * 4, 4 * 8}},
		{"doubling", engine.Allreduce, 16, 2 * K, ordered, cost{4, 4 * 2 * K, 16 * 4, 4 * 2 * K}},
		{"doubling, folded", engine.Allreduce, 13, 8, 0, cost{5, 5 * 8, 5 + 8*3 + 5, 4 * 8}},
		{"halving", engine.Allreduce, 16, 64 * K, 0, cost{8, 2 * 15 * 4 * K, 2 * 16 * 4, 2 * 15 * 4 * K}},
		{"halving, ordered", engine.Allreduce, 16, 64 * K, ordered, cost{8, 2 * 15 * 4 * K, 2 * 16 * 4, 2 * 15 * 4 * K}},
		{"halving, folded", engine.Allreduce, 13, 16 * K, 0, cost{8, 2*16*K + 2*14*K, 5 + 2*8*3 + 5, 16*K + 2*14*K}},
		{"pairwise, ring", engine.Allreduce, 13, 13 * 16 * K, 0, cost{13, 13 * 16 * K, 2 * 13 * 12, 2 * 12 * 16 * K}},
		{"pairwise, ring, ordered", engine.Allreduce, 13, 13 * 16 * K, ordered, cost{13, 13 * 16 * K, 2 * 13 * 12, 2 * 12 * 16 * K}},

		{"halving", engine.ReduceScatterBlock, 16, 64, 0, cost{4, 15 * 64, 16 * 4, 15 * 64}},
		{"halving, folded", engine.ReduceScatterBlock, 13, 64, 0, cost{5, -3 * 13 * 64, 5 + 8*3 + 5, 13 * 64}},
		{"doubling", engine.ReduceScatterBlock, 16, 64, ordered, cost{4, 4 * 16 * 64, 16 * 4, 4 * 16 * 64}},
		{"pairwise, ordered", engine.ReduceScatterBlock, 16, K, ordered, cost{1, K, 16 * 15, 15 * K}},
		{"pairwise", engine.ReduceScatterBlock, 16, 32 * K, 0, cost{-2, -2 * 32 * K, 16 * 15, 15 * 32 * K}},

		{"doubling", engine.Scan, 13, 8, 0, cost{3, 3 * 8, 12 + 11 + 9 + 5, 4 * 8}},
		{"doubling", engine.Exscan, 13, 8, 0, cost{3, 3 * 8, 12 + 11 + 9 + 5, 4 * 8}},
		{"chain", engine.Scan, 8, M, 0, cost{-(7 + 16), -(7 + 16) * 64 * K, 7 * 16, M}},
		{"chain", engine.Exscan, 8, M, 0, cost{-(7 + 16), -(7 + 16) * 64 * K, 7 * 16, M}},
	} {
		t.Run(test.kind.String()+" "+test.name, func(t *testing.T) {
			op := &testOps[test.op]
			seeds := uint64(1)
			switch test.kind {
			case engine.Bcast, engine.Scatter, engine.Scatterv, engine.Gather, engine.Gatherv, engine.Reduce:
				seeds = 3 // the root differs
			}
			for seed := range seeds {
				rng := rand.New(rand.NewPCG(seed, 3))
				tr := newTrial(rng, test.kind, test.p, test.bytes/op.op.Type.Size, op, false)
				got := costOf(t, tr)
				compare := func(what string, got, want int) {
					if want >= 0 && got != want || want < 0 && got > -want {
						t.Errorf("%s: %d %s, want %d", tr.name, got, what, want)
					}
				}
				compare("messages in a row", got.rounds, test.want.rounds)
				compare("bytes in a row", got.row, test.want.row)
				compare("messages", got.messages, test.want.messages)
				compare("bytes out of one rank", got.out, test.want.out)
			}
		})
	}
}

// One long block goes round the ring in pieces, not p-1 times as a whole.
func TestCostOneLongBlock(t *testing.T) {
	const p, n = 8, 1 << 20
	rng := rand.New(rand.NewPCG(1, 1))
	tr := &trial{rng: rng, name: "one long block", colls: make([]engine.Coll, p)}
	typ := engine.Basic(engine.Uint8)
	counts, displs := make([]int, p), make([]int, p)
	counts[3] = n
	for r := range p {
		send, recv := tr.buffer(r, counts[r], "send"), tr.buffer(r, n, "receive")
		tr.colls[r] = engine.Coll{Kind: engine.Allgatherv, Send: send.buf(typ), Recv: recv.buf(typ),
			V: &engine.Vector{RecvCounts: counts, RecvDispls: displs}}
	}
	tr.freeze()
	for r := range p {
		copy(tr.bufs[2*r+1].want, tr.bufs[2*3].data)
	}
	if c := costOf(t, tr); c.row > 2*n || c.out != n {
		t.Errorf("%d bytes in a row and %d out of one rank for a block of %d", c.row, c.out, n)
	}
}
