package simulate

import (
	"context"
	"fmt"

	"github.com/ringo-mpi/ringo/internal/embedded/coll"
)

// happening is what an event does.
type happening uint8

const (
	ended   happening = iota // the vertex is done
	sent                     // the core has started the message
	asked                    // a long message is announced at its receiver
	granted                  // the receiver's answer is at the sender
	leaving                  // the message is at the interface of its host
	coming                   // its first byte is at the interface of the other host
	arrived                  // its last byte is there
)

// The state of a vertex is what it waits for and, of a receive, these.
const (
	isPosted   uint32 = 1 << 31
	hasArrived uint32 = 1 << 30
	isAsked    uint32 = 1 << 29
	waits             = isAsked - 1
)

// player plays the programs of a world on a network.
type player struct {
	*world
	costs
	queue queue

	state []uint32 // of each vertex

	core    []Time // of each rank: when it is free
	out     []Time // of each host: when its interface is free to send, …
	in      []Time // … to receive, …
	copying []Time // … and its memory to copy

	rankEnd  []Time // of each rank: when its last vertex was done
	done     int
	messages int64
	msgs     []int32 // vertices of the rank at hand that are ready, messages first
	works    []int32

	trace func(rank int, vertex int32, at Time) // if not nil, is told of each vertex that is done
}

// play returns the time at which each rank is done, and the number of messages of
// the ranks that were played.
func (w *world) play(ctx context.Context, net *Network, trace func(rank int, vertex int32, at Time)) ([]Time, int64, error) {
	p := &player{
		world: w, costs: net.costs(), trace: trace,
		state: make([]uint32, len(w.peer)),
		core:  make([]Time, w.ranks), rankEnd: make([]Time, w.ranks), out: make([]Time, w.hosts), in: make([]Time, w.hosts), copying: make([]Time, w.hosts),
	}
	for r := range w.ranks {
		s, first := w.of(r)
		for i, n := range s.waits {
			p.state[first+int32(i)] = uint32(n)
		}
	}
	for r := range w.ranks { // as Schedule.Start does: receives first
		s, _ := w.of(r)
		for _, receive := range []bool{true, false} {
			for i, n := range s.waits {
				if n == 0 && (s.do[i] == coll.Recv) == receive {
					p.ready(s, int32(i))
				}
			}
		}
		p.run(r, 0)
	}
	for step := 0; ; step++ {
		if step%1024 == 0 && ctx.Err() != nil {
			return nil, 0, context.Cause(ctx)
		}
		batch := p.queue.next()
		if batch == nil {
			break
		}
		now := p.queue.now
		for _, t := range batch {
			p.happen(t, now)
		}
	}
	if p.done != len(w.peer) {
		return nil, 0, fmt.Errorf("the algorithm does not end: %d of %d steps are done", p.done, len(w.peer))
	}
	return p.rankEnd, p.messages, nil
}

// ready puts a vertex into the list of its rank.
func (p *player) ready(s *shape, i int32) {
	if s.do[i] == coll.Reduce || s.do[i] == coll.Move {
		p.works = append(p.works, i)
	} else {
		p.msgs = append(p.msgs, i)
	}
}

// run begins what is ready on a rank, messages before work.
func (p *player) run(rank int, now Time) {
	s, first := p.of(rank)
	for begun, worked := 0, 0; ; {
		switch {
		case begun < len(p.msgs):
			begun++
			p.begin(rank, s, first, p.msgs[begun-1], now)
		case worked < len(p.works):
			worked++
			p.begin(rank, s, first, p.works[worked-1], now)
		default:
			p.msgs, p.works = p.msgs[:0], p.works[:0]
			return
		}
	}
}

func (p *player) begin(rank int, s *shape, first, i int32, now Time) {
	v := first + i
	switch s.do[i] {
	case coll.Join:
		p.end(rank, s, first, i, now)
	case coll.Recv:
		p.state[v] |= isPosted
		p.follow(s, first, i)
		switch {
		case p.state[v]&hasArrived != 0:
			p.take(rank, s, v, i, now)
		case p.state[v]&isAsked != 0:
			p.grant(rank, v, now)
		}
	case coll.Send:
		p.follow(s, first, i)
		link := &p.between
		if !p.far[v] {
			link = &p.within
		}
		at := max(now, p.core[rank])
		p.core[rank] = at + link.Overhead
		if !p.far[v] { // it has no interface that would keep the gap
			p.core[rank] = at + max(link.Overhead, link.Gap)
		}
		p.messages++
		p.push(at+link.Overhead, rank, v, sent)
	case coll.Reduce:
		p.work(rank, v, now, bytes(s.bytes[i], p.combine))
	case coll.Move:
		p.work(rank, v, now, bytes(s.bytes[i], p.copy))
	}
}

