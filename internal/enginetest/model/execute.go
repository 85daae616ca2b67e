package model

import (
	"fmt"
	"slices"

	"github.com/ringo-mpi/ringo/internal/enginetest"
	"github.com/ringo-mpi/ringo/mpi"
)

// body is the content of a message: its number, and bytes that depend on it.
func body(id, n int) []byte {
	b := make([]byte, n+8)
	for i := range b {
		b[i] = byte(id*31 + i)
	}
	for i := range 8 {
		b[i] = byte(id >> (8 * i))
	}
	return b
}

func idOf(b []byte) int {
	id := 0
	for i := range 8 {
		id |= int(b[i]) << (8 * i)
	}
	return id
}

// machine executes the program of one rank.
type machine struct {
	t     *enginetest.T
	rank  int
	size  int
	comms [numComms]*mpi.Comm
	reqs  map[int]*mpi.Request
	after map[int]func()        // checks of completed requests
	own   map[*mpi.Request]bool // the program's: every second operation is started in one of them
	spare []*mpi.Request        // of them, those that are complete
	turn  bool
	op    Op
}

// Execute runs the part of a program of this rank.
func Execute(t *enginetest.T, world *mpi.Comm, p *Program) {
	m := &machine{t: t, rank: world.Rank(), size: world.Size(), reqs: map[int]*mpi.Request{}, after: map[int]func(){}, own: map[*mpi.Request]bool{}}
	var err error
	for i := range m.comms {
		switch i {
		case backward:
			m.comms[i], err = world.Split(0, -m.rank)
		case halves:
			m.comms[i], err = world.Split(m.rank%2, 0)
		default:
			m.comms[i], err = world.Dup()
		}
		m.ok(err)
	}
	for _, o := range p.Ranks[m.rank] {
		m.op = o
		m.perform(o)
	}
	for _, c := range m.comms {
		st, found, err := c.Iprobe(mpi.AnySource, mpi.AnyTag)
		m.ok(err)
		if found {
			m.t.Errorf("a message is left at the end: %+v", st)
		}
		m.ok(c.Free())
	}
}

func (m *machine) ok(err error) {
	if err != nil {
		m.t.Fatalf("step %d, %+v: %v", m.op.Step, m.op, err)
	}
}

func (m *machine) wrong(format string, args ...any) {
	m.t.Errorf("step %d, %+v: %s", m.op.Step, m.op, fmt.Sprintf(format, args...))
}

// check compares a received message with what the model says.
func (m *machine) check(o Op, b []byte, st mpi.Status) {
	want := body(o.ID, o.Len)
	if st.Source != o.Source || st.Tag != o.Got || st.Bytes != len(b) || !slices.Equal(b, want) {
		id := -1
		if len(b) >= 8 {
			id = idOf(b)
		}
		m.t.Errorf("step %d, %+v: got message %d of %d bytes with status %+v; want message %d of %d bytes from rank %d with tag %d",
			o.Step, o, id, len(b), st, o.ID, o.Len+8, o.Source, o.Got)
	}
}

func (m *machine) perform(o Op) {
	c := m.comms[o.Comm]
	switch o.Kind {
	case send:
		m.ok(mpi.Send(c, body(o.ID, o.Len), o.Peer, o.Tag))
	case ssend:
		m.ok(mpi.Ssend(c, body(o.ID, o.Len), o.Peer, o.Tag))
	case bsend:
		m.ok(mpi.Bsend(c, body(o.ID, o.Len), o.Peer, o.Tag))
	case isend:
		if r := m.used(); r != nil {
			m.ok(mpi.StartSend(c, r, body(o.ID, o.Len), o.Peer, o.Tag))
			m.reqs[o.Req] = r
			break
		}
		m.reqs[o.Req] = mpi.Isend(c, body(o.ID, o.Len), o.Peer, o.Tag)
	case issend:
		m.reqs[o.Req] = mpi.Issend(c, body(o.ID, o.Len), o.Peer, o.Tag)
	case irecv:
		buf := make([]byte, o.Len+8)
		r := m.used()
		if r != nil {
			m.ok(mpi.StartRecv(c, r, buf, o.Peer, o.Tag))
		} else {
			r = mpi.Irecv(c, buf, o.Peer, o.Tag)
		}
		m.reqs[o.Req] = r
		m.after[o.Req] = func() { m.check(o, buf[:min(r.Status().Bytes, len(buf))], r.Status()) }
	case recv, probeRecv, iprobeRecv, mprobeRecv, appendRecv:
		b, st := m.receive(c, o.Kind, o.Peer, o.Tag, o.Len)
		m.check(o, b, st)
	case wait, testWait:
		m.finish(o.Req, o.Kind == testWait)
	case waitAll:
		var list []*mpi.Request
		for _, r := range o.Reqs {
			list = append(list, m.reqs[r])
		}
		m.ok(mpi.WaitAll(list...))
		for _, r := range o.Reqs {
			m.finish(r, false)
		}
	case cancel:
		r := mpi.Irecv(c, make([]byte, o.Len), mpi.AnySource, 1000)
		m.ok(r.Cancel())
		st, err := r.Wait()
		m.ok(err)
		if !st.Cancelled {
			m.wrong("status %+v of a cancelled receive", st)
		}
	case collective, icollective:
		m.collective(c, o)
	case wildRound:
		m.round(c, o.Round)
	case shift:
		n, me := c.Size(), c.Rank()
		buf := make([]byte, o.Len+8)
		_, err := mpi.Sendrecv(c, body(o.Step*100+me, o.Len), (me+1)%n, 1, buf, (me+n-1)%n, 1)
		m.ok(err)
		if !slices.Equal(buf, body(o.Step*100+(me+n-1)%n, o.Len)) {
			m.wrong("Sendrecv got another message")
		}
	case isendObject:
		m.reqs[o.Req] = mpi.IsendObject(c, thing{o.ID, body(o.ID, o.Len)}, o.Peer, o.Tag)
	case recvObject:
		x, st, err := mpi.RecvObject[thing](c, o.Peer, o.Tag)
		m.ok(err)
		m.checkObject(o, x, st)
	case irecvObject:
		r := mpi.IrecvObject[thing](c, o.Peer, o.Tag)
		m.reqs[o.Req] = r.Request()
		m.after[o.Req] = func() {
			x, st, err := r.Wait()
			m.ok(err)
			m.checkObject(o, x, st)
		}
	case churn:
		d, err := c.Dup()
		m.ok(err)
		s, err := mpi.AllreduceValue(d, m.rank, mpi.Sum)
		m.ok(err)
		if s != m.size*(m.size-1)/2 {
			m.wrong("sum %d", s)
		}
		m.ok(d.Free())
	}
}

