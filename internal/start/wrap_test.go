package start

import (
	"context"
	"slices"
	"testing"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// named is a wrapper that says around what it stands.
type named struct {
	engine.Engine
	name string
}

func (n named) Unwrap() engine.Engine { return n.Engine }

// names lists the wrappers of an engine, the outermost first.
func names(eng engine.Engine) (list []string) {
	for {
		n, ok := eng.(named)
		if !ok {
			return list
		}
		list = append(list, n.name)
		eng = n.Engine
	}
}

func TestWrap(t *testing.T) {
	around := func(name string) func() {
		return Wrap(func(eng engine.Engine) engine.Engine { return named{eng, name} })
	}
	want := func(wrappers ...string) {
		t.Helper()
		engines := InProcess(2)
		opened, _, err := Open(context.Background(), func(string) string { return "" })
		if err != nil {
			t.Fatal(err)
		}
		for _, eng := range append(engines, opened...) {
			if got := names(eng); !slices.Equal(got, wrappers) {
				t.Errorf("wrapped in %v, want %v", got, wrappers)
			}
			if plain := engine.Unwrap(eng); len(names(plain)) > 0 || plain.Info().Name != "embedded" {
				t.Errorf("%T is inside", plain)
			}
		}
	}
	want()
	inner := around("inner")
	outer := around("outer")
	want("outer", "inner")
	inner()
	want("outer")
	outer()
	outer() // twice does no harm
	want()
}

// What the native opener returns is wrapped as well.
func TestWrapNative(t *testing.T) {
	inside := InProcess(1)[0]
	RegisterNative(func(context.Context) (engine.Engine, error) { return inside, nil })
	defer RegisterNative(nil)
	defer Wrap(func(eng engine.Engine) engine.Engine { return named{eng, "native"} })()
	env := map[string]string{"RINGO_ENGINE": "native"}
	engines, _, err := Open(context.Background(), func(k string) string { return env[k] })
	if err != nil || len(engines) != 1 || engine.Unwrap(engines[0]) != inside || len(names(engines[0])) != 1 {
		t.Errorf("%v, %v; want the engine of the opener in one wrapper", engines, err)
	}
}
