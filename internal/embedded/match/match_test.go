package match_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ringo-mpi/ringo/internal/embedded/match"
)

type (
	recv = match.Recv[int]
	msg  = match.Msg[int]
)

// model is the rule of MPI 5.0 §3.5 in its plainest form: two lists in order.
type model struct {
	recvs []*recv
	msgs  []*msg
}

func fits(r *recv, src, tag int32) bool {
	return (r.Source == match.AnySource || r.Source == src) && (r.Tag == tag || r.Tag == match.AnyTag && tag < match.InternalTag)
}

func (m *model) arrive(src, tag int32) *recv {
	i := slices.IndexFunc(m.recvs, func(r *recv) bool { return fits(r, src, tag) })
	if i < 0 {
		return nil
	}
	r := m.recvs[i]
	m.recvs = slices.Delete(m.recvs, i, i+1)
	return r
}

func (m *model) find(src, tag int32) *msg {
	i := slices.IndexFunc(m.msgs, func(x *msg) bool { return fits(&recv{Source: src, Tag: tag}, x.Source, x.Tag) })
	if i < 0 {
		return nil
	}
	return m.msgs[i]
}

func TestAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		members := rapid.SampledFrom([]int{1, 2, 5, 32, 33, 100}).Draw(t, "members")
		var q match.Queue[int, int]
		q.Init(members)
		q.SetLongWalk(rapid.SampledFrom([]int{0, 1, 3, 6, match.LongWalk}).Draw(t, "long walk"))
		var m model
		src := func(wild bool) int32 {
			if wild && rapid.IntRange(0, 2).Draw(t, "wild") == 0 {
				return match.AnySource
			}
			return int32(rapid.IntRange(0, min(members-1, 3)).Draw(t, "src"))
		}
		tag := func(wild bool) int32 {
			if wild && rapid.IntRange(0, 3).Draw(t, "wildTag") == 0 {
				return match.AnyTag
			}
			return rapid.SampledFrom([]int32{0, 1, 2, match.InternalTag - 1, match.InternalTag, match.InternalTag + 1}).Draw(t, "tag")
		}
		t.Repeat(map[string]func(*rapid.T){
			"receive": func(*rapid.T) {
				r := &recv{Source: src(true), Tag: tag(true)}
				got, want := q.Find(r.Source, r.Tag), m.find(r.Source, r.Tag)
				if got != want {
					t.Fatalf("Find(%d, %d) = %v, want %v", r.Source, r.Tag, got, want)
				}
				if got != nil {
					q.Take(got)
					m.msgs = slices.DeleteFunc(m.msgs, func(x *msg) bool { return x == got })
					return
				}
				q.Post(r)
				m.recvs = append(m.recvs, r)
			},
			"message": func(*rapid.T) {
				x := &msg{Source: src(false), Tag: tag(false)}
				got, want := q.Arrive(x.Source, x.Tag), m.arrive(x.Source, x.Tag)
				if got != want {
					t.Fatalf("Arrive(%d, %d) = %v, want %v", x.Source, x.Tag, got, want)
				}
				if got == nil {
					q.Add(x)
					m.msgs = append(m.msgs, x)
				} else if got.Posted() {
					t.Fatal("a matched receive is still posted")
				}
			},
			"restore": func(*rapid.T) {
				s, g := src(false), tag(false)
				if r := q.Arrive(s, g); r != nil {
					q.Restore(r) // the model is left alone: nothing has happened
				}
			},
			"withdraw": func(*rapid.T) {
				if len(m.recvs) == 0 {
					return
				}
				i := rapid.IntRange(0, len(m.recvs)-1).Draw(t, "i")
				if !q.Withdraw(m.recvs[i]) || q.Withdraw(m.recvs[i]) {
					t.Fatal("withdraw")
				}
				m.recvs = slices.Delete(m.recvs, i, i+1)
			},
			"fail one source": func(*rapid.T) {
				s := src(false)
				q.Each(func(r *recv) bool { return r.Source == s }, func(r *recv) {
					i := slices.Index(m.recvs, r)
					if i < 0 || r.Source != s {
						t.Fatal("Each gave another receive")
					}
					m.recvs = slices.Delete(m.recvs, i, i+1)
				})
				if slices.ContainsFunc(m.recvs, func(r *recv) bool { return r.Source == s }) {
					t.Fatal("Each left a receive")
				}
			},
			"": func(*rapid.T) {
				p, u := q.Len()
				if p != len(m.recvs) || u != len(m.msgs) {
					t.Fatalf("%d posted, %d unexpected; want %d, %d", p, u, len(m.recvs), len(m.msgs))
				}
				if u > 0 && q.Unexpected() != m.msgs[0] {
					t.Fatal("the oldest message is another")
				}
			},
		})
	})
}

