package simulate

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/ringo-mpi/ringo/internal/embedded/coll"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// shape is a schedule without its peers: most ranks of a collective share a few.
type shape struct {
	do    []coll.Action
	bytes []int64
	waits []int32
	next  []int32
	first []int32 // edges[first[i]:first[i+1]] wait for vertex i
	edges []int32
}

// world is the programs of the ranks that are played, in arrays over all their
// vertices.
type world struct {
	ranks  int // that are played
	hosts  int // of those
	per    int // ranks of a host
	shapes []*shape
	shape  []int32 // of each rank
	start  []int32 // the first vertex of each rank, and the end

	peer []int32 // of a message: the rank at the other end, as it is played
	mate []int32 // of a message: the vertex at the other end
	far  []bool  // of a message: it is between hosts
}

// question is what is asked: a collective on so many ranks, or one stage of it.
type question struct {
	call  engine.Coll
	plan  coll.Plan
	ranks int
	per   int

	stage  coll.Stage // Whole: all stages
	stride int        // rank i of those that are played is rank i·stride
	played int        // how many those are; 0: all
}

// errTooLong is the error of load where there are more steps than the limit.
var errTooLong = errors.New("more steps than are played")

// errApart is the error of load where a message has no other end: the schedules
// are wrong, or those of other hosts are not what the image makes of them.
var errApart = errors.New("the schedules do not fit each other")

// shapeWeight is how many steps the memory of a step of a new shape is worth.
const shapeWeight = 4

// part is what one worker lays out: the ranks from lo on.
type part struct {
	shape []int32 // numbers of shapes
	sizes []int32
	peer  []int32
	err   error
}

// table holds the shapes that have been met.
type table struct {
	room   atomic.Int64 // steps that may still be added
	mu     sync.Mutex
	byText map[string]int32
	all    []*shape
}

// load lays out the programs of the ranks that image plays, at most limit
// vertices.
func load(q *question, im image, limit, workers int) (*world, error) {
	n := im.ranks(q)
	workers = max(1, min(workers, n))
	parts := make([]part, workers)
	shapes := &table{byText: map[string]int32{}}
	shapes.room.Store(int64(limit))
	var group sync.WaitGroup
	for w := range parts {
		group.Go(func() {
			parts[w] = layOut(q, shapes, n*w/workers, n*(w+1)/workers)
		})
	}
	group.Wait()

	per := q.per / q.stride
	w := &world{ranks: n, per: per, hosts: (n + per - 1) / per, shapes: shapes.all, shape: make([]int32, 0, n), start: make([]int32, 1, n+1)}
	total := 0
	for _, p := range parts {
		if p.err != nil {
			return nil, p.err
		}
		total += len(p.peer)
	}
	w.peer = make([]int32, 0, total)
	for i := range parts {
		p := &parts[i]
		w.shape = append(w.shape, p.shape...)
		w.peer = append(w.peer, p.peer...)
		for _, size := range p.sizes {
			w.start = append(w.start, w.start[len(w.start)-1]+size)
		}
		*p = part{}
	}
	return w, w.join(q, im, workers)
}

func layOut(q *question, shapes *table, lo, hi int) (p part) {
	var o coll.Outline
	var text []byte
	known := map[string]int32{} // what this worker has met, so that it need not lock
	for r := lo; r < hi; r++ {
		if p.err = o.Of(q.call, r*q.stride, q.ranks, q.plan); p.err != nil {
			return p
		}
		if q.stage != coll.Whole {
			only(&o, q.stage)
		}
		if shapes.room.Add(-int64(len(o.Steps))) < 0 {
			p.err = errTooLong
			return p
		}
		text = text[:0]
		for i := range o.Steps {
			st := &o.Steps[i]
			text = append(text, byte(st.Do))
			text = binary.AppendUvarint(text, uint64(st.N))
			text = binary.AppendUvarint(text, uint64(st.Waits))
			text = binary.AppendUvarint(text, uint64(st.Next))
			text = binary.AppendUvarint(text, uint64(st.Last-st.First))
			for _, e := range o.Edges[st.First:st.Last] {
				text = binary.AppendUvarint(text, uint64(e-int32(i)))
			}
			peer := int32(-1)
			if st.Do == coll.Send || st.Do == coll.Recv {
				peer = st.Peer / int32(q.stride)
			}
			p.peer = append(p.peer, peer)
		}
		number, ok := known[string(text)]
		if !ok {
			number = shapes.number(string(text), &o)
			known[string(text)] = number
		}
		p.shape = append(p.shape, number)
		p.sizes = append(p.sizes, int32(len(o.Steps)))
	}
	return p
}

func (t *table) number(text string, o *coll.Outline) int32 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if i, ok := t.byText[text]; ok {
		return i
	}
	t.room.Add(-shapeWeight * int64(len(o.Steps)))
	s := &shape{edges: slices.Clone(o.Edges), first: make([]int32, 1, len(o.Steps)+1)}
	for i := range o.Steps {
		st := &o.Steps[i]
		s.do = append(s.do, st.Do)
		s.bytes = append(s.bytes, int64(st.N))
		s.waits = append(s.waits, st.Waits)
		s.next = append(s.next, st.Next)
		s.first = append(s.first, st.Last)
	}
	i := int32(len(t.all))
	t.all = append(t.all, s)
	t.byText[text] = i
	return i
}

