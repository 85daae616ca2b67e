package model

import "pgregory.net/rapid"

// lengths are those of the messages, around the thresholds of the engines.
var lengths = []int{0, 1, 8, 40, 41, 56, 57, 128, 1000, 2048, 2049, 4096, 4097, 8192, 8193, 20000, 65536, 65537, 70000, 200000}

// message has been sent and not been received.
type message struct {
	id, tag, len int
	sender       *opRef // its request, to be waited for once it is matched
}

// receive has been posted and got nothing.
type receive struct {
	tag int // or -1
	op  *opRef
}

// opRef is where an operation stands.
type opRef struct{ rank, index int }

// channel is the model of MPI 5.0 §3.5 for one sender and one receiver in one
// communicator: two lists in order.
type channel struct {
	sent   []message
	posted []receive
}

type generator struct {
	t     *rapid.T
	prog  *Program
	chans map[[3]int]*channel // communicator, sender and receiver by rank in the world
	objs  map[[2]int][]message
	step  int
	id    int
	reqs  int
	ready [][]int // by rank: requests that may be waited for
	open  int
	any   []bool // receivers of the wild communicator that ignore tags
}

// Generate draws a program.
func Generate(t *rapid.T, sizes []int) *Program {
	n := rapid.SampledFrom(sizes).Draw(t, "ranks")
	g := &generator{
		t: t, prog: &Program{Size: n, Ranks: make([][]Op, n)}, chans: map[[3]int]*channel{}, objs: map[[2]int][]message{},
		ready: make([][]int, n), any: make([]bool, n),
	}
	for r := range n {
		g.any[r] = rapid.Bool().Draw(t, "any tag")
	}
	steps := 40 + rapid.IntRange(0, 80).Draw(t, "steps")
	for g.step = 1; g.step <= steps; g.step++ {
		g.draw()
	}
	g.drain()
	return g.prog
}

func (g *generator) pick(name string, n int) int { return rapid.IntRange(0, n-1).Draw(g.t, name) }

// draw draws one step. A failing program shrinks to one of which most steps are
// nothing.
func (g *generator) draw() {
	switch g.pick("what", 20) {
	case 0:
	case 1, 2, 3, 4, 5:
		g.drawSend()
	case 6, 7, 8, 9, 10:
		g.drawRecv()
	case 11, 12:
		g.drawWait()
	case 13:
		g.drawRound()
	case 14:
		g.all(ring, Op{Kind: shift, Len: g.length()})
	case 15:
		g.drawObject()
	case 16:
		r := g.pick("rank", g.prog.Size)
		g.add(r, Op{Kind: cancel, Comm: named, Len: 10})
	case 17:
		if g.pick("churn", 3) == 0 {
			g.all(named, Op{Kind: churn})
			return
		}
		fallthrough
	default:
		g.drawCollective()
	}
}

func (g *generator) length() int { return rapid.SampledFrom(lengths).Draw(g.t, "length") }

// add appends an operation to the program of a rank.
func (g *generator) add(rank int, o Op) *opRef {
	o.Step = g.step
	g.prog.Ranks[rank] = append(g.prog.Ranks[rank], o)
	return &opRef{rank, len(g.prog.Ranks[rank]) - 1}
}

func (g *generator) at(r *opRef) *Op { return &g.prog.Ranks[r.rank][r.index] }

// members are the world ranks of the communicator that a rank is in.
func members(comm, rank, size int) []int {
	var list []int
	switch comm {
	case backward:
		for r := size - 1; r >= 0; r-- {
			list = append(list, r)
		}
	case halves:
		for r := rank % 2; r < size; r += 2 {
			list = append(list, r)
		}
	default:
		for r := range size {
			list = append(list, r)
		}
	}
	return list
}

// rankIn is the rank in the communicator of a member.
func rankIn(comm, rank, size int) int {
	for i, r := range members(comm, rank, size) {
		if r == rank {
			return i
		}
	}
	return -1
}

