package simulate

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/ringo-mpi/ringo/internal/embedded/coll"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// Question is a collective on a machine.
type Question struct {
	Kind      engine.CollKind
	Algorithm Algorithm
	Ranks     int
	Bytes     int // the vector of Bcast and Allreduce, one rank's block of Allgather and Alltoall
	Network   Network
}

// Limits bound the work for one answer. The zero value has the defaults.
type Limits struct {
	Steps   int // sends, receives, reductions and copies to play, about 30 bytes of memory each; 0: [DefaultSteps]
	Workers int // goroutines that lay schedules out; 0: 1
}

// DefaultSteps is the bound of Limits.Steps where none is given: it takes some
// ten seconds and 1.3 GB.
const DefaultSteps = 40_000_000

// MaxRanks bounds the ranks of a question.
const MaxRanks = 1 << 24

// Way says how a time was found.
type Way uint8

// The ways to a time.
const (
	Played       Way = iota // every message of every rank
	OneHost                 // the messages of one host, which stands for all: as exact
	ByStages                // the messages inside one host, and those between hosts: as exact
	LikeHost                // the messages of one host, where the others do the same but for the order of their local work
	Extrapolated            // the messages on fewer hosts, and a straight line
)

// String is the way in words.
func (w Way) String() string {
	return [...]string{"every message", "one host for all", "stage by stage", "one host, nearly", "extrapolated"}[w]
}

// Exact reports whether the time is the one that playing every message has.
func (w Way) Exact() bool { return w <= ByStages }

// Answer is the time of a collective and how it was found.
type Answer struct {
	Time     Time    // until the last rank is done
	Mean     Time    // the same for the mean of the ranks, which benchmarks print
	Messages float64 // of all ranks
	Way      Way
	Steps    int     // that were played, in all
	Off      float64 // Extrapolated: how far another time is from the line, as a part of it
	Hosts    []int   // Extrapolated: the numbers of hosts that were played
}

// ErrNotFit is the error of a question whose algorithm does not do this call on
// so many ranks.
var ErrNotFit = errors.New("the algorithm does not fit")

// ErrTooLong is the error of a question that has too many steps, and no straight
// line.
var ErrTooLong = errors.New("too many steps")

func (q *Question) question(ranks, bytes int) *question {
	in := &question{call: call(q.Kind, bytes, ranks), ranks: ranks, per: q.Network.PerHost, stride: 1}
	in.plan.Way = q.Algorithm.Way
	if q.Algorithm.Staged {
		in.plan.Hosts = coll.Blocks(ranks, q.Network.PerHost)
		in.plan.Shared = q.Algorithm.Shared
	}
	return in
}

// check returns an error if the question has no sense.
func (q *Question) check() error {
	if err := q.Network.Check(); err != nil {
		return err
	}
	if q.Ranks < 1 || q.Ranks > MaxRanks {
		return fmt.Errorf("%d ranks: 1 to %d can be played", q.Ranks, MaxRanks)
	}
	if q.Bytes < 0 || q.Bytes > math.MaxInt/4/q.Ranks {
		return fmt.Errorf("%d bytes for each of %d ranks are more than an address can reach", q.Bytes, q.Ranks)
	}
	return nil
}

// Evaluate finds the time of a question. It ends with ErrNotFit or ErrTooLong
// where there is none, and with the cause of ctx when that is done.
func Evaluate(ctx context.Context, q Question, l Limits) (Answer, error) {
	if err := q.check(); err != nil {
		return Answer{}, err
	}
	if l.Steps <= 0 {
		l.Steps = DefaultSteps
	}
	in := q.question(q.Ranks, q.Bytes)
	if !in.plan.Fits(in.call, q.Ranks) {
		return Answer{}, ErrNotFit
	}
	a, err := q.evaluate(ctx, in, l)
	if errors.Is(err, errTooLong) {
		a, err = q.extrapolate(ctx, l)
	}
	return a, err
}

// exactSteps is up to how many steps all hosts are played although one could
// nearly stand for them.
const exactSteps = 4_000_000

