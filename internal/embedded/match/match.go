// Package match pairs messages with receives: the posted receives and the
// unexpected messages of one communicator on one rank, by the rules of MPI 5.0
// §3.5. It is a pure state machine: no I/O, no locks (the caller excludes), no
// knowledge of what a message or a receive is.
//
// Receives from one source and receives from any source are kept in separate
// lists and numbered, so that an arriving message looks at the heads of two
// lists and takes the older match (as Open MPI's ob1). Unexpected messages are
// in a list of their source and in one of all. Where a search would pass many
// items, an index by source and tag takes the place of the walk (index.go).
//
// Used by the embedded engine only.
package match

// AnySource and AnyTag are the wildcards of a receive. AnyTag matches the tags
// below InternalTag.
const (
	AnySource   int32 = -1
	AnyTag      int32 = -1
	InternalTag int32 = 1 << 30
)

// Tag reports whether a receive with tag want takes a message with tag got.
func Tag(want, got int32) bool {
	return want == got || want == AnyTag && got < InternalTag
}

// Recv is a receive that waits for a message. The caller sets Source, Tag and
// Op and leaves the rest to the queue; a Recv is in one queue at a time.
type Recv[R any] struct {
	Source, Tag int32
	Op          *R

	order      uint64
	next, prev *Recv[R]
	list       *recvList[R] // nil: not posted
}

// Posted reports whether the receive is in a queue.
func (r *Recv[R]) Posted() bool { return r.list != nil }

type recvList[R any] struct {
	head, tail *Recv[R]
	n          int
}

// Msg is a message that has arrived before its receive. The caller sets
// Source, Tag and Op.
type Msg[M any] struct {
	Source, Tag int32
	Op          *M

	next, prev       *Msg[M] // of the same source
	allNext, allPrev *Msg[M] // of all sources
	source           *msgList[M]
	order            uint64
}

// NextOfAll returns the next unexpected message of any source, or nil.
func (m *Msg[M]) NextOfAll() *Msg[M] { return m.allNext }

type msgList[M any] struct{ head, tail *Msg[M] }

type source[R, M any] struct {
	posted     recvList[R]
	unexpected msgList[M]
}

// Queue holds what is posted and unexpected on one communicator.
type Queue[R, M any] struct {
	few    []source[R, M]          // by source, for small communicators
	many   map[int32]*source[R, M] // by source, for large ones: most never talk to each other
	wild   recvList[R]             // receives from any source
	all    struct{ head, tail *Msg[M] }
	orders uint64
	posts  int
	msgs   int

	by   *indexes[R, M] // nil: none is needed
	long int            // longWalk, except in tests
}

// wholeLines is how many sources take whole cache lines: small communicators' queues
// of two ranks of one process do not share one.
const wholeLines = 8

// fewSources is up to how many members a table by source is made at once.
const fewSources = 32

// Init prepares the queue of a communicator with the given number of members.
func (q *Queue[R, M]) Init(members int) {
	*q = Queue[R, M]{long: longWalk}
	if members <= fewSources {
		q.few = make([]source[R, M], members, (members+wholeLines-1)/wholeLines*wholeLines)
	} else {
		q.many = make(map[int32]*source[R, M])
	}
}

func (q *Queue[R, M]) from(src int32) *source[R, M] {
	if uint(src) < uint(len(q.few)) {
		return &q.few[src]
	}
	if q.many == nil {
		return nil
	}
	s := q.many[src]
	if s == nil {
		s = new(source[R, M])
		q.many[src] = s
	}
	return s
}

// Len returns how many receives are posted and how many messages unexpected.
func (q *Queue[R, M]) Len() (posted, unexpected int) { return q.posts, q.msgs }

// PostedFrom returns how many receives are posted that name a source.
func (q *Queue[R, M]) PostedFrom(src int32) int {
	if s := q.from(src); s != nil {
		return s.posted.n
	}
	return 0
}

// Empty reports whether no message is unexpected.
func (q *Queue[R, M]) Empty() bool { return q.msgs == 0 }

// Post adds a receive behind all earlier ones. The caller has looked for an
// unexpected message first (Find).
func (q *Queue[R, M]) Post(r *Recv[R]) {
	l := &q.wild
	if r.Source != AnySource {
		l = &q.from(r.Source).posted
	}
	q.orders++
	q.posts++
	l.n++
	r.order, r.list, r.next, r.prev = q.orders, l, nil, l.tail
	if l.tail == nil {
		l.head = r
	} else {
		l.tail.next = r
	}
	l.tail = r
	if q.by != nil {
		q.indexPosted(r)
	}
}

// Restore puts a receive that Arrive has returned back where it was: the
// message turned out not to be one.
func (q *Queue[R, M]) Restore(r *Recv[R]) {
	l := &q.wild
	if r.Source != AnySource {
		l = &q.from(r.Source).posted
	}
	next := l.head
	for next != nil && next.order < r.order {
		next = next.next
	}
	r.list, r.next, r.prev = l, next, l.tail
	if next != nil {
		r.prev = next.prev
		next.prev = r
	} else {
		l.tail = r
	}
	if r.prev != nil {
		r.prev.next = r
	} else {
		l.head = r
	}
	q.posts++
	l.n++
	if q.by != nil && q.by.posts != nil {
		q.by.posts.restore(keyOf(r.Source, r.Tag), r, r.order)
	}
}

// Withdraw takes a posted receive out again; it reports whether it was posted.
func (q *Queue[R, M]) Withdraw(r *Recv[R]) bool {
	l := r.list
	if l == nil {
		return false
	}
	if r.prev == nil {
		l.head = r.next
	} else {
		r.prev.next = r.next
	}
	if r.next == nil {
		l.tail = r.prev
	} else {
		r.next.prev = r.prev
	}
	r.list, r.next, r.prev = nil, nil, nil
	q.posts--
	l.n--
	return true
}

