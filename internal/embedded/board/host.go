package board

import "unsafe"

// Host is what a board needs of its rank's endpoint.
type Host interface {
	// Wait blocks until member r has stored at p what makes
	// int64(load(p)-v) >= 0, making progress on other traffic. It spins first
	// as long as is sensible for the machine, then sleeps; a process sleeps only
	// after it has looked for longer than a store of another core takes to be
	// seen. It looks again after a while in any case: a member that is waited for
	// need not know it. It asks Board.Astray then, and ends with its error; it ends
	// with one also when a member of the communicator has died or
	// has left without having begun the collective that runs, the communicator
	// is revoked, or done is closed.
	Wait(r int, p *uint64, v uint64, done <-chan struct{}) error

	// Yield gives the core to another process that wants it.
	Yield()

	// Notify wakes member r (a rank in the communicator) if it sleeps in
	// Wait. It is called after publishing what r waits for, and orders that
	// store before its own look at whether r sleeps.
	Notify(r int)

	// Pull copies n bytes at address addr of member r's memory to dst, Push
	// copies the other way. Addresses are what members have published.
	Pull(dst unsafe.Pointer, r int, addr uintptr, n int) error
	Push(r int, addr uintptr, src unsafe.Pointer, n int) error

	// Facts says what holds of the members for good.
	Facts() Facts
}

// Facts is what holds of the members of a board for good.
type Facts struct {
	CanPull   bool // Pull and Push work between all members, see Confirm
	InProcess bool // all are goroutines of one process: addresses may be used as they are
	Crowded   bool // ranks outnumber cores
	Polls     int  // of a flag that are sensible before Wait, where ranks do not outnumber cores

	// Confirm, where CanPull is not known of all members: they do not pull before
	// all of them have said at their first collective, when all are there, that
	// they can. All members have it or none.
	Confirm func() bool
}