func (q *Question) evaluate(ctx context.Context, in *question, l Limits) (Answer, error) {
	// Long schedules are slow to lay out, and those that are have a straight line.
	if q.least(q.Ranks)*float64(min(q.Ranks, in.per)) > float64(l.Steps)/4 {
		return Answer{}, errTooLong
	}
	im, how := symmetric(in)
	if how == same {
		a, err := q.play(ctx, in, im, OneHost, l)
		if !errors.Is(err, errApart) {
			return a, err
		}
		how = unlike
	}
	switch {
	case in.apart():
		return q.byStages(ctx, in, l)
	}
	all, err := in.estimate()
	if err != nil {
		return Answer{}, err
	}
	if q.Algorithm.Way == coll.Chain && all > exactSteps {
		return Answer{}, errTooLong // a chain has a straight line
	}
	err = errTooLong
	var a Answer
	if all <= 1.5*float64(l.Steps) && (how == unlike || all <= exactSteps) {
		a, err = q.play(ctx, in, everyone, Played, l)
	}
	if how == alike && errors.Is(err, errTooLong) {
		a, err = q.play(ctx, in, im, LikeHost, l)
		if errors.Is(err, errApart) {
			return Answer{}, errTooLong
		}
	}
	return a, err
}

// least bounds the steps of one rank from below, so that no schedule is laid out
// that is too long by itself.
func (q *Question) least(ranks int) float64 {
	between := float64(ranks)
	if q.Algorithm.Staged {
		between /= float64(q.Network.PerHost)
	}
	switch q.Algorithm.Way {
	case coll.Ring, coll.Pairs, coll.PairsRing, coll.ScatterRing:
		if q.Algorithm.Staged {
			return 2 * between / float64(q.Network.PerHost) // one rank of a host has them
		}
		return 2 * between
	}
	return 0
}

// estimate returns about how many steps all ranks have.
func (q *question) estimate() (float64, error) {
	var o coll.Outline
	n, total := 0, 0
	for r := 0; r < min(q.per, 64, q.ranks); r++ { // of one host and, spread over all, of others
		for _, rank := range []int{r, int(int64(r) * 7919 * int64(q.per) % int64(q.ranks) / int64(q.per) * int64(q.per))} {
			if rank = min(q.ranks-1, rank/q.per*q.per+r); o.Of(q.call, rank, q.ranks, q.plan) != nil {
				return 0, ErrNotFit
			}
			n++
			total += len(o.Steps)
		}
	}
	return float64(total) / float64(n) * float64(q.ranks), nil
}

func (q *Question) play(ctx context.Context, in *question, im image, way Way, l Limits) (Answer, error) {
	a, _, err := q.playAll(ctx, in, im, way, l)
	return a, err
}

// playAll also returns when each rank is done.
func (q *Question) playAll(ctx context.Context, in *question, im image, way Way, l Limits) (Answer, []Time, error) {
	w, err := load(in, im, l.Steps, l.Workers)
	if err != nil {
		return Answer{}, nil, err
	}
	times, n, err := w.play(ctx, &q.Network, nil)
	if err != nil {
		return Answer{}, nil, err
	}
	a := Answer{Messages: float64(n), Steps: len(w.peer), Way: way}
	if im != everyone {
		a.Messages *= float64(in.ranks) / float64(in.per)
	}
	sum := 0.0
	for _, t := range times {
		a.Time = max(a.Time, t)
		sum += float64(t)
	}
	a.Mean = Time(sum / float64(len(times)))
	return a, times, nil
}

// apart reports whether the stages of a collective can be played one by one: all
// hosts do the same inside, and one rank of each has all the messages between
// them. Pieces that go along a chain are in all stages at once.
func (q *question) apart() bool {
	p := q.plan
	return p.Hosts != nil && !p.Shared && p.Way != coll.Chain && q.ranks%q.per == 0 && q.ranks > q.per && q.per > 1
}

