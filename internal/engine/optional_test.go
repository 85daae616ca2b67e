package engine

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// few is an engine with a communicator that have no capability.
type few struct{ Engine }

func (few) Info() Info { return Info{Name: "few"} }

type fewComm struct{ Comm }

// many has all capabilities, as its communicator has, except those that it says
// it lacks.
type many struct {
	few
	Recycler
	Growing
	Spawner
	Ports
	lacks map[Capability]string
}

func (m many) Lacks(c Capability) string { return m.lacks[c] }

type manyComm struct {
	fewComm
	EarlyReceiver
	Persistent
	Intercomms
	Windows
	Files
}

// finders ask for each capability by its interface.
var finders = [...]func(Engine, Comm) (any, error){
	EarlyReceive:  find[EarlyReceiver](EarlyReceive),
	Recycling:     find[Recycler](Recycling),
	Persistence:   find[Persistent](Persistence),
	TwoGroups:     find[Intercomms](TwoGroups),
	OneSided:      find[Windows](OneSided),
	ParallelFiles: find[Files](ParallelFiles),
	Growth:        find[Growing](Growth),
	Spawning:      find[Spawner](Spawning),
	Connecting:    find[Ports](Connecting),
}

var _ [NumCapabilities]struct{} = [len(finders)]struct{}{} // every capability has a finder

func find[T any](c Capability) func(Engine, Comm) (any, error) {
	return func(eng Engine, comm Comm) (any, error) {
		t, err := Find[T](eng, comm, c)
		return t, err
	}
}

// Each capability is found where it is, and is ErrUnsupported with its name and
// the reason where it is not: where the engine has no such methods, and where it
// says that it lacks what it has methods for.
func TestCapabilities(t *testing.T) {
	for c := range NumCapabilities {
		if found, err := finders[c](many{}, manyComm{}); found == nil || err != nil {
			t.Errorf("%v is not found: %v", c, err)
		}
		lacking := many{lacks: map[Capability]string{c: "the library is too old"}}
		for reason, eng := range map[string]Engine{"the few engine has none": few{}, "the library is too old": lacking} {
			var comm Comm = manyComm{}
			if reason != "the library is too old" {
				comm = fewComm{}
			}
			found, err := finders[c](eng, comm)
			if want := "not supported by this engine: " + c.String() + ": " + reason; found != nil || !errors.Is(err, ErrUnsupported) || err.Error() != want {
				t.Errorf("%v: %v, %q; want the error %q", c, found, err, want)
			}
		}
		if strings.HasPrefix(c.String(), "capability") || c.String() == "" {
			t.Errorf("capability %d has no name", c)
		}
	}
	if s, want := NumCapabilities.String(), fmt.Sprintf("capability %d", NumCapabilities); s != want {
		t.Errorf("an unknown capability is called %q, want %q", s, want)
	}
}

type (
	around     struct{ Engine }
	aroundComm struct{ Comm }
	aroundReq  struct{ Request }
	aroundMsg  struct{ Message }
)

func (a around) Unwrap() Engine       { return a.Engine }
func (a aroundComm) Unwrap() Comm     { return a.Comm }
func (a aroundReq) Unwrap() Request   { return a.Request }
func (a aroundMsg) Unwrap() Message   { return a.Message }
func (a aroundReq) Recycle(_ Request) {}

// A capability is not found behind a wrapper that does not offer it; Unwrap
// takes off all wrappers.
func TestWrappers(t *testing.T) {
	eng, comm := Engine(around{around{many{}}}), Comm(aroundComm{manyComm{}})
	for c := range NumCapabilities {
		if found, err := finders[c](eng, comm); found != nil || !errors.Is(err, ErrUnsupported) {
			t.Errorf("%v is found behind a wrapper: %v", c, found)
		}
	}
	if _, ok := Unwrap(eng).(many); !ok {
		t.Errorf("inside is %T", Unwrap(eng))
	}
	if _, ok := Unwrap(comm).(manyComm); !ok {
		t.Errorf("inside is %T", Unwrap(comm))
	}
	if m := Unwrap(Message(aroundMsg{aroundMsg{}})); m != nil {
		t.Errorf("inside is %T", m)
	}
	reqs := []Request{nil, Completed{}, aroundReq{aroundReq{Completed{}}}}
	plain := UnwrapAll(reqs)
	if plain[0] != nil || plain[1] != (Completed{}) || plain[2] != (Completed{}) {
		t.Errorf("%v without wrappers is %v", reqs, plain)
	}
	if _, ok := reqs[2].(aroundReq); !ok {
		t.Error("UnwrapAll has changed its argument")
	}
}