// Arrive takes out and returns the oldest posted receive that matches a
// message from src with the given tag, or nil.
func (q *Queue[R, M]) Arrive(src, tag int32) *Recv[R] {
	if uint(src) < uint(len(q.few)) && q.wild.head == nil {
		// The common case: the first receive from src is it.
		l := &q.few[src].posted
		if r := l.head; r != nil && r.Tag == tag {
			if l.head = r.next; l.head == nil {
				l.tail = nil
			} else {
				l.head.prev = nil
			}
			r.list, r.next = nil, nil
			q.posts--
			l.n--
			return r
		}
	}
	s := q.from(src)
	if s == nil {
		return nil
	}
	r := q.oldest(s, src, tag)
	if r != nil {
		q.Withdraw(r)
	}
	return r
}

// oldest finds the oldest posted receive that a message from s matches.
func (q *Queue[R, M]) oldest(s *source[R, M], src, tag int32) *Recv[R] {
	if q.by == nil || q.by.posts == nil {
		left := q.long
		own := first(s.posted.head, tag, &left)
		wild := first(q.wild.head, tag, &left)
		if left >= 0 {
			return older(own, wild)
		}
		q.indexAllPosted()
	}
	x := q.by.posts
	r := older(x.oldest(keyOf(src, tag), posted), x.oldest(keyOf(AnySource, tag), posted))
	if tag < InternalTag {
		r = older(r, older(x.oldest(keyOf(src, AnyTag), posted), x.oldest(keyOf(AnySource, AnyTag), posted)))
	}
	return r
}

// first finds the first receive of a list that takes the tag. It gives up
// when it has passed more than left others.
func first[R any](r *Recv[R], tag int32, left *int) *Recv[R] {
	for r != nil && !Tag(r.Tag, tag) {
		if *left--; *left < 0 {
			return nil
		}
		r = r.next
	}
	return r
}

// older returns the receive that was posted first; either may be nil.
func older[R any](a, b *Recv[R]) *Recv[R] {
	if a == nil || b != nil && b.order < a.order {
		return b
	}
	return a
}

// Add appends an unexpected message: no posted receive matched it.
func (q *Queue[R, M]) Add(m *Msg[M]) {
	l := &q.from(m.Source).unexpected
	m.source = l
	m.next, m.prev = nil, l.tail
	if l.tail == nil {
		l.head = m
	} else {
		l.tail.next = m
	}
	l.tail = m
	m.allNext, m.allPrev = nil, q.all.tail
	if q.all.tail == nil {
		q.all.head = m
	} else {
		q.all.tail.allNext = m
	}
	q.all.tail = m
	q.msgs++
	q.orders++
	m.order = q.orders
	if q.by != nil {
		q.indexMessage(m)
	}
}

// Find returns the oldest unexpected message that a receive with the given
// source and tag (or wildcards) takes, or nil. The message stays.
func (q *Queue[R, M]) Find(src, tag int32) *Msg[M] {
	if q.msgs == 0 {
		return nil
	}
	if src == AnySource {
		return q.findAnywhere(tag)
	}
	s := q.from(src)
	if s == nil {
		return nil
	}
	if q.by == nil || q.by.msgs == nil || tag == AnyTag {
		left := q.long
		for m := s.unexpected.head; ; m = m.next {
			if m == nil || Tag(tag, m.Tag) {
				return m
			}
			if left--; left < 0 && tag != AnyTag {
				break
			}
		}
		q.indexAllBySource()
	}
	return q.by.msgs.oldest(keyOf(src, tag), unexpected)
}

// findAnywhere is Find of a receive from any source.
func (q *Queue[R, M]) findAnywhere(tag int32) *Msg[M] {
	if q.by == nil || q.by.tags == nil || tag == AnyTag {
		left := q.long
		for m := q.all.head; ; m = m.allNext {
			if m == nil || Tag(tag, m.Tag) {
				return m
			}
			if left--; left < 0 && tag != AnyTag {
				break
			}
		}
		q.indexAllByTag()
	}
	return q.by.tags.oldest(keyOf(AnySource, tag), unexpected)
}

// Take removes an unexpected message.
func (q *Queue[R, M]) Take(m *Msg[M]) {
	l := m.source
	if m.prev == nil {
		l.head = m.next
	} else {
		m.prev.next = m.next
	}
	if m.next == nil {
		l.tail = m.prev
	} else {
		m.next.prev = m.prev
	}
	if m.allPrev == nil {
		q.all.head = m.allNext
	} else {
		m.allPrev.allNext = m.allNext
	}
	if m.allNext == nil {
		q.all.tail = m.allPrev
	} else {
		m.allNext.allPrev = m.allPrev
	}
	m.source, m.next, m.prev, m.allNext, m.allPrev = nil, nil, nil, nil, nil
	q.msgs--
}

// Unexpected returns the oldest unexpected message of all, or nil.
func (q *Queue[R, M]) Unexpected() *Msg[M] { return q.all.head }

// Each takes out every posted receive that pick reports true for, then calls f
// for each. f may post again.
func (q *Queue[R, M]) Each(pick func(*Recv[R]) bool, f func(*Recv[R])) {
	var out []*Recv[R]
	collect := func(l *recvList[R]) {
		for r := l.head; r != nil; r = r.next {
			if pick(r) {
				out = append(out, r)
			}
		}
	}
	collect(&q.wild)
	for i := range q.few {
		collect(&q.few[i].posted)
	}
	for _, s := range q.many {
		collect(&s.posted)
	}
	for _, r := range out {
		q.Withdraw(r)
	}
	for _, r := range out {
		f(r)
	}
}
