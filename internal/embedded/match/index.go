package match

// An index finds the oldest item of a source and a tag without a walk through
// a list. It is made when a walk has become long, and left when few items
// remain, so that short queues never pay for it.
//
// Items leave their lists without telling the index. An entry whose item has
// left is stale; it is passed over when it is met, and all stale entries go
// when they outnumber the others.
type index[T any] struct {
	shelves map[key]*shelf[T]
	entries int // stale ones too
	spare   *shelf[T]
}

// key is a source and a tag; either may be a wildcard.
type key uint64

func keyOf(source, tag int32) key { return key(uint32(source))<<32 | key(uint32(tag)) }

// shelf holds the entries of one key, oldest first.
type shelf[T any] struct {
	entries []entry[T]
	next    *shelf[T] // spare ones
}

// entry is an item and the order number that it had when it was put here. An
// item that is used again has another number.
type entry[T any] struct {
	item  *T
	order uint64
}

// longWalk is how many items a search passes before an index is made.
const longWalk = 48

func newIndex[T any]() *index[T] { return &index[T]{shelves: make(map[key]*shelf[T])} }

// add puts an item that is younger than all others of its key.
func (x *index[T]) add(k key, item *T, order uint64) {
	s := x.shelves[k]
	if s == nil {
		if s = x.spare; s != nil {
			x.spare, s.next = s.next, nil
		} else {
			s = new(shelf[T])
		}
		x.shelves[k] = s
	}
	s.entries = append(s.entries, entry[T]{item, order})
	x.entries++
}

// restore puts an item back that has left its list and has returned to it.
func (x *index[T]) restore(k key, item *T, order uint64) {
	s := x.shelves[k]
	if s == nil {
		x.add(k, item, order)
		return
	}
	i := 0
	for i < len(s.entries) && s.entries[i].order < order {
		i++
	}
	if i < len(s.entries) && s.entries[i].order == order {
		return // its entry was never met while it was away
	}
	s.entries = append(s.entries, entry[T]{})
	copy(s.entries[i+1:], s.entries[i:])
	s.entries[i] = entry[T]{item, order}
	x.entries++
}

// oldest returns the oldest item of a key that is still listed, or nil.
func (x *index[T]) oldest(k key, listed func(item *T, order uint64) bool) *T {
	s := x.shelves[k]
	if s == nil {
		return nil
	}
	for i, e := range s.entries {
		if listed(e.item, e.order) {
			s.drop(i)
			x.entries -= i
			return e.item
		}
	}
	x.entries -= len(s.entries)
	delete(x.shelves, k)
	clear(s.entries)
	s.entries = s.entries[:0]
	s.next, x.spare = x.spare, s
	return nil
}

// drop forgets the first n entries.
func (s *shelf[T]) drop(n int) {
	clear(s.entries[:n])
	s.entries = s.entries[n:]
}

// stale reports whether the index costs more than it gains, with n items
// listed: few are left, or most entries are stale. long is the queue's.
func (x *index[T]) stale(n, long int) bool { return n < long/3 || x.entries > 2*n+long }

func posted[R any](r *Recv[R], order uint64) bool    { return r.list != nil && r.order == order }
func unexpected[M any](m *Msg[M], order uint64) bool { return m.source != nil && m.order == order }

// indexes are those of a queue; each is nil while no search needs it.
type indexes[R, M any] struct {
	posts *index[Recv[R]] // posted receives by source and tag, wildcards as they are
	msgs  *index[Msg[M]]  // unexpected messages by source and tag
	tags  *index[Msg[M]]  // unexpected messages by tag, under AnySource
}

func (q *Queue[R, M]) indexes() *indexes[R, M] {
	if q.by == nil {
		q.by = new(indexes[R, M])
	}
	return q.by
}

// indexPosted adds a receive that was just posted.
func (q *Queue[R, M]) indexPosted(r *Recv[R]) {
	if x := q.by.posts; x != nil && x.stale(q.posts, q.long) {
		q.by.posts = nil
	} else if x != nil {
		x.add(keyOf(r.Source, r.Tag), r, r.order)
	}
}

// indexMessage adds a message that has just arrived.
func (q *Queue[R, M]) indexMessage(m *Msg[M]) {
	if x := q.by.msgs; x != nil && x.stale(q.msgs, q.long) {
		q.by.msgs = nil
	} else if x != nil {
		x.add(keyOf(m.Source, m.Tag), m, m.order)
	}
	if x := q.by.tags; x != nil && x.stale(q.msgs, q.long) {
		q.by.tags = nil
	} else if x != nil {
		x.add(keyOf(AnySource, m.Tag), m, m.order)
	}
}

// indexAllPosted makes the index of the posted receives.
func (q *Queue[R, M]) indexAllPosted() {
	x := newIndex[Recv[R]]()
	shelve := func(l *recvList[R]) {
		for r := l.head; r != nil; r = r.next {
			x.add(keyOf(r.Source, r.Tag), r, r.order)
		}
	}
	shelve(&q.wild)
	for i := range q.few {
		shelve(&q.few[i].posted)
	}
	for _, s := range q.many {
		shelve(&s.posted)
	}
	q.indexes().posts = x
}

// indexAllBySource makes the index of the unexpected messages by source and tag.
func (q *Queue[R, M]) indexAllBySource() {
	x := newIndex[Msg[M]]()
	for m := q.all.head; m != nil; m = m.allNext {
		x.add(keyOf(m.Source, m.Tag), m, m.order)
	}
	q.indexes().msgs = x
}

// indexAllByTag makes the index of the unexpected messages by tag.
func (q *Queue[R, M]) indexAllByTag() {
	x := newIndex[Msg[M]]()
	for m := q.all.head; m != nil; m = m.allNext {
		x.add(keyOf(AnySource, m.Tag), m, m.order)
	}
	q.indexes().tags = x
}