// byStages plays what one host does inside, and what the first ranks do between
// hosts. All hosts end the first stage at the same moment, and all take equally
// long for the last one, so the times add up.
func (q *Question) byStages(ctx context.Context, in *question, l Limits) (Answer, error) {
	a := Answer{Way: ByStages}
	hosts := in.ranks / in.per
	for _, stage := range []coll.Stage{coll.Inward, coll.Across, coll.Outward} {
		part := *in
		part.stage, part.played = stage, in.per
		times := float64(hosts)
		if stage == coll.Across {
			part.stride, part.played = in.per, hosts
			times = 1
		}
		b, ends, err := q.playAll(ctx, &part, everyone, ByStages, l)
		if err != nil {
			return Answer{}, err
		}
		if stage == coll.Inward { // the next one begins when the first rank is done
			b.Time, b.Mean = ends[0], ends[0]
		}
		a.Time += b.Time
		a.Mean += b.Mean
		a.Messages += b.Messages * times
		a.Steps += b.Steps
	}
	return a, nil
}

// extrapolationSteps bounds the steps of an extrapolation: more make it slower
// and hardly better.
const extrapolationSteps = 3_000_000

// extrapolate plays the question on fewer hosts. It is for algorithms in which
// each further host adds the same again: those in which every rank has a message
// for every other one, or for its neighbour once for each rank, and chains. Where
// the vector is divided among the ranks, the part of one rank stays what it is.
func (q *Question) extrapolate(ctx context.Context, l Limits) (Answer, error) {
	per, hosts := q.Network.PerHost, min(l.Steps, extrapolationSteps)
	switch way := q.Algorithm.Way; {
	case way == coll.Chain:
		all, err := q.question(q.Ranks, q.Bytes).estimate()
		if err != nil {
			return Answer{}, err
		}
		hosts = int(float64(hosts) / all * float64(q.Ranks) / float64(per))
	case q.Algorithm.Staged:
		return Answer{}, ErrTooLong
	// One host is played, whose ranks have as many messages each as there are ranks.
	case way == coll.Ring, way == coll.Pairs:
		hosts /= 2 * per * per
	case way == coll.PairsRing:
		hosts /= 6 * per * per
	default:
		return Answer{}, ErrTooLong
	}
	hosts = min(1024, hosts)
	if hosts < 8 || hosts*per >= q.Ranks {
		return Answer{}, ErrTooLong
	}
	small, l := *q, Limits{Steps: 8 * extrapolationSteps, Workers: l.Workers}
	a := Answer{Way: Extrapolated}
	var times, x [3]float64
	mean := 0.0 // of the ranks, as a part of the last one's time
	for i, h := range []int{hosts / 4, hosts / 2, hosts} {
		small.Ranks = h * per
		if q.Kind == engine.Allreduce {
			small.Bytes = int(math.Round(float64(q.Bytes)/float64(q.Ranks)*float64(small.Ranks)/8)) * 8
		}
		in := small.question(small.Ranks, small.Bytes)
		im, how := symmetric(in)
		if how == unlike && q.Algorithm.Way != coll.Chain {
			return Answer{}, ErrTooLong
		}
		part, err := small.play(ctx, in, im, Extrapolated, l)
		if errors.Is(err, errTooLong) || errors.Is(err, errApart) {
			return Answer{}, ErrTooLong
		}
		if err != nil {
			return Answer{}, err
		}
		times[i], x[i] = float64(part.Time), float64(small.Ranks)
		a.Steps += part.Steps
		a.Hosts = append(a.Hosts, h)
		a.Messages = part.Messages
		mean = float64(part.Mean) / max(1, float64(part.Time))
	}
	slope := (times[2] - times[1]) / (x[2] - x[1])
	end := times[2] + slope*(float64(q.Ranks)-x[2])
	a.Off = math.Abs(times[0]-(times[1]-slope*(x[1]-x[0]))) / max(1, times[0])
	if end > math.MaxInt64/2 {
		return Answer{}, fmt.Errorf("the time is more than %d days", math.MaxInt64/2/int64(Second)/86400)
	}
	a.Time = Time(end)
	a.Mean = Time(end * mean)
	a.Messages *= float64(q.Ranks) / x[2]
	if q.Algorithm.Way != coll.Chain {
		a.Messages *= float64(q.Ranks) / x[2]
	}
	return a, nil
}
