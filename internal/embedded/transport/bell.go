package transport

import "sync/atomic"

// Bell is what a rank sleeps on, on a cache line of its own: senders read it
// after every message, and it changes only when the rank goes to sleep.
type Bell struct {
	Seq      uint32 // changes with every wake of a process; of goroutines, counts the sleeps
	Sleeping uint32 // 1 while the rank sleeps or is about to
	Active   uint32 // counts rings newly opened to this rank
	Core     uint32 // 1 + the core the rank has last been seen on, 0 if it is not known
	_        [48]byte
}

// Arm announces that the rank is about to sleep. The caller then looks once
// more for work, and calls Self.Sleep with the result or Disarm.
func (b *Bell) Arm() uint32 {
	seq := atomic.LoadUint32(&b.Seq)
	atomic.StoreUint32(&b.Sleeping, 1)
	return seq
}

// Disarm takes Arm back.
func (b *Bell) Disarm() { atomic.StoreUint32(&b.Sleeping, 0) }
