package shm

// The ranks of a host that are to have connections, and not the host's memory, tell
// each other by it where they wait (internal/start).

// Key is the key of the job.
func (j *job) Key() []byte { return j.seg.Key() }

// Publish says where this rank waits for connections.
func (j *job) Publish(address string) bool { return j.seg.Publish(j.rank, address) }

// Find returns where another rank waits, "" if it has not said so yet.
func (j *job) Find(rank int) string { return j.seg.Find(rank) }
