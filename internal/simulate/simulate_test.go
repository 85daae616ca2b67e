package simulate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"testing"

	"github.com/ringo-mpi/ringo/internal/embedded/coll"
	"github.com/ringo-mpi/ringo/internal/engine"
	"pgregory.net/rapid"
)

// plain is a network whose times per byte are whole picoseconds.
func plain(per int) Network {
	return Network{
		PerHost: per,
		Between: Link{Latency: 7 * Microsecond, Overhead: 900 * Nanosecond, Gap: 300 * Nanosecond, Bandwidth: 1e10},
		Within:  Link{Latency: 110 * Nanosecond, Overhead: 40 * Nanosecond, Gap: 60 * Nanosecond, Bandwidth: 5e9},
		Memory:  2e10, Copy: 1e10, Reduce: 4e9,
	}
}

func evaluate(t *testing.T, q Question, l Limits) Answer {
	t.Helper()
	a, err := Evaluate(context.Background(), q, l)
	if err != nil {
		t.Fatalf("%v, %v, %d ranks, %d bytes: %v", q.Kind, q.Algorithm, q.Ranks, q.Bytes, err)
	}
	return a
}

// whole plays every message.
func whole(t *testing.T, q Question) Answer {
	t.Helper()
	a, err := q.play(context.Background(), q.question(q.Ranks, q.Bytes), everyone, Played, Limits{Steps: 1 << 30, Workers: 1})
	if err != nil {
		t.Fatalf("%v, %v, %d ranks, %d bytes: %v", q.Kind, q.Algorithm, q.Ranks, q.Bytes, err)
	}
	return a
}

// questions calls do with every algorithm that fits.
func questions(ranks, size int, net Network, do func(q Question)) {
	for _, kind := range Collectives {
		for _, a := range Algorithms(kind) {
			q := Question{Kind: kind, Algorithm: a, Ranks: ranks, Bytes: size, Network: net}
			in := q.question(ranks, size)
			if in.plan.Fits(in.call, ranks) {
				do(q)
			}
		}
	}
}

// Times that are known from the literature as formulas of L, o, G, and γ for a
// byte of a reduction.
func TestClosedForms(t *testing.T) {
	const n = 4096
	net := plain(1)
	L, o := net.Between.Latency, net.Between.Overhead
	G, gamma := Second/1e10, Second/4e9
	for _, p := range []int{2, 4, 8, 16, 32, 64, 256} {
		k := Time(bits.Len(uint(p - 1)))
		round := L + 2*o
		for _, test := range []struct {
			kind engine.CollKind
			way  coll.Way
			want Time
		}{
			{engine.Barrier, coll.Dissemination, k * round},
			{engine.Bcast, coll.Tree, k * (round + n*G)},
			{engine.Allreduce, coll.Doubling, k * (round + n*G + n*gamma)},
			{engine.Allgather, coll.Ring, Time(p-1) * (round + n*G)},
			{engine.Allgather, coll.Doubling, k*round + Time(p-1)*n*G},
		} {
			q := Question{Kind: test.kind, Algorithm: Algorithm{Way: test.way}, Ranks: p, Bytes: n, Network: net}
			// A block moves to its place before it is sent, unless the time is given above.
			if test.kind == engine.Allgather {
				q.Network.Copy = 0
			}
			if got := evaluate(t, q, Limits{}).Time; got != test.want {
				t.Errorf("%v %v on %d ranks: %v, want %v", test.kind, test.way, p, got, test.want)
			}
		}
	}
}

