package mpi

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// name writes a word as the table of stateWord does.
func (w stateWord) name() string {
	if w == 0 {
		return "0"
	}
	var bits []string
	for _, b := range []struct {
		bit  stateWord
		name string
	}{{over, "over"}, {failed, "failed"}, {attended, "attended"}, {handedOut, "handedOut"}, {locked, "locked"}} {
		if w&b.bit != 0 {
			bits = append(bits, b.name)
		}
	}
	return strings.Join(bits, "+")
}

// words are all words that a request can have: running ones, and complete ones
// with any of the other bits.
func words() (list []stateWord) {
	list = []stateWord{0, locked, attended, attended | locked}
	for _, f := range []stateWord{0, failed} {
		for _, a := range []stateWord{0, attended} {
			for _, h := range []stateWord{0, handedOut} {
				for _, l := range []stateWord{0, locked} {
					list = append(list, over|f|a|h|l)
				}
			}
		}
	}
	return list
}

// in makes a running or complete request whose word is w.
func in(w stateWord) *Request {
	r := &Request{operation: &operation{req: engine.Completed{}}, state: w}
	if w&over != 0 {
		r.ended = true
	}
	return r
}

// event is something that happens to the word of a request.
type event struct {
	name string

	// to is where it takes a word, and whether it is allowed there: a refused one
	// leaves the word alone. possible leaves out words in which nobody does it.
	possible func(w stateWord) bool
	to       func(w stateWord) (stateWord, bool)

	do func(r *Request) bool // true: allowed
}

func always(stateWord) bool         { return true }
func complete(w stateWord) bool     { return w&over != 0 }
func heldRunning(w stateWord) bool  { return w&(locked|over) == locked }
func heldComplete(w stateWord) bool { return w&locked != 0 && w&over != 0 }
func yes(f func(*Request)) func(*Request) bool {
	return func(r *Request) bool { f(r); return true }
}

// events are all that happens to a word: what the engine does, what calls do
// that look at a request, and the ends of their work.
func events() []event {
	list := []event{
		{"the engine leaves the outcome", always,
			func(w stateWord) (stateWord, bool) {
				if w == 0 {
					return over, true
				}
				return w, false
			},
			func(r *Request) bool { // as an engine does it, see engine.Outcome
				if !r.state.swap(0, stateWord(engine.OutcomeReserved)) {
					return false
				}
				r.state.store(stateWord(engine.OutcomeDone))
				return true
			}},
		{"a call takes the lock", always,
			func(w stateWord) (stateWord, bool) { return w | locked, w&locked == 0 },
			func(r *Request) bool {
				if r.state.load()&locked != 0 {
					return false // lock would wait for the holder
				}
				r.lock()
				return true
			}},
		{"a call hands out", complete,
			func(w stateWord) (stateWord, bool) { return w | handedOut, true },
			yes(func(r *Request) { r.handOut() })},
		{"a call claims", complete,
			func(w stateWord) (stateWord, bool) { return w | handedOut, w&handedOut == 0 },
			func(r *Request) bool { return r.claim() }},
		{"a late call lets go", heldComplete,
			func(w stateWord) (stateWord, bool) { return w &^ locked, true },
			yes(func(r *Request) { r.unlock() })},
		{"a late call lets go and reports", heldComplete,
			func(w stateWord) (stateWord, bool) { return w&^locked | handedOut, true },
			yes(func(r *Request) { r.unlockOut() })},
	}
	// What the holder of the lock leaves, by what it has found.
	for _, blocks := range []bool{false, true} {
		for _, fails := range []bool{false, true} {
			for _, ends := range []bool{false, true} {
				for _, reports := range []bool{false, true} {
					var left stateWord
					if blocks {
						left |= attended
					}
					if ends {
						left |= over
						if fails {
							left |= failed
						}
						if reports {
							left |= handedOut
						}
					}
					list = append(list, event{
						fmt.Sprintf("the holder lets go (goroutine blocks: %v, ended: %v, error: %v, reports: %v)", blocks, ends, fails, reports),
						heldRunning,
						func(stateWord) (stateWord, bool) { return left, true },
						yes(func(r *Request) {
							r.busy, r.ended = blocks, ends
							if fails {
								r.extra().err = errors.New("an error")
							}
							if reports {
								r.unlockOut()
							} else {
								r.unlock()
							}
						}),
					})
				}
			}
		}
	}
	return list
}

