package shm

// The ranks of a host that are to have connections, and not the host's memory, tell
// each other by it where they wait (internal/start).

// Key is the key of the job.
func (j *job) Key() []byte { return j.seg.Key() }

// Publish says where this rank waits for connections.
func (j *job) Publish(address string) bool { return j.seg.Publish(j.rank, address) }

// Spread reports whether the job has ranks on other hosts, and Near whether a rank is
// on this one.
func (j *job) Spread() bool       { return j.seg.Spread() }
func (j *job) Near(rank int) bool { return j.seg.Near(rank) }

// Addresses are those at which the other hosts reach this one.
func (j *job) Addresses() string { return j.seg.Addresses() }

// Find returns where another rank waits, "" if it has not said so yet.
func (j *job) Find(rank int) string { return j.seg.Find(rank) }