// The ranks of a host share its interface: in the last step of recursive
// doubling over two hosts, every rank sends to the other one.
func TestInterfaceIsShared(t *testing.T) {
	const n, per = 8 << 10, 16
	net := Network{PerHost: per, Between: Link{Latency: 5 * Microsecond, Bandwidth: 1e10}}
	q := Question{Kind: engine.Allreduce, Algorithm: Algorithm{Way: coll.Doubling}, Ranks: 2 * per, Bytes: n, Network: net}
	if got, want := evaluate(t, q, Limits{}).Time, 5*Microsecond+per*n*(Second/1e10); got != want {
		t.Errorf("the last step takes %v, want %v", got, want)
	}
	q.Network.Between.Gap = 2 * Microsecond // now longer than the bytes take
	q.Bytes = 8
	if got, want := evaluate(t, q, Limits{}).Time, 5*Microsecond+(per-1)*2*Microsecond+8*(Second/1e10); got != want {
		t.Errorf("with a gap the last step takes %v, want %v", got, want)
	}
}

// The memory of a host is shared by what its ranks copy.
func TestMemoryIsShared(t *testing.T) {
	const n, per = 1 << 20, 8
	net := Network{PerHost: per, Memory: 1e10}
	q := Question{Kind: engine.Alltoall, Algorithm: Algorithm{Way: coll.Pairs}, Ranks: per, Bytes: n, Network: net}
	if got, want := evaluate(t, q, Limits{}).Time, per*(per-1)*n*(Second/1e10); got != want {
		t.Errorf("%d copies take %v, want %v", per*(per-1), got, want)
	}
}

// A long message asks first: two more latencies, and two more overheads.
func TestLongMessageAsks(t *testing.T) {
	net := plain(1)
	net.Eager = 1 << 10
	for _, test := range []struct{ bytes, trips, overheads int }{{1 << 10, 1, 2}, {1<<10 + 8, 3, 4}} {
		q := Question{Kind: engine.Bcast, Algorithm: Algorithm{Way: coll.Tree}, Ranks: 2, Bytes: test.bytes, Network: net}
		want := Time(test.trips)*net.Between.Latency + Time(test.overheads)*net.Between.Overhead + Time(test.bytes)*(Second/1e10)
		if got := evaluate(t, q, Limits{}).Time; got != want {
			t.Errorf("%d bytes take %v, want %v", test.bytes, got, want)
		}
	}
}

// What one host does for all, and the stages one by one, give exactly the time
// of playing everything; hosts that are nearly alike, nearly.
func TestWaysToATimeAgree(t *testing.T) {
	seen := map[Way]int{}
	for _, m := range []struct{ ranks, per int }{{4, 2}, {8, 2}, {12, 3}, {16, 4}, {30, 5}, {32, 8}, {48, 4}, {64, 16}, {96, 8}, {256, 32}, {20, 20}, {14, 4}} {
		for _, size := range []int{8, 2000, 40 << 10, 300 << 10} {
			if size > 100<<10 && m.ranks > 64 {
				continue
			}
			questions(m.ranks, size, plain(m.per), func(q Question) {
				want := whole(t, q)
				in := q.question(q.Ranks, q.Bytes)
				check := func(way Way, got Answer, off float64) {
					seen[way]++
					name := fmt.Sprintf("%v, %v, %d ranks, %d a host, %d bytes, %v", q.Kind, q.Algorithm, q.Ranks, q.Network.PerHost, q.Bytes, way)
					if way.Exact() && (got.Time != want.Time || got.Messages != want.Messages) {
						t.Errorf("%s: %v and %g messages, want %v and %g", name, got.Time, got.Messages, want.Time, want.Messages)
					}
					if d := float64(got.Time-want.Time) / float64(want.Time); d > off || d < -off {
						t.Errorf("%s: %v, want %v", name, got.Time, want.Time)
					}
					if d := float64(got.Mean-want.Mean) / float64(want.Mean); way.Exact() && (d > 1e-6 || d < -1e-6) {
						t.Errorf("%s: a mean of %v, want %v", name, got.Mean, want.Mean)
					}
				}
				check(Played, evaluate(t, q, Limits{}), 0.05)
				if im, how := symmetric(in); how != unlike {
					way, off := OneHost, 0.
					if how == alike {
						way, off = LikeHost, 0.05
					}
					got, err := q.play(context.Background(), in, im, way, Limits{Steps: 1 << 30})
					switch {
					case err == nil:
						check(way, got, off)
					case how == same || !errors.Is(err, errApart):
						t.Fatal(err)
					}
				}
				if in.apart() {
					got, err := q.byStages(context.Background(), in, Limits{Steps: 1 << 30})
					if err != nil {
						t.Fatal(err)
					}
					check(ByStages, got, 0)
				}
			})
		}
	}
	for _, way := range []Way{Played, OneHost, ByStages, LikeHost} {
		if seen[way] < 20 {
			t.Errorf("%v was compared %d times", way, seen[way])
		}
	}
}

