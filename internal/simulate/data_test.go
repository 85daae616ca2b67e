package simulate

import (
	"context"
	"fmt"
	"testing"

	"github.com/ringo-mpi/ringo/internal/embedded/coll"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// carried plays a question with data: every byte is a number, moved, sent and
// added in the order in which the engine ends the steps.
type carried struct {
	outlines []coll.Outline
	memory   [][4][]uint64 // of each rank, by coll.Memory
	flight   map[int32][]uint64
	ends     map[int32]bool
}

// contribution is what a rank adds to a sum: it shows how often the rank is in
// it, for up to 16 ranks.
func contribution(rank int) uint64 { return 1 << (4 * rank) }

// token is the byte i of a rank's input.
func token(rank, i int) uint64 { return uint64(rank)<<32 | uint64(i) | 1<<60 }

func (c *carried) at(rank int, p coll.Place) []uint64 { return c.memory[rank][p.In][p.Off:] }

func length(b engine.Buf) int {
	if b.Type == nil {
		return 0
	}
	return b.Bytes()
}

func play(t *testing.T, q Question) (*carried, *world) {
	t.Helper()
	in := q.question(q.Ranks, q.Bytes)
	w, err := load(in, everyone, 1<<30, 2)
	if err != nil {
		t.Fatalf("%v: %v", q, err)
	}
	c := &carried{outlines: make([]coll.Outline, q.Ranks), memory: make([][4][]uint64, q.Ranks), flight: map[int32][]uint64{}, ends: map[int32]bool{}}
	for r := range q.Ranks {
		o := &c.outlines[r]
		if err := o.Of(in.call, r, q.Ranks, in.plan); err != nil {
			t.Fatal(err)
		}
		k := in.call
		c.memory[r] = [4][]uint64{nil, make([]uint64, length(k.Send)), make([]uint64, length(k.Recv)), make([]uint64, o.Temp)}
		for i := range c.memory[r][coll.SendBuf] {
			c.memory[r][coll.SendBuf][i] = token(r, i)
			if q.Kind == engine.Allreduce {
				c.memory[r][coll.SendBuf][i] = contribution(r)
			}
		}
		if q.Kind == engine.Bcast && r == 0 {
			for i := range c.memory[r][coll.RecvBuf] {
				c.memory[r][coll.RecvBuf][i] = token(r, i)
			}
		}
	}
	wrong := ""
	_, _, err = w.play(context.Background(), &q.Network, func(rank int, i int32, _ Time) {
		st, v := &c.outlines[rank].Steps[i], w.start[rank]+i
		if c.ends[v] {
			wrong = fmt.Sprintf("step %d of rank %d ends twice", i, rank)
		}
		c.ends[v] = true
		switch st.Do {
		case coll.Send:
			if st.N > 0 {
				c.flight[w.mate[v]] = append([]uint64(nil), c.at(rank, st.A)[:st.N]...)
			} else {
				c.flight[w.mate[v]] = nil
			}
		case coll.Recv:
			data, ok := c.flight[v]
			if !ok || len(data) != st.N {
				wrong = fmt.Sprintf("rank %d has received %d of %d bytes before they were sent", rank, len(data), st.N)
				return
			}
			if st.N > 0 {
				copy(c.at(rank, st.Dst), data)
			}
			delete(c.flight, v)
		case coll.Reduce:
			dst, a, b := c.at(rank, st.Dst), c.at(rank, st.A), c.at(rank, st.B)
			for i := range st.N {
				dst[i] = a[i] + b[i]
			}
		case coll.Move:
			if st.Run == 0 {
				copy(c.at(rank, st.Dst)[:st.N], c.at(rank, st.A))
				return
			}
			for at, k := 0, 0; at < st.N; at, k = at+st.Run, k+1 {
				n := min(st.Run, st.N-at)
				to, from := coll.Place{In: st.Dst.In, Off: st.Dst.Off + k*st.DstStep}, coll.Place{In: st.A.In, Off: st.A.Off + k*st.AStep}
				copy(c.at(rank, to)[:n], c.at(rank, from))
			}
		}
	})
	if err != nil || wrong != "" {
		t.Fatalf("%v: %v %s", q, err, wrong)
	}
	return c, w
}

// Every message that is sent is received, every step ends once, and every rank
// ends with what the collective is for: each contribution once in each sum, each
// block in its place.
func TestDataArrives(t *testing.T) {
	played := 0
	for _, m := range []struct{ ranks, per int }{{1, 1}, {2, 1}, {3, 2}, {4, 2}, {5, 2}, {6, 3}, {7, 4}, {8, 2}, {9, 3}, {12, 4}, {13, 5}, {15, 15}} {
		for _, size := range []int{0, 8, 136, 2000, 70_000} {
			if size*m.ranks > 500_000 {
				continue
			}
			for _, eager := range []int{0, 100} {
				net := plain(m.per)
				net.Eager = eager
				questions(m.ranks, size, net, func(q Question) {
					c, w := play(t, q)
					played++
					if len(c.flight) > 0 {
						t.Errorf("%v: %d messages are not received", q, len(c.flight))
					}
					if len(c.ends) != len(w.peer) {
						t.Errorf("%v: %d of %d steps end", q, len(c.ends), len(w.peer))
					}
					for r := range c.memory {
						for i, v := range c.memory[r][coll.RecvBuf] {
							want := uint64(0)
							switch q.Kind {
							case engine.Bcast:
								want = token(0, i)
							case engine.Allgather:
								want = token(i/size, i%size)
							case engine.Alltoall:
								want = token(i/size, r*size+i%size)
							case engine.Allreduce:
								for s := range m.ranks {
									want += contribution(s)
								}
							}
							if v != want {
								t.Fatalf("%v, %v, %d ranks, %d a host, %d bytes: byte %d of rank %d is %#x, want %#x", q.Kind, q.Algorithm, m.ranks, m.per, size, i, r, v, want)
							}
						}
					}
				})
			}
		}
	}
	if played < 500 {
		t.Errorf("only %d were played", played)
	}
}
