package embedded

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"unsafe"

	"github.com/cockroachdb/datadriven"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// The stories in testdata tell what ranks do to each other, frame by frame. No
// rank does anything by itself: each command makes one call, and below it stands
// all that happens until every call has ended or its rank is held (it sleeps, it
// has yielded its core, or the story holds its copies).
//
//	world hosts=(0,0)             ranks on these hosts, which know each other's rings
//	  yields=1, strangers         they yield before they sleep; they have no rings yet
//	  claims=0                    so many sends of a rank can be taken back by the table of claims
//	isend 0 a to=1 tag=3 bytes=8  a nonblocking send of rank 0, called a; and sync, ready
//	irecv 1 b from=0 tag=3 bytes=8
//	send, recv, wait 0 a          calls that block
//	cancel 0 a, give-up a         of a nonblocking operation, of a call that blocks
//	progress 0                    one look at what has arrived
//	help 0, tick 0                progress by another rank, by the background goroutine
//	hold 0, copy 0, release 0     hold the copies of rank 0; let one go on; let all go on
//	forbid 0                      no copy of rank 0 succeeds
//	core 0                        a rank that has yielded its core has it again
//	revoke 0 why, fail 0 why, finalize 0
//	state 0, frames 0>1           what is under way on rank 0; what rank 1 has not read
//
// With -rewrite the outputs become what happens now.
func TestStories(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		synctest.Test(t, func(t *testing.T) {
			w := &world{}
			defer func() { w.end(t) }()
			datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
				return w.do(t, d)
			})
		})
	})
}

// world is the ranks of a story and their operations.
type world struct {
	*scripted
	ranks   []*endpoint
	acts    []*act
	begun   string // where in the script
	rewrite bool   // the next run will find what is wrong
}

// act is an operation or a call of a story.
type act struct {
	name string
	rank int
	recv bool
	buf  []byte
	req  engine.Request // of a nonblocking one, once its call has ended
	over chan struct{}  // closed when a call that blocks has ended; nil: nonblocking
	stop chan struct{}  // closed to give the call up
	st   engine.Status
	err  error
	told bool // its end has been written down
}

// end ends a story: everything that was begun has ended, or it is an error.
func (w *world) end(t *testing.T) {
	if w.scripted == nil {
		return
	}
	for _, a := range w.acts {
		if !a.told && !w.actors[a.rank].failed && !w.rewrite && !t.Failed() {
			t.Errorf("%s: %s of rank %d has not ended at the end of the story", w.begun, a.name, a.rank)
		}
	}
	w.close()
	for _, a := range w.acts {
		a.giveUp()
	}
	for _, ep := range w.ranks {
		ep.Fail("the story is over")
	}
	w.untilHeld(w.busy)
	w.scripted, w.ranks, w.acts = nil, nil, nil
}

// busy reports whether a goroutine waits for the lock of a rank.
func (w *world) busy() bool { return slices.ContainsFunc(w.ranks, lockWanted) }

func (a *act) giveUp() {
	select {
	case <-a.stop:
	default:
		close(a.stop)
	}
}

// do performs a command and returns what has happened.
func (w *world) do(t *testing.T, d *datadriven.TestData) string {
	switch d.Cmd {
	case "world":
		w.end(t)
		hosts, yields, claims, strangers := []int(nil), 0, math.MaxInt, false
		for _, arg := range d.CmdArgs {
			switch arg.Key {
			case "hosts":
				for _, v := range arg.Vals {
					hosts = append(hosts, number(t, d, v))
				}
			case "yields":
				yields = number(t, d, arg.Vals[0])
			case "claims":
				claims = number(t, d, arg.Vals[0])
			case "strangers":
				strangers = true
			default:
				d.Fatalf(t, "unknown argument %s", arg.Key)
			}
		}
		s, ends := newScripted(hosts, yields)
		w.scripted, w.begun, w.rewrite = s, d.Pos, d.Rewrite
		s.claims = claims
		for _, end := range ends {
			w.ranks = append(w.ranks, newRank(end))
		}
		if !strangers {
			introduce(w.ranks)
		}
		return ""
	case "frames":
		from, to, _ := strings.Cut(d.CmdArgs[0].Key, ">")
		a, b := number(t, d, from), number(t, d, to)
		next, known := unread(w.ranks[b], a)
		if list := w.unreadFrames(a, b, next, known); len(list) > 0 {
			return strings.Join(list, "\n")
		}
		return "none"
	case "give-up":
		w.act(t, d, d.CmdArgs[0].Key).giveUp()
		return w.tell()
	}
	r := number(t, d, d.CmdArgs[0].Key)
	ep, actor, word := w.ranks[r], w.actors[r], ""
	if len(d.CmdArgs) > 1 {
		word = d.CmdArgs[1].Key
	}
	switch d.Cmd {
	case "state":
		return describe(ep)
	case "hold":
		actor.hold = true
		return ""
	case "forbid":
		actor.forbidden = true
		return ""
	case "release":
		actor.hold = false
		for w.letCopy(actor) {
		}
	case "copy":
		if !w.letCopy(actor) {
			d.Fatalf(t, "rank %d is not about to copy", r)
		}
	case "core":
		if !w.letRun(actor) {
			d.Fatalf(t, "rank %d has not yielded its core", r)
		}
	case "isend", "irecv", "send", "recv":
		w.begin(t, d, ep, word)
	case "wait":
		a := w.act(t, d, word)
		go func() { // what comes of it is told by the end of a
			_, _ = a.req.Wait(a.stop)
		}()
	case "cancel":
		a := w.act(t, d, word)
		go func() {
			if err := a.req.Cancel(); err != nil {
				t.Error(err)
			}
		}()
	case "progress":
		go lookOnce(ep)
	case "help":
		go ep.own.Help()
	case "tick":
		go tickOnce(ep)
	case "revoke":
		go ep.World().Revoke(word)
	case "fail":
		actor.failed = true
		go ep.Fail(word)
	case "finalize":
		a := w.newAct(r, "finalize")
		a.over = make(chan struct{})
		go func() {
			a.err = ep.Finalize()
			close(a.over)
		}()
	default:
		d.Fatalf(t, "unknown command")
	}
	return w.tell()
}