// Hosts that symmetric finds to do the same do it in every step: it looks at
// some of them.
func TestSymmetryHoldsForAllHosts(t *testing.T) {
	found := map[likeness]int{}
	for _, m := range []struct{ ranks, per int }{{8, 2}, {16, 4}, {12, 3}, {64, 4}, {60, 6}} {
		for _, size := range []int{8, 1000, 64 << 10} {
			questions(m.ranks, size, plain(m.per), func(q Question) {
				in := q.question(q.Ranks, q.Bytes)
				im, how := symmetric(in)
				found[how]++
				if how != same {
					return
				}
				var hosts, ranks []int
				for h := range m.ranks / m.per {
					hosts = append(hosts, h)
				}
				for r := range m.per {
					ranks = append(ranks, r)
				}
				if im.likeness(in, hosts, ranks) != same {
					t.Errorf("%v, %v, %d ranks, %d a host, %d bytes: not all hosts do the same", q.Kind, q.Algorithm, m.ranks, m.per, size)
				}
			})
		}
	}
	if found[same] < 20 || found[alike] < 5 || found[unlike] < 20 {
		t.Errorf("symmetries found: %v", found)
	}
}

// An extrapolated time is near the played one.
func TestExtrapolation(t *testing.T) {
	const ranks, per = 1024, 4
	n := 0
	for _, size := range []int{64, 16 << 10} {
		for _, x := range []struct {
			kind   engine.CollKind
			way    coll.Way
			staged bool
			size   int
		}{
			{engine.Allgather, coll.Ring, false, size}, {engine.Alltoall, coll.Pairs, false, size}, {engine.Allreduce, coll.PairsRing, false, size * ranks},
			{engine.Bcast, coll.Chain, false, 16 * size}, {engine.Bcast, coll.Chain, true, 16 * size},
		} {
			q := Question{Kind: x.kind, Algorithm: Algorithm{Way: x.way, Staged: x.staged}, Ranks: ranks, Bytes: x.size, Network: plain(per)}
			want := evaluate(t, q, Limits{})
			steps := 6000
			if x.kind == engine.Bcast {
				steps = 1200
			}
			got := evaluate(t, q, Limits{Steps: steps})
			if got.Way != Extrapolated || want.Way == Extrapolated || len(got.Hosts) != 3 {
				t.Fatalf("%v: %v and %v", x.kind, got.Way, want.Way)
			}
			if d := float64(got.Time)/float64(want.Time) - 1; d > 0.03 || d < -0.03 {
				t.Errorf("%v of %d bytes: %v extrapolated from %v hosts, %v played", x.kind, x.size, got.Time, got.Hosts, want.Time)
			}
			if d := got.Messages/want.Messages - 1; d > 0.05 || d < -0.05 {
				t.Errorf("%v: %g messages extrapolated, %g played", x.kind, got.Messages, want.Messages)
			}
			n++
		}
	}
	if n != 10 {
		t.Error("not all were compared")
	}
}

func randomNetwork(t *rapid.T) Network {
	d := func(name string, most int) Time { return Time(rapid.IntRange(0, most).Draw(t, name)) * Nanosecond }
	rate := func(name string) float64 { return 1e12 / float64(rapid.IntRange(1, 2000).Draw(t, name)) } // whole picoseconds a byte
	n := Network{
		PerHost: rapid.IntRange(1, 6).Draw(t, "per host"),
		Between: Link{1 + d("latency", 50_000), d("overhead", 5000), d("gap", 5000), rate("bandwidth")},
		Within:  Link{1 + d("local latency", 2000), d("local overhead", 500), d("local gap", 500), rate("local bandwidth")},
		Memory:  rate("memory"), Copy: rate("copy"), Reduce: rate("reduce"),
	}
	if rapid.Bool().Draw(t, "asks") {
		n.Eager = rapid.IntRange(1, 20_000).Draw(t, "eager")
	}
	return n
}

