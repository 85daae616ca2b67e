package simulate

import (
	"math/bits"
	"slices"
)

// event is something that happens at a time.
type event struct {
	at Time
	to target
}

// target is what happens to which vertex of which rank. Targets are in the order
// of their vertices.
type target uint64

// rankBits is enough for MaxRanks, whatBits for the happenings; the vertex has
// the rest.
const (
	rankBits = 25
	whatBits = 4
)

func newTarget(rank int, vertex int32, what happening) target {
	return target(vertex)<<(rankBits+whatBits) | target(rank)<<whatBits | target(what)
}

func (t target) vertex() int32   { return int32(t >> (rankBits + whatBits)) }
func (t target) rank() int       { return int(t >> whatBits & (1<<rankBits - 1)) }
func (t target) what() happening { return happening(t & (1<<whatBits - 1)) }

// queue is a radix heap: no event is earlier than the last one taken, and an
// event moves to a lower bucket at most once for each bit of a time (R. Ahuja et
// al., 1990).
type queue struct {
	now     Time
	buckets [65][]event // by the highest bit in which the time differs from now
	n       int
	batch   []target
}

func (q *queue) push(e event) {
	i := bits.Len64(uint64(e.at ^ q.now))
	q.buckets[i] = append(q.buckets[i], e)
	q.n++
}

// next returns what happens at the earliest time, in the order of the vertices,
// so that what the hosts have to do at the same moment is done in an order that
// does not depend on how it came about. It is valid until the call after. What
// is pushed for the same time comes with a later call.
func (q *queue) next() []target {
	if q.n == 0 {
		return nil
	}
	if len(q.buckets[0]) == 0 {
		i := 1
		for len(q.buckets[i]) == 0 {
			i++
		}
		from := q.buckets[i]
		q.now = from[0].at
		for _, e := range from {
			q.now = min(q.now, e.at)
		}
		q.buckets[i] = from[:0]
		for _, e := range from { // each goes to a lower bucket
			j := bits.Len64(uint64(e.at ^ q.now))
			q.buckets[j] = append(q.buckets[j], e)
		}
	}
	q.batch = q.batch[:0]
	for _, e := range q.buckets[0] {
		q.batch = append(q.batch, e.to)
	}
	q.buckets[0] = q.buckets[0][:0]
	q.n -= len(q.batch)
	slices.Sort(q.batch)
	return q.batch
}