// Every event takes every word where the table says, or is refused and leaves
// the word; no event leads to a word that is not in the table.
func TestStateTransitions(t *testing.T) {
	known := map[stateWord]bool{}
	for _, w := range words() {
		known[w] = true
	}
	reached := map[stateWord]bool{0: true, locked: true} // of a new request: begin, and reserve before it
	for _, e := range events() {
		for _, from := range words() {
			if !e.possible(from) {
				continue
			}
			r := in(from)
			allowed := e.do(r)
			want, ok := e.to(from)
			if got := r.state.load(); got != want || allowed != ok {
				t.Errorf("%s in %s: %s, allowed %v; want %s, %v", e.name, from.name(), got.name(), allowed, want.name(), ok)
			} else if !known[got] {
				t.Errorf("%s in %s leads to %s, which is no state", e.name, from.name(), got.name())
			} else {
				reached[got] = true
			}
		}
	}
	for _, w := range words() {
		if !reached[w] {
			t.Errorf("nothing leads to %s", w.name())
		}
	}
	if len(known) != 20 {
		t.Errorf("%d words are in the table, want 20", len(known))
	}
}

// What the words say to those that only look.
func TestStatePredicates(t *testing.T) {
	for _, w := range words() {
		r := in(w)
		running := w&over == 0
		switch {
		case r.isOver() == running, r.isOut() != (w&handedOut != 0), r.pending() != running, r.none():
			t.Errorf("%s: over %v, handed out %v, pending %v, none %v", w.name(), r.isOver(), r.isOut(), r.pending(), r.none())
		}
		// Memory is used again only of what is complete without an error, and to
		// which no goroutine comes back.
		s := slab{list: make([]Request, 1)}
		s.list[0].state = w
		if again := w == over || w == over|handedOut; s.over() != again {
			t.Errorf("%s: the slab is over: %v, want %v", w.name(), s.over(), again)
		}
		r.op = opStartRecv
		if again := w&over != 0 && w&handedOut != 0; r.startable() != again {
			t.Errorf("%s: can be started: %v, want %v", w.name(), r.startable(), again)
		}
	}
	if zero := new(Request); !zero.none() || !zero.isOver() || !zero.startable() {
		t.Error("the zero Request is not complete")
	}
}

// The ways into and out of the table: a request that is begun, complete at once,
// or refused.
func TestStateBegins(t *testing.T) {
	c := &Comm{st: &commState{proc: &process{}}}
	for what, want := range map[string]stateWord{"begun": 0, "at once": over, "refused": over | failed} {
		for _, from := range []stateWord{0, over | handedOut, over | attended | handedOut, over | failed | handedOut} {
			r := in(from)
			r.reserve()
			if got := r.state.load(); got != locked {
				t.Errorf("reserve leads from %s to %s", from.name(), got.name())
			}
			var err error
			var req engine.Request = layered{}
			switch what {
			case "at once":
				req = engine.Completed{}
			case "refused":
				req, err = nil, errorText("refused")
				c.st.name.Store(new(string))
			}
			r.wrap(c, opStartRecv, 0, 0, req, emptyStatus, err)
			if got := r.state.load(); got != want || r.isOver() != (want != 0) || (r.err() != nil) != (err != nil) {
				t.Errorf("%s: from %s to %s, error %v; want %s", what, from.name(), got.name(), r.err(), want.name())
			}
		}
	}
}

// layered is a request that is under way.
type layered struct{ engine.Request }