// only leaves the steps of one stage in an outline.
func only(o *coll.Outline, stage coll.Stage) {
	number := make([]int32, len(o.Steps)) // of a step among those that stay
	n := int32(0)
	for i := range o.Steps {
		number[i] = -1
		if o.Steps[i].Stage == stage {
			number[i] = n
			n++
		}
	}
	steps, edges := make([]coll.Step, 0, n), make([]int32, 0, len(o.Edges))
	for i, st := range o.Steps {
		if number[i] < 0 {
			continue
		}
		first := int32(len(edges))
		for _, e := range o.Edges[st.First:st.Last] {
			if number[e] >= 0 {
				edges = append(edges, number[e])
			}
		}
		st.First, st.Last, st.Waits = first, int32(len(edges)), 0
		if st.Next != 0 {
			st.Next = max(0, number[st.Next])
		}
		steps = append(steps, st)
	}
	for _, e := range edges {
		steps[e].Waits++
	}
	for _, st := range steps {
		if st.Next != 0 {
			steps[st.Next].Waits++
		}
	}
	o.Steps, o.Edges = append(o.Steps[:0], steps...), edges
}

// of returns the shape of a rank and its first vertex.
func (w *world) of(rank int) (*shape, int32) { return w.shapes[w.shape[rank]], w.start[rank] }

// A message in the order in which messages match: by direction, then peer, then
// issue.
type ordered uint64

const receives = ordered(1) << 63

func (o ordered) vertex() int32 { return int32(o & (1<<31 - 1)) }
func (o ordered) peer() int     { return int(o >> 31 & (1<<31 - 1)) }

// match returns the messages of a rank in that order.
func (w *world) match(rank int, to []ordered) []ordered {
	s, first := w.of(rank)
	for i, do := range s.do {
		if do != coll.Send && do != coll.Recv {
			continue
		}
		o := ordered(w.peer[first+int32(i)])<<31 | ordered(i)
		if do == coll.Recv {
			o |= receives
		}
		to = append(to, o)
	}
	slices.Sort(to)
	return to
}

// join finds the receive of every send, and turns peers into those that are
// played. That every message has its other end, of the same length, is checked
// here: what does not fit is an error of the schedule.
func (w *world) join(q *question, im image, workers int) error {
	w.mate, w.far = make([]int32, len(w.peer)), make([]bool, len(w.peer))
	var all []ordered // of all ranks, one after another
	at := make([]int32, w.ranks+1)
	for r := range w.ranks {
		s, _ := w.of(r)
		n := int32(0)
		for _, do := range s.do {
			if do == coll.Send || do == coll.Recv {
				n++
			}
		}
		at[r+1] = at[r] + n
	}
	all = make([]ordered, at[w.ranks])
	errs := make([]error, workers)
	each := func(do func(r int) error) error {
		var group sync.WaitGroup
		for k := range workers {
			group.Go(func() {
				for r := w.ranks * k / workers; r < w.ranks*(k+1)/workers && errs[k] == nil; r++ {
					errs[k] = do(r)
				}
			})
		}
		group.Wait()
		for _, err := range errs {
			if err != nil {
				return err
			}
		}
		return nil
	}
	err := each(func(r int) error {
		w.match(r, all[at[r]:at[r]])
		return nil
	})
	if err != nil {
		return err
	}
	// The sends of a rank to one peer are one run; so are the receives there.
	err = each(func(r int) error {
		own := all[at[r]:at[r+1]]
		s, first := w.of(r)
		for i := 0; i < len(own) && own[i] < receives; {
			to := own[i].peer()
			other, from := im.at(q, r, to)
			theirs := all[at[other]:at[other+1]]
			j, _ := slices.BinarySearch(theirs, receives|ordered(from)<<31)
			os, otherFirst := w.of(other)
			for ; i < len(own) && own[i] < receives && own[i].peer() == to; i, j = i+1, j+1 {
				if j == len(theirs) || theirs[j].peer() != from {
					return fmt.Errorf("%w: rank %d has no receive for a message of rank %d", errApart, to, r)
				}
				a, b := own[i].vertex(), theirs[j].vertex()
				if s.bytes[a] != os.bytes[b] {
					return fmt.Errorf("%w: rank %d sends %d bytes to rank %d, which expects %d", errApart, r, s.bytes[a], to, os.bytes[b])
				}
				w.mate[first+a] = otherFirst + b
				w.mate[otherFirst+b] = first + a
				w.far[first+a] = r/w.per != to/w.per
				w.far[otherFirst+b] = w.far[first+a]
			}
			if j < len(theirs) && theirs[j].peer() == from {
				return fmt.Errorf("%w: rank %d awaits more messages of rank %d than that sends", errApart, to, r)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return each(func(r int) error {
		s, first := w.of(r)
		for _, o := range all[at[r]:at[r+1]] {
			v := first + o.vertex()
			if s.do[o.vertex()] == coll.Recv && w.mate[v] == 0 && !w.isMate(v) {
				return fmt.Errorf("%w: rank %d awaits a message of rank %d that is not sent", errApart, r, w.peer[v])
			}
			other, _ := im.at(q, r, o.peer())
			w.peer[v] = int32(other)
		}
		return nil
	})
}

// isMate reports whether the mate of a receive has it as its own mate: vertex 0
// is also the mate of what has none.
func (w *world) isMate(v int32) bool { return w.mate[w.mate[v]] == v && w.mate[v] != v }
