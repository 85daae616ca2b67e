package simulate

import (
	"cmp"
	"math/bits"
	"slices"
)

// event is something that happens to a vertex at a time.
type event struct {
	at     Time
	vertex int32 // of all ranks'
	rank   int32
	what   happening
}

// queue is a radix heap: no event is earlier than the last one taken, and an
// event moves to a lower bucket at most once for each bit of a time (R. Ahuja et
// al., 1990).
type queue struct {
	now     Time
	buckets [65][]event // by the highest bit in which the time differs from now
	n       int
	batch   []event
}

func (q *queue) push(e event) {
	i := bits.Len64(uint64(e.at ^ q.now))
	q.buckets[i] = append(q.buckets[i], e)
	q.n++
}

// next returns the events of the earliest time, in the order of their vertices,
// so that what the hosts have to do at the same moment is done in an order that
// does not depend on how it came about. They are valid until the call after. What
// is pushed for the same time comes with a later call.
func (q *queue) next() []event {
	if q.n == 0 {
		return nil
	}
	if len(q.buckets[0]) == 0 {
		i := 1
		for len(q.buckets[i]) == 0 {
			i++
		}
		from := q.buckets[i]
		q.now = slices.MinFunc(from, func(a, b event) int { return cmp.Compare(a.at, b.at) }).at
		q.buckets[i] = from[:0]
		for _, e := range from { // each goes to a lower bucket
			j := bits.Len64(uint64(e.at ^ q.now))
			q.buckets[j] = append(q.buckets[j], e)
		}
	}
	q.batch, q.buckets[0] = q.buckets[0], q.batch[:0]
	q.n -= len(q.batch)
	if len(q.batch) > 1 {
		slices.SortFunc(q.batch, func(a, b event) int {
			if a.vertex != b.vertex {
				return cmp.Compare(a.vertex, b.vertex)
			}
			return cmp.Compare(a.what, b.what)
		})
	}
	return q.batch
}