func randomQuestion(t *rapid.T) (Question, bool) {
	kind := rapid.SampledFrom(Collectives).Draw(t, "collective")
	q := Question{
		Kind: kind, Algorithm: rapid.SampledFrom(Algorithms(kind)).Draw(t, "algorithm"), Network: randomNetwork(t),
		Bytes: rapid.OneOf(rapid.IntRange(0, 100), rapid.IntRange(0, 20_000)).Draw(t, "bytes") * 8,
	}
	q.Ranks = q.Network.PerHost * rapid.IntRange(1, 9).Draw(t, "hosts")
	in := q.question(q.Ranks, q.Bytes)
	return q, in.plan.Fits(in.call, q.Ranks)
}

// On any network every way to a time agrees with playing everything, whoever
// lays the schedules out, and a network that is three times as slow in
// everything takes three times as long.
func TestAnyNetwork(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		q, ok := randomQuestion(rt)
		if !ok {
			_, err := Evaluate(context.Background(), q, Limits{})
			if !errors.Is(err, ErrNotFit) {
				rt.Fatalf("what does not fit: %v", err)
			}
			return
		}
		want := whole(t, q)
		for workers := range 3 {
			got := evaluate(t, q, Limits{Workers: workers + 1})
			if got.Way.Exact() && got.Time != want.Time {
				rt.Fatalf("%v, %v: %v with %d workers, want %v", q, got.Way, got.Time, workers+1, want.Time)
			}
		}
		if q.Ranks > 1 && q.Ranks > q.Network.PerHost && want.Time < q.Network.Between.Latency+2*q.Network.Between.Overhead {
			rt.Fatalf("%v: %v is less than a message takes", q, want.Time)
		}
		slow := q
		for _, l := range []*Link{&slow.Network.Between, &slow.Network.Within} {
			l.Latency, l.Overhead, l.Gap, l.Bandwidth = 3*l.Latency, 3*l.Overhead, 3*l.Gap, l.Bandwidth/3
		}
		slow.Network.Memory, slow.Network.Copy, slow.Network.Reduce = slow.Network.Memory/3, slow.Network.Copy/3, slow.Network.Reduce/3
		if got := whole(t, slow); got.Time != 3*want.Time {
			rt.Fatalf("%v: %v, and %v where all takes three times as long", q, want.Time, got.Time)
		}
	})
}

// More bytes take longer, where their number does not change the shape of the
// algorithm.
func TestMoreBytesTakeLonger(t *testing.T) {
	for _, m := range []struct{ ranks, per int }{{8, 1}, {16, 4}, {24, 4}} {
		last := map[string]Time{}
		for size := 256; size <= 64<<10; size *= 2 {
			questions(m.ranks, size*m.ranks, plain(m.per), func(q Question) {
				if q.Kind == engine.Barrier {
					return
				}
				name := fmt.Sprint(q.Kind, q.Algorithm)
				got := evaluate(t, q, Limits{}).Time
				if got <= last[name] {
					t.Errorf("%s on %d ranks: %v for %d bytes, %v for half", name, m.ranks, got, q.Bytes, last[name])
				}
				last[name] = got
			})
		}
		if len(last) < 12 {
			t.Errorf("only %d algorithms", len(last))
		}
	}
}