// A message of a source that the communicator does not have matches nothing.
func TestUnknownSource(t *testing.T) {
	var q match.Queue[int, int]
	q.Init(4)
	q.Post(&recv{Source: match.AnySource, Tag: match.AnyTag})
	if q.Arrive(7, 1) != nil || q.Arrive(-5, 1) != nil || q.Find(9, 1) != nil {
		t.Fatal("matched")
	}
}

// Many messages that are received in reverse, and many receives that are served
// in reverse, are found through an index, which goes when few are left.
func TestLongQueues(t *testing.T) {
	const n = 5000
	for _, c := range []struct {
		name   string
		source int32
	}{{"one source", 1}, {"any source", match.AnySource}} {
		t.Run(c.name, func(t *testing.T) {
			var q match.Queue[int, int]
			q.Init(4)
			for i := range int32(n) {
				q.Add(&msg{Source: 1, Tag: i})
			}
			for i := int32(n - 1); i >= 0; i-- {
				m := q.Find(c.source, i)
				if m == nil || m.Tag != i {
					t.Fatalf("Find(%d, %d) = %v", c.source, i, m)
				}
				q.Take(m)
			}
			if _, bySource, byTag := q.Indexed(); bySource != (c.source == 1) || byTag == bySource {
				t.Fatalf("indexed by source: %v, by tag: %v", bySource, byTag)
			}
			q.Add(&msg{Source: 1})
			if _, bySource, byTag := q.Indexed(); bySource || byTag {
				t.Fatal("an index is kept for one message")
			}

			for i := range int32(n) {
				q.Post(&recv{Source: c.source, Tag: i})
			}
			for i := int32(n - 1); i >= 0; i-- {
				if r := q.Arrive(1, i); r == nil || r.Tag != i {
					t.Fatalf("Arrive(1, %d) = %v", i, r)
				}
			}
			if posted, _, _ := q.Indexed(); !posted {
				t.Fatal("the receives are not indexed")
			}
			q.Post(&recv{Source: 2})
			if posted, _, _ := q.Indexed(); posted {
				t.Fatal("an index is kept for one receive")
			}
		})
	}
}

// What leaves a queue by other ways than through its index does not pile up in
// the index.
func TestIndexForgets(t *testing.T) {
	var q match.Queue[int, int]
	q.Init(2)
	for i := range int32(1000) {
		q.Add(&msg{Source: 1, Tag: i})
	}
	q.Find(1, 999) // makes the index
	for i := range int32(100_000) {
		q.Take(q.Unexpected())
		q.Add(&msg{Source: 1, Tag: 1000 + i})
	}
	if n := q.Entries(); n > 3*1000 {
		t.Fatalf("%d entries for 1000 messages", n)
	}
}

func BenchmarkMatch(b *testing.B) {
	b.Run("posted first", func(b *testing.B) {
		var q match.Queue[int, int]
		q.Init(2)
		r := &recv{Source: 1, Tag: 5}
		for b.Loop() {
			q.Post(r)
			q.Arrive(1, 5)
		}
	})
	b.Run("unexpected", func(b *testing.B) {
		var q match.Queue[int, int]
		q.Init(2)
		m := &msg{Source: 1, Tag: 5}
		for b.Loop() {
			q.Add(m)
			q.Take(q.Find(1, 5))
		}
	})
	b.Run("20000 in reverse", func(b *testing.B) {
		var q match.Queue[int, int]
		q.Init(2)
		ms := make([]msg, 20000)
		for b.Loop() {
			for i := range ms {
				ms[i] = msg{Source: 1, Tag: int32(i)}
				q.Add(&ms[i])
			}
			for i := len(ms) - 1; i >= 0; i-- {
				q.Take(q.Find(1, int32(i)))
			}
		}
	})
}
