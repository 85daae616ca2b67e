package embedded

import (
	"sync"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/memory"
)

// private is the memory that Alloc gives a rank that shares none, or not enough:
// ordinary memory, which is known so that Free recognises it.
type private struct {
	mu    sync.Mutex
	given map[*byte]bool
}

func (a *private) alloc(n int) ([]byte, error) {
	if n < 0 {
		return nil, engine.Errorf(engine.ErrArg, "%d bytes", n)
	}
	p := memory.Zeroed(n)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.given == nil {
		a.given = make(map[*byte]bool)
	}
	a.given[unsafe.SliceData(p)] = true
	return p, nil
}

// gave reports whether the memory is from alloc.
func (a *private) gave(p []byte) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.given[unsafe.SliceData(p)]
}

func (a *private) free(p []byte) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.given[unsafe.SliceData(p)] {
		return engine.Errorf(engine.ErrBuffer, "the memory was not allocated by this rank, or has been freed")
	}
	delete(a.given, unsafe.SliceData(p))
	return nil
}