// Questions without sense, too long ones, and those that are given up.
func TestNoAnswer(t *testing.T) {
	good := Question{Kind: engine.Bcast, Algorithm: Algorithm{Way: coll.Tree}, Ranks: 8, Bytes: 8, Network: plain(2)}
	for name, change := range map[string]func(q *Question){
		"no ranks":         func(q *Question) { q.Ranks = 0 },
		"too many ranks":   func(q *Question) { q.Ranks = MaxRanks + 1 },
		"negative bytes":   func(q *Question) { q.Bytes = -1 },
		"too many bytes":   func(q *Question) { q.Bytes = math.MaxInt / 2 },
		"no rank per host": func(q *Question) { q.Network.PerHost = 0 },
		"negative latency": func(q *Question) { q.Network.Between.Latency = -1 },
		"endless gap":      func(q *Question) { q.Network.Within.Gap = longest + 1 },
		"tiny bandwidth":   func(q *Question) { q.Network.Between.Bandwidth = 0.1 },
		"negative rate":    func(q *Question) { q.Network.Copy = -5 },
		"negative limit":   func(q *Question) { q.Network.Eager = -1 },
	} {
		q := good
		change(&q)
		if _, err := Evaluate(context.Background(), q, Limits{}); err == nil {
			t.Errorf("%s: there is an answer", name)
		}
	}
	if _, err := Evaluate(context.Background(), good, Limits{Steps: 5}); !errors.Is(err, ErrTooLong) {
		t.Errorf("too few steps: %v", err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	why := errors.New("given up")
	cancel(why)
	if _, err := Evaluate(ctx, good, Limits{}); !errors.Is(err, why) {
		t.Errorf("given up: %v", err)
	}
}

func TestNames(t *testing.T) {
	for _, kind := range Collectives {
		if got, err := ParseCollective(kind.String()); got != kind || err != nil {
			t.Errorf("%v is read as %v, %v", kind, got, err)
		}
		seen := map[string]bool{}
		for _, a := range Algorithms(kind) {
			if got, err := ParseAlgorithm(kind, a.String()); got != a || err != nil || seen[a.String()] {
				t.Errorf("%v is read as %v, %v", a, got, err)
			}
			seen[a.String()] = true
		}
	}
	if _, err := ParseCollective("scan"); err == nil {
		t.Error("Scan is played")
	}
	if _, err := ParseAlgorithm(engine.Bcast, "bruck"); err == nil {
		t.Error("Bcast has Bruck's algorithm")
	}
}

func TestQueue(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var q queue
	pushed, taken := 0, 0
	waiting := map[Time]int{}
	push := func(at Time) {
		q.push(event{at, newTarget(rng.IntN(MaxRanks), int32(rng.IntN(50)), happening(rng.IntN(7)))})
		pushed++
		waiting[at]++
	}
	for range 1000 {
		push(Time(rng.Int64N(1 << rng.IntN(40))))
	}
	last := Time(-1)
	for {
		batch := q.next()
		if len(batch) == 0 {
			break
		}
		now := q.now
		if now < last || waiting[now] != len(batch) {
			t.Fatalf("%v after %v: %d events, %d were put in", now, last, len(batch), waiting[now])
		}
		for at := range waiting {
			if at < now {
				t.Fatalf("%v before %v", now, at)
			}
		}
		for i := 1; i < len(batch); i++ {
			if batch[i-1].vertex() > batch[i].vertex() {
				t.Fatalf("not in order: %v", batch)
			}
		}
		last = now
		taken += len(batch)
		delete(waiting, now)
		for range rng.IntN(3) {
			if pushed < 20_000 {
				push(now + Time(rng.Int64N(1<<rng.IntN(20)))*Time(rng.IntN(2)))
			}
		}
	}
	if taken != pushed || pushed < 1000 || len(waiting) > 0 {
		t.Errorf("%d events put in, %d taken", pushed, taken)
	}
	for _, r := range []int{0, 77, MaxRanks} {
		for _, v := range []int32{0, 5, 1<<31 - 1} {
			if to := newTarget(r, v, arrived); to.rank() != r || to.vertex() != v || to.what() != arrived {
				t.Errorf("rank %d, vertex %d: rank %d, vertex %d, %d", r, v, to.rank(), to.vertex(), to.what())
			}
		}
	}
}
