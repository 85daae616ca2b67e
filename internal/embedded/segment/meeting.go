package segment

import "sync/atomic"

const (
	keySize    = 32
	addressMax = 252
)

// meeting is where a rank waits for connections of the others.
type meeting struct {
	length  uint32 // 0: not known yet
	address [addressMax]byte
}

// Key is the key of the job. Whoever knows it is a rank of it.
func (s *Segment) Key() []byte { return append([]byte(nil), s.head.key[:]...) }

// SetKey puts the key that all hosts of the job have in the place of a random one,
// before any rank starts.
func (s *Segment) SetKey(key [keySize]byte) { s.head.key = key }

// Publish says where a rank waits for connections, once: an address, or several
// with commas between. It reports whether there was room for it.
func (s *Segment) Publish(rank int, address string) bool {
	m := &s.member(rank).meeting
	if len(address) == 0 || len(address) > addressMax {
		return false
	}
	copy(m.address[:], address)
	atomic.StoreUint32(&m.length, uint32(len(address)))
	s.tellNews()
	return true
}

// Find returns where a rank waits, "" if it has not said so yet.
func (s *Segment) Find(rank int) string {
	m := &s.member(rank).meeting
	return string(m.address[:min(atomic.LoadUint32(&m.length), addressMax)])
}