// all appends an operation to the programs of all ranks of the world.
func (g *generator) all(comm int, o Op) {
	o.Comm = comm
	for r := range g.prog.Size {
		if o.Kind == icollective {
			o.Req = g.request()
			g.ready[r] = append(g.ready[r], o.Req)
		}
		g.add(r, o)
	}
}

func (g *generator) request() int {
	g.reqs++
	return g.reqs
}

// pair draws a communicator and two members, which may be the same.
func (g *generator) pair() (comm, from, to int) {
	comm = g.pick("communicator", 3)
	from = g.pick("from", g.prog.Size)
	m := members(comm, from, g.prog.Size)
	return comm, from, m[g.pick("to", len(m))]
}

func (g *generator) channel(comm, from, to int) *channel {
	k := [3]int{comm, from, to}
	if g.chans[k] == nil {
		g.chans[k] = &channel{}
	}
	return g.chans[k]
}

func (g *generator) drawSend() {
	comm, from, to := g.pair()
	g.send(comm, from, to, g.pick("tag", 3), g.length())
}

func (g *generator) send(comm, from, to, tag, length int) {
	ch := g.channel(comm, from, to)
	g.id++
	o := Op{Comm: comm, Peer: rankIn(comm, to, g.prog.Size), Tag: tag, Len: length, ID: g.id}
	for i, p := range ch.posted {
		if p.tag != tag && p.tag != -1 {
			continue
		}
		// It is matched: any mode will do, a blocking one too, but for a rank
		// that sends to itself, which cannot block.
		ch.posted = append(ch.posted[:i:i], ch.posted[i+1:]...)
		o.Kind = []int{send, ssend, bsend, isend, issend}[g.pick("mode", 5)]
		g.matched(p.op, from, tag, length, g.id)
		g.add(from, g.started(from, o))
		return
	}
	o.Kind = []int{bsend, isend, issend}[g.pick("mode", 3)]
	m := message{id: g.id, tag: tag, len: length}
	if o.Kind != bsend {
		o.Req = g.request()
		g.open++
	}
	m.sender = g.add(from, o)
	ch.sent = append(ch.sent, m)
}

// started gives a nonblocking operation whose partner has come a request that
// may be waited for.
func (g *generator) started(rank int, o Op) Op {
	switch o.Kind {
	case isend, issend, irecv, isendObject, irecvObject:
		o.Req = g.request()
		g.ready[rank] = append(g.ready[rank], o.Req)
	}
	return o
}

// matched tells a posted receive what it gets.
func (g *generator) matched(r *opRef, from, tag, length, id int) {
	o := g.at(r)
	o.Source, o.Got, o.ID = rankIn(o.Comm, from, g.prog.Size), tag, id
	if length > o.Len {
		o.Len = length
	}
	g.ready[r.rank] = append(g.ready[r.rank], o.Req)
	g.open--
}

func (g *generator) drawRecv() {
	comm, from, to := g.pair()
	tag := g.pick("tag", 4) - 1
	g.recv(comm, from, to, tag)
}

func (g *generator) recv(comm, from, to, tag int) {
	ch := g.channel(comm, from, to)
	o := Op{Comm: comm, Peer: rankIn(comm, from, g.prog.Size), Tag: tag}
	for i, m := range ch.sent {
		if m.tag != tag && tag != -1 {
			continue
		}
		ch.sent = append(ch.sent[:i:i], ch.sent[i+1:]...)
		o.Kind = []int{recv, irecv, probeRecv, iprobeRecv, mprobeRecv, appendRecv}[g.pick("how", 6)]
		o.Source, o.Got, o.ID, o.Len = o.Peer, m.tag, m.id, m.len
		g.add(to, g.started(to, o))
		if s := g.at(m.sender); s.Req != 0 {
			g.ready[from] = append(g.ready[from], s.Req)
			g.open--
		}
		return
	}
	// Nothing for it has been sent: it must not block.
	o.Kind, o.Req = irecv, g.request()
	g.open++
	ch.posted = append(ch.posted, receive{tag: tag, op: g.add(to, o)})
}

