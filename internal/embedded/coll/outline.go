package coll

import (
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// Outline is the graph of one rank's part of a collective without the memory it
// works on: what there is to send, to receive and to compute, and what waits for
// what. It is for looking at a schedule, or for playing it.
type Outline struct {
	Steps []Step
	Edges []int32 // Edges[First:Last] of a step are the steps that wait for its end
	Temp  int     // bytes of temporary memory

	s      *Schedule
	places [][3]place // of each vertex: dst, a, b
	stages []Stage    // of each vertex
}

// Action is what a step does.
type Action uint8

// The actions.
const (
	Join   Action = iota // nothing: it stands for the end of all it waits for
	Send                 // N bytes at A to Peer
	Recv                 // N bytes from Peer to Dst
	Reduce               // Dst = A op B, N bytes each
	Move                 // N bytes from A to Dst; Run is 0 where they lie in one piece in both
)

// Step is a vertex of the graph. Steps come after those that they wait for.
type Step struct {
	Do          Action
	Stage       Stage
	Peer        int32 // the rank at the other end
	N           int   // bytes
	Waits       int32 // number of steps that have to end, or to begin (Next), before this one
	First, Last int32
	Next        int32 // a message that may begin when this one has begun; 0: none
	Dst, A, B   Place

	Run, DstStep, AStep int // of a Move in runs: their length, and how far apart they are
}

// Place is where in a rank's memory a step's data lies.
type Place struct {
	In  Memory
	Off int
}

// Memory is one of the memories of a rank.
type Memory uint8

// The memories.
const (
	Nowhere Memory = iota
	SendBuf        // the buffer Send of the call
	RecvBuf        // the buffer Recv of the call
	TempBuf        // temporary memory
)

var sendMark, recvMark byte

// Of lays out what [BuildBy] would for the same call, in the memory that o has
// from the call before. The buffers of k need no address. The collectives with
// layouts have no outline.
func (o *Outline) Of(k engine.Coll, rank, size int, p Plan) error {
	if k.Kind == engine.Alltoallw {
		return engine.Errorf(engine.ErrIntern, "collective schedule: %v has no outline", k.Kind)
	}
	if err := check(&k, rank, size); err != nil {
		return err
	}
	if o.s == nil {
		o.s = &Schedule{}
	}
	s := o.s
	*s = Schedule{vertices: s.vertices[:0], edges: s.edges[:0], queue: s.queue[:0], strides: s.strides[:0]}
	s.b = builders.Get().(*builder)
	o.places, o.stages = o.places[:0], o.stages[:0]
	s.b.outline = o
	k.Send.Ptr, k.Recv.Ptr = nil, nil
	if k.Send.Type != nil {
		k.Send.Ptr = unsafe.Pointer(&sendMark)
	}
	if k.Recv.Type != nil {
		k.Recv.Ptr = unsafe.Pointer(&recvMark)
	}
	s.layOut(&k, rank, size, &standard, p)
	o.Temp = s.b.temp
	s.finish()

	o.Steps, o.Edges = o.Steps[:0], s.edges
	for i := range s.vertices {
		v, at := &s.vertices[i], &o.places[i]
		st := Step{
			Stage: o.stages[i], Peer: v.peer, N: v.n, Waits: v.deps, First: v.first, Last: v.last, Next: v.next,
			Dst: at[0].outline(), A: at[1].outline(), B: at[2].outline(),
		}
		switch v.kind {
		case send:
			st.Do = Send
		case recv:
			st.Do = Recv
		case reduce:
			st.Do, st.N = Reduce, v.n*s.elem
		case move:
			st.Do = Move
		case stride:
			r := s.strides[v.peer]
			st.Do, st.Peer, st.Run, st.DstStep, st.AStep = Move, 0, r.run, r.dst, r.src
		}
		o.Steps = append(o.Steps, st)
	}
	return nil
}

func (p place) outline() Place {
	switch p.base {
	case unsafe.Pointer(&sendMark):
		return Place{SendBuf, p.off}
	case unsafe.Pointer(&recvMark):
		return Place{RecvBuf, p.off}
	case tempBase:
		return Place{TempBuf, p.off}
	}
	return Place{}
}
