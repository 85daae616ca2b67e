package start

import (
	"slices"
	"sync"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// wrappers stand around the engine of every rank, the first one inside.
var wrappers struct {
	sync.Mutex
	list []*func(engine.Engine) engine.Engine
}

// Wrap has f put a wrapper around the engine of each rank that begins later in
// this process (see engine.Unwrap). f is called once for a rank and may return
// what it is given. The engines of a process are opened one after another, so
// that its calls do not overlap. Where nothing is wrapped, nothing is paid.
// remove takes f off again; ranks that have begun keep their wrapper.
func Wrap(f func(engine.Engine) engine.Engine) (remove func()) {
	wrappers.Lock()
	defer wrappers.Unlock()
	entry := &f
	wrappers.list = append(wrappers.list, entry)
	return func() {
		wrappers.Lock()
		defer wrappers.Unlock()
		wrappers.list = slices.DeleteFunc(wrappers.list, func(e *func(engine.Engine) engine.Engine) bool { return e == entry })
	}
}

// wrap puts the wrappers around engines.
func wrap(engines ...engine.Engine) []engine.Engine {
	wrappers.Lock()
	defer wrappers.Unlock()
	for _, f := range wrappers.list {
		for i, eng := range engines {
			engines[i] = (*f)(eng)
		}
	}
	return engines
}