func (g *generator) drawWait() {
	r := g.pick("rank", g.prog.Size)
	list := g.ready[r]
	if len(list) == 0 {
		return
	}
	if g.pick("all", 4) == 0 {
		g.add(r, Op{Kind: waitAll, Reqs: append([]int(nil), list...)})
		g.ready[r] = nil
		return
	}
	i := g.pick("request", len(list))
	g.add(r, Op{Kind: []int{wait, testWait}[g.pick("how", 2)], Req: list[i]})
	g.ready[r] = append(list[:i:i], list[i+1:]...)
}

func (g *generator) drawRound() {
	n := g.prog.Size
	rounds := make([]*Round, n)
	for r := range rounds {
		rounds[r] = &Round{AnyTag: g.any[r]}
	}
	for range rapid.IntRange(0, 12).Draw(g.t, "messages") {
		from, to, tag := g.pick("from", n), g.pick("to", n), g.pick("tag", 2)
		g.id++
		rounds[from].Sends = append(rounds[from].Sends, Op{
			Kind: []int{bsend, isend, issend}[g.pick("mode", 3)], Peer: to, Tag: tag, Len: g.length(), ID: g.id,
		})
		rounds[to].Receives++
		rounds[to].Tags[tag]++
	}
	for r, round := range rounds {
		for range round.Receives {
			round.How = append(round.How, g.pick("how", 4))
		}
		g.add(r, Op{Kind: wildRound, Comm: wild, Round: round})
	}
}

func (g *generator) drawObject() {
	from, to := g.pick("from", g.prog.Size), g.pick("to", g.prog.Size)
	k := [2]int{from, to}
	if list := g.objs[k]; len(list) > 0 && g.pick("receive", 2) == 0 {
		g.recvObject(k)
		return
	}
	g.id++
	o := Op{Kind: isendObject, Comm: objects, Peer: to, Tag: 1, Len: g.length(), ID: g.id, Req: g.request()}
	g.open++
	g.objs[k] = append(g.objs[k], message{id: g.id, len: o.Len, sender: g.add(from, o)})
}

func (g *generator) recvObject(k [2]int) {
	m := g.objs[k][0]
	g.objs[k] = g.objs[k][1:]
	o := Op{Kind: []int{recvObject, irecvObject}[g.pick("how", 2)], Comm: objects, Peer: k[0], Tag: 1, Source: k[0], Got: 1, ID: m.id, Len: m.len}
	g.add(k[1], g.started(k[1], o))
	g.ready[k[0]] = append(g.ready[k[0]], g.at(m.sender).Req)
	g.open--
}

func (g *generator) drawCollective() {
	comm := g.pick("communicator", 3)
	kind := []int{collective, icollective}[g.pick("nonblocking", 2)]
	n := g.prog.Size
	if comm == halves {
		n /= 2 // the smaller half
	}
	if n == 0 {
		comm, n = named, g.prog.Size
	}
	g.all(comm, Op{Kind: kind, Coll: g.pick("collective", numColls), Root: g.pick("root", n), Len: g.length() / 8})
}

// drain ends a program: what is open gets its partner, and all requests are
// waited for.
func (g *generator) drain() {
	for from := range g.prog.Size {
		for to := range g.prog.Size {
			for comm := range 3 {
				ch := g.chans[[3]int{comm, from, to}]
				for ch != nil && len(ch.sent) > 0 {
					g.recv(comm, from, to, ch.sent[0].tag)
				}
				for ch != nil && len(ch.posted) > 0 {
					g.send(comm, from, to, max(ch.posted[0].tag, 0), 5)
				}
			}
			for k := [2]int{from, to}; len(g.objs[k]) > 0; {
				g.recvObject(k)
			}
		}
	}
	for r, list := range g.ready {
		g.add(r, Op{Kind: waitAll, Reqs: list})
	}
}
