package embedded

import "sync/atomic"

// A send that awaits an answer can be taken back until its message has
// matched. Who has it is decided in a table of the sender's that the receiver
// reaches as well: the sender stores the operation's number there, the receiver
// replaces it when it matches the message, the sender when it gives up;
// whoever comes first has it. So giving up needs nothing of a receiver that may
// be busy elsewhere for hours. An operation beyond the table cannot be taken
// back.

const matchedMark = 1 << 63 // numbers have the bit clear

// offerClaim opens the message of operation r to being claimed.
func (ep *endpoint) offerClaim(number uint64) {
	if t := ep.hub.claims(ep.rank); int(uint32(number)) < len(t) {
		atomic.StoreUint64(&t[uint32(number)], number)
	}
}

// takeBack reports whether the message of an operation of this rank had not
// been claimed; it never will be.
func (ep *endpoint) takeBack(number uint64) bool {
	t := ep.hub.claims(ep.rank)
	i := uint32(number)
	return int(i) < len(t) && atomic.CompareAndSwapUint64(&t[i], number, 0)
}

// claim takes a message that wants an answer from its sender. It fails when
// the sender has taken it back.
func (ep *endpoint) claim(peer int32, number uint64) bool {
	t := ep.hub.claims(int(peer))
	i := uint32(number)
	return int(i) >= len(t) || atomic.CompareAndSwapUint64(&t[i], number, number|matchedMark)
}

// withdrawn reports whether the sender of an unexpected message has taken it
// back.
func (ep *endpoint) withdrawn(m *message) bool {
	if m.number == 0 || m.claimed {
		return false
	}
	t := ep.hub.claims(int(m.peer))
	i := uint32(m.number)
	return int(i) < len(t) && atomic.LoadUint64(&t[i]) != m.number
}

// unmatched finds the oldest unexpected message for a receive. Those that have
// been taken back are dropped.
func (ep *endpoint) unmatched(cx *context, src, tag int) *message {
	for {
		f := cx.q.Find(int32(src), int32(tag))
		if f == nil {
			return nil
		}
		m := f.Op
		if !ep.withdrawn(m) {
			return m
		}
		ep.drop(m)
	}
}

// drop forgets an unexpected message.
func (ep *endpoint) drop(m *message) {
	m.cx.q.Take(&m.Msg)
	if !m.offered && m.have < m.total {
		m.abandoned = true // its last parts are still in the ring
		return
	}
	ep.freeMessage(m)
}

// own makes an unexpected message this rank's, before it is taken out of the
// queue. If its sender was faster, the message is dropped.
func (ep *endpoint) own(m *message) bool {
	if m.number == 0 || m.claimed {
		return true
	}
	if !ep.claim(m.peer, m.number) {
		ep.drop(m)
		return false
	}
	m.claimed = true
	return true
}