// release takes one off what a vertex waits for, and reports whether it waits for
// nothing more.
func (p *player) release(v int32) bool {
	p.state[v]--
	return p.state[v]&waits == 0
}

// follow lets the next message to the same rank begin.
func (p *player) follow(s *shape, first, i int32) {
	if next := s.next[i]; next != 0 {
		if p.release(first + next) {
			p.ready(s, next)
		}
	}
}

// work occupies the core of a rank.
func (p *player) work(rank int, v int32, now, lasts Time) {
	at := max(now, p.core[rank]) + lasts
	p.core[rank] = at
	p.push(at, rank, v, ended)
}

func (p *player) push(at Time, rank int, v int32, what happening) {
	p.queue.push(event{at, newTarget(rank, v, what)})
}

// take ends a message that has arrived and whose receive is posted: the core
// has its overhead, and copies what comes from the same host.
func (p *player) take(rank int, s *shape, v, i int32, now Time) {
	if p.far[v] {
		p.work(rank, v, now, p.between.Overhead)
		return
	}
	n := s.bytes[i]
	at := max(now, p.core[rank]) + p.within.Overhead
	end := at + bytes(n, p.nearByte)
	if p.memory > 0 {
		host := rank / p.per
		p.copying[host] = max(p.copying[host], at) + bytes(n, p.memory)
		end = max(end, p.copying[host])
	}
	p.core[rank] = end
	p.push(end, rank, v, ended)
}

// grant answers the announcement of a long message.
func (p *player) grant(rank int, v int32, now Time) {
	at := max(now, p.core[rank]) + p.between.Overhead
	p.core[rank] = at
	p.push(at+p.between.Latency, int(p.peer[v]), p.mate[v], granted)
}

func (p *player) happen(t target, now Time) {
	rank, v := t.rank(), t.vertex()
	s, first := p.of(rank)
	i := v - first
	switch t.what() {
	case ended:
		p.end(rank, s, first, i, now)
		p.run(rank, now)
	case sent:
		switch {
		case !p.far[v]:
			p.push(now+p.within.Latency, int(p.peer[v]), p.mate[v], arrived)
			p.end(rank, s, first, i, now)
			p.run(rank, now)
		case p.eager > 0 && s.bytes[i] > int64(p.eager):
			p.push(now+p.between.Latency, int(p.peer[v]), p.mate[v], asked)
		default:
			p.leave(rank, s, v, i, now)
		}
	case asked:
		p.state[v] |= isAsked
		if p.state[v]&isPosted != 0 {
			p.grant(rank, v, now)
		}
	case granted:
		at := max(now, p.core[rank]) + p.between.Overhead
		p.core[rank] = at
		p.push(at, rank, v, leaving)
	case leaving:
		p.leave(rank, s, v, i, now)
	case coming:
		host, n := rank/p.per, bytes(s.bytes[i], p.farByte)
		at := max(now, p.in[host])
		p.in[host] = at + max(p.between.Gap, n)
		p.push(at+n, rank, v, arrived)
	case arrived:
		p.state[v] |= hasArrived
		if p.state[v]&isPosted != 0 {
			p.take(rank, s, v, i, now)
		}
	}
}

// leave puts a message through the interface of its host. The send is done when
// its last byte has passed.
func (p *player) leave(rank int, s *shape, v, i int32, now Time) {
	host, n := rank/p.per, bytes(s.bytes[i], p.farByte)
	at := max(now, p.out[host])
	p.out[host] = at + max(p.between.Gap, n)
	p.push(at+p.between.Latency, int(p.peer[v]), p.mate[v], coming)
	p.push(at+n, rank, v, ended)
}

// end is told that a vertex is done.
func (p *player) end(rank int, s *shape, first, i int32, now Time) {
	p.done++
	p.rankEnd[rank] = max(p.rankEnd[rank], now)
	if p.trace != nil {
		p.trace(rank, i, now)
	}
	for _, d := range s.edges[s.first[i]:s.first[i+1]] {
		if p.release(first + d) {
			p.ready(s, d)
		}
	}
}
