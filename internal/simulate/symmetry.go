package simulate

import (
	"github.com/ringo-mpi/ringo/internal/embedded/coll"
)

// image says which ranks stand for all.
type image uint8

const (
	everyone   image = iota // each for itself
	translated              // those of the first host: rank + k·per does what rank does, k hosts on
	mirrored                // the same with exclusive or, where all numbers are powers of two
)

// ranks is the number of ranks that are played.
func (im image) ranks(q *question) int {
	switch {
	case im != everyone:
		return q.per
	case q.played > 0:
		return q.played
	}
	return q.ranks
}

// at returns the rank that plays the peer of a played rank, and the rank that
// this one is to it.
func (im image) at(q *question, rank, peer int) (played, from int) {
	host := peer / q.per * q.per
	switch im {
	case translated:
		return peer - host, (rank - host + q.ranks) % q.ranks
	case mirrored:
		return peer - host, rank ^ host
	}
	return peer, rank
}

// from is the rank that does on another host what a played rank's peer is to it.
func (im image) moved(q *question, peer, host int) int {
	if im == mirrored {
		return peer ^ host*q.per
	}
	return (peer + host*q.per) % q.ranks
}

// likeness is how far one host does what the others do.
type likeness uint8

const (
	unlike likeness = iota
	alike           // the same messages and as many bytes of other work, not step for step
	same            // the same steps
)

// All ranks of a host are compared with those of others up to so many ranks and
// below so many steps of one: laying out Bruck's algorithm takes as long as there
// are ranks.
const (
	fewRanks      = 1 << 16
	shortSchedule = 5000
)

// symmetric finds a symmetry of the hosts. It compares the programs of the first
// host with those of some others, which are enough to tell the algorithms that
// have one from those that have not; the tests compare all, and messages whose
// ends do not fit are found when they are joined.
func symmetric(q *question) (image, likeness) {
	hosts := q.ranks / q.per
	if q.ranks%q.per != 0 || hosts < 2 || q.call.Kind.Rooted() {
		return everyone, unlike
	}
	others := []int{hosts - 1, hosts / 2, hosts / 3}
	for h := 1; h < hosts; h *= 2 {
		others = append(others, h)
	}
	ranks := []int{0, q.per - 1, q.per / 2}
	var o coll.Outline
	if q.ranks <= fewRanks && o.Of(q.call, 0, q.ranks, q.plan) == nil && len(o.Steps) < shortSchedule {
		ranks = ranks[:0]
		for r := range q.per {
			ranks = append(ranks, r)
		}
	}
	found, how := everyone, unlike
	for _, im := range []image{translated, mirrored} {
		if im == mirrored && (q.ranks&(q.ranks-1) != 0 || q.per&(q.per-1) != 0) {
			continue
		}
		if l := im.likeness(q, others, ranks); l > how {
			found, how = im, l
		}
	}
	return found, how
}

// likeness compares ranks of the first host with those of others.
func (im image) likeness(q *question, hosts, ranks []int) likeness {
	var here, there coll.Outline
	how := same
	for _, r := range ranks {
		if here.Of(q.call, r, q.ranks, q.plan) != nil {
			return unlike
		}
		for _, h := range hosts {
			switch {
			case there.Of(q.call, h*q.per+r, q.ranks, q.plan) != nil:
				return unlike
			case im.same(q, &here, &there, h):
			case im.alike(q, &here, &there, h):
				how = alike
			default:
				return unlike
			}
		}
	}
	return how
}

// alike compares the messages of two programs, and the bytes of other work.
func (im image) alike(q *question, here, there *coll.Outline, host int) bool {
	var moved, reduced [2]int
	message := func(o *coll.Outline, from, side int) int {
		for i := from; i < len(o.Steps); i++ {
			switch st := &o.Steps[i]; st.Do {
			case coll.Send, coll.Recv:
				return i
			case coll.Move:
				moved[side] += st.N
			case coll.Reduce:
				reduced[side] += st.N
			}
		}
		return -1
	}
	for i, j := -1, -1; ; {
		i, j = message(here, i+1, 0), message(there, j+1, 1)
		if i < 0 || j < 0 {
			return i == j && moved[0] == moved[1] && reduced[0] == reduced[1]
		}
		a, b := &here.Steps[i], &there.Steps[j]
		if a.Do != b.Do || a.N != b.N || im.moved(q, int(a.Peer), host) != int(b.Peer) {
			return false
		}
	}
}

func (im image) same(q *question, here, there *coll.Outline, host int) bool {
	if len(here.Steps) != len(there.Steps) || len(here.Edges) != len(there.Edges) {
		return false
	}
	for i := range here.Steps {
		a, b := &here.Steps[i], &there.Steps[i]
		if a.Do != b.Do || a.N != b.N || a.Waits != b.Waits || a.Next != b.Next || a.First != b.First || a.Last != b.Last {
			return false
		}
		if (a.Do == coll.Send || a.Do == coll.Recv) && im.moved(q, int(a.Peer), host) != int(b.Peer) {
			return false
		}
	}
	for i, e := range here.Edges {
		if there.Edges[i] != e {
			return false
		}
	}
	return true
}
