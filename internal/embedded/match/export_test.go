package match

// SetLongWalk changes how many items a search passes before an index is made.
func (q *Queue[R, M]) SetLongWalk(n int) { q.long = n }

// Indexed reports which indexes there are.
func (q *Queue[R, M]) Indexed() (posted, bySource, byTag bool) {
	if q.by == nil {
		return false, false, false
	}
	return q.by.posts != nil, q.by.msgs != nil, q.by.tags != nil
}

// LongWalk is the length of a walk that makes an index.
const LongWalk = longWalk

// Entries returns how many entries the index by source and tag has.
func (q *Queue[R, M]) Entries() int {
	if q.by == nil || q.by.msgs == nil {
		return 0
	}
	return q.by.msgs.entries
}