func (w *world) newAct(rank int, name string) *act {
	a := &act{name: name, rank: rank, stop: make(chan struct{})}
	w.acts = append(w.acts, a)
	return a
}

// act finds an operation by its name.
func (w *world) act(t *testing.T, d *datadriven.TestData, name string) *act {
	for _, a := range w.acts {
		if a.name == name {
			return a
		}
	}
	d.Fatalf(t, "there is no operation %q", name)
	return nil
}

// begin starts a send or a receive.
func (w *world) begin(t *testing.T, d *datadriven.TestData, ep *endpoint, name string) {
	a := w.newAct(ep.rank, name)
	a.recv = strings.HasSuffix(d.Cmd, "recv")
	peer, tag, n, mode := 0, 0, 0, engine.Standard
	for _, arg := range d.CmdArgs[2:] {
		switch arg.Key {
		case "to", "from":
			if arg.Vals[0] == "any" {
				peer = engine.AnySource
			} else {
				peer = number(t, d, arg.Vals[0])
			}
		case "tag":
			tag = number(t, d, arg.Vals[0])
		case "bytes":
			n = number(t, d, arg.Vals[0])
		case "sync":
			mode = engine.Synchronous
		case "ready":
			mode = engine.Ready
		default:
			d.Fatalf(t, "unknown argument %s", arg.Key)
		}
	}
	a.buf = make([]byte, n+1)
	w.buffers = append(w.buffers, a.buf)
	if !a.recv {
		fill(a.buf[:n], len(w.acts))
	}
	buf := engine.Buf{Ptr: unsafe.Pointer(&a.buf[0]), Count: n, Type: rawType}
	comm := ep.World()
	if strings.HasPrefix(d.Cmd, "i") {
		go func() {
			var err error
			var req engine.Request
			if a.recv {
				req, err = comm.Irecv(buf, peer, tag)
			} else {
				req, err = comm.Isend(buf, peer, tag, mode)
			}
			if err != nil {
				t.Error(err)
			}
			a.req = req
		}()
		return
	}
	a.over = make(chan struct{})
	go func() {
		if a.recv {
			a.st, a.err = comm.Recv(buf, peer, tag, a.stop)
		} else {
			a.err = comm.Send(buf, peer, tag, mode, a.stop)
		}
		close(a.over)
	}()
}

// fill makes the bytes of a message, which differ from those of any other.
func fill(p []byte, seed int) {
	for i := range p {
		p[i] = byte(seed*31 + i*7 + i>>8*13)
	}
}

// tell returns what has happened since the last command.
func (w *world) tell() string {
	lines := w.untilHeld(w.busy)
	for _, a := range w.acts {
		if a.told || !a.ended() {
			continue
		}
		a.told = true
		lines = append(lines, w.fate(a))
	}
	if len(lines) == 0 {
		return "nothing"
	}
	return strings.Join(lines, "\n")
}

// ended reports whether an operation has ended, and notes how.
func (a *act) ended() (over bool) {
	switch {
	case a.over != nil:
		select {
		case <-a.over:
			return true
		default:
			return false
		}
	case a.req == nil: // its call has not ended
		return false
	}
	a.st, over, a.err = outcome(a.req)
	return over
}

// fate says how an operation has ended.
func (w *world) fate(a *act) string {
	switch {
	case a.st.Cancelled && a.recv:
		return a.name + " is cancelled"
	case a.st.Cancelled || errors.Is(a.err, errStopped):
		return a.name + " is taken back"
	case a.err != nil:
		return fmt.Sprintf("%s fails: %v", a.name, a.err)
	case !a.recv:
		return a.name + " is done"
	}
	return fmt.Sprintf("%s has %d bytes of %s, from %d, tag %d", a.name, a.st.Bytes, w.author(a.buf[:a.st.Bytes]), a.st.Source, a.st.Tag)
}

// author finds the send that bytes are of.
func (w *world) author(p []byte) string {
	for _, a := range w.acts {
		if n := len(a.buf) - 1; !a.recv && n >= len(p) && n > 0 && string(a.buf[:len(p)]) == string(p) {
			return a.name
		}
	}
	return "nobody"
}

func number(t *testing.T, d *datadriven.TestData, s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		d.Fatalf(t, "%v", err)
	}
	return n
}
