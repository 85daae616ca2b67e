package engine

// Hash is a hash of whole numbers, a word at a time, after FNV-1a. It is the
// same in every process of a job.
type Hash uint64

// NewHash is the hash of nothing.
const NewHash Hash = 14695981039346656037

// Add returns the hash of what h has seen, followed by v.
func (h Hash) Add(v int) Hash {
	h = (h ^ Hash(v)) * 1099511628211
	return h ^ h>>29
}