// used returns a request of the program's to start in, or nil where the library
// is to make one.
func (m *machine) used() *mpi.Request {
	if m.turn = !m.turn; m.turn {
		return nil
	}
	n := len(m.spare)
	if n == 0 {
		r := new(mpi.Request)
		m.own[r] = true
		return r
	}
	r := m.spare[n-1]
	m.spare = m.spare[:n-1]
	return r
}

// thing is the type of the objects.
type thing struct {
	ID   int
	Body []byte
}

func (m *machine) checkObject(o Op, x thing, st mpi.Status) {
	if x.ID != o.ID || !slices.Equal(x.Body, body(o.ID, o.Len)) || st.Source != o.Source {
		m.t.Errorf("step %d, %+v: got object %d of %d bytes with status %+v", o.Step, o, x.ID, len(x.Body), st)
	}
}

// receive receives in one of the blocking ways a message of up to n+8 bytes.
func (m *machine) receive(c *mpi.Comm, how, source, tag, n int) ([]byte, mpi.Status) {
	switch how {
	case probeRecv, iprobeRecv:
		var st mpi.Status
		var err error
		if how == probeRecv {
			st, err = c.Probe(source, tag)
		} else {
			for found := false; !found && err == nil; {
				st, found, err = c.Iprobe(source, tag)
			}
		}
		m.ok(err)
		buf := make([]byte, st.Bytes)
		got, err := mpi.Recv(c, buf, st.Source, st.Tag)
		m.ok(err)
		if got != st {
			m.wrong("Probe says %+v, Recv %+v", st, got)
		}
		return buf, got
	case mprobeRecv:
		msg, st, err := c.Mprobe(source, tag)
		m.ok(err)
		buf := make([]byte, st.Bytes)
		got, err := mpi.Mrecv(msg, buf)
		m.ok(err)
		if got != st {
			m.wrong("Mprobe says %+v, Mrecv %+v", st, got)
		}
		return buf, got
	case appendRecv:
		b, st, err := mpi.RecvAppend[byte](c, nil, source, tag)
		m.ok(err)
		return b, st
	}
	buf := make([]byte, n+8)
	st, err := mpi.Recv(c, buf, source, tag)
	m.ok(err)
	return buf[:min(st.Bytes, len(buf))], st
}

// finish completes a request.
func (m *machine) finish(id int, test bool) {
	r := m.reqs[id]
	if test {
		for done := false; !done; {
			var err error
			_, done, err = r.Test()
			m.ok(err)
		}
	} else {
		_, err := r.Wait()
		m.ok(err)
	}
	if f := m.after[id]; f != nil {
		f()
	}
	delete(m.reqs, id)
	delete(m.after, id)
	if m.own[r] {
		m.spare = append(m.spare, r)
	}
}

// round sends this rank's messages of a round and receives those that are for
// it from anywhere: each once, those of one sender in order.
func (m *machine) round(c *mpi.Comm, r *Round) {
	var reqs []*mpi.Request
	for _, o := range r.Sends {
		switch b := body(o.ID, o.Len); o.Kind {
		case bsend:
			m.ok(mpi.Bsend(c, b, o.Peer, o.Tag))
		case isend:
			reqs = append(reqs, mpi.Isend(c, b, o.Peer, o.Tag))
		case issend:
			reqs = append(reqs, mpi.Issend(c, b, o.Peer, o.Tag))
		}
	}
	last := map[[2]int]int{} // by sender and, where tags count, tag
	left := r.Tags
	const longest = 200000
	for _, how := range r.How {
		tag := mpi.AnyTag
		if !r.AnyTag {
			tag = 0
			if left[0] == 0 || left[1] > left[0] {
				tag = 1
			}
			left[tag]--
		}
		b, st := m.receive(c, []int{recv, probeRecv, mprobeRecv, appendRecv}[how], mpi.AnySource, tag, longest)
		id := idOf(b)
		key := [2]int{st.Source, tag}
		if id <= last[key] || !slices.Equal(b, body(id, len(b)-8)) || tag != mpi.AnyTag && st.Tag != tag {
			m.wrong("message %d with status %+v after message %d of the same sender", id, st, last[key])
		}
		last[key] = id
	}
	m.ok(mpi.WaitAll(reqs...))
	m.ok(c.Barrier())
}
