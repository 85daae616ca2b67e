package segment

const (
	hostMax    = 64
	reachedMax = 252
	placeFar   = 0 // of a rank of another host
)

// home is where a rank runs.
type home struct {
	place  uint32 // 1 + its number among the ranks of this host; placeFar
	host   uint32
	length uint32
	name   [hostMax]byte
}

// Home is where a rank of the job runs.
type Home struct {
	Host int    // the number of the host
	Name string // what it is called; "": what the system says of this host
}

// SetHere says, before SetHome, which of the hosts this one is, and at which of its
// addresses the others reach its ranks, with commas between; ports are the ranks'.
// It reports whether there was room for the addresses.
func (s *Segment) SetHere(host int, addresses string) bool {
	h := s.head
	h.host = uint32(host)
	h.reachedLen = uint32(copy(h.reached[:], addresses))
	return int(h.reachedLen) == len(addresses)
}

// Addresses are those that SetHere was given.
func (s *Segment) Addresses() string {
	h := s.head
	return string(h.reached[:min(h.reachedLen, reachedMax)])
}

// SetHome says where a rank runs. The launcher calls it for every rank of the job
// in their order, before any of them starts. Names are cut after 64 bytes.
func (s *Segment) SetHome(rank int, at Home) {
	h := &s.member(rank).home
	h.host = uint32(at.Host)
	h.length = uint32(copy(h.name[:], at.Name))
	if h.host != s.head.host {
		return
	}
	s.placed++
	h.place = s.placed
}

// Home returns where a rank runs.
func (s *Segment) Home(rank int) Home {
	h := &s.member(rank).home
	return Home{int(h.host), string(h.name[:min(h.length, hostMax)])}
}

// Near reports whether a rank runs on this host.
func (s *Segment) Near(rank int) bool { return s.member(rank).home.place != placeFar }

// Place is the number of a rank of this host among the ranks of this host.
func (s *Segment) Place(rank int) int { return int(s.member(rank).home.place) - 1 }

// Spread reports whether the job has ranks on other hosts.
func (s *Segment) Spread() bool { return s.sizes.ranks < s.sizes.job }
