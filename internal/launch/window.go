package launch

import (
	"sync"
	"syscall"

	"github.com/ringo-mpi/ringo/internal/launch/control"
)

// How much of the ranks' output a host sends before any of it was passed on, and of
// the input a rank is sent before it was given any.
const (
	outputWindow = 1 << 20
	inputWindow  = 256 << 10
)

// A window bounds what is under way to the other end of a link.
type window struct {
	mu      sync.Mutex
	changed sync.Cond
	free    int
	closed  bool
}

func newWindow(size int) *window {
	w := &window{free: size}
	w.changed.L = &w.mu
	return w
}

// take waits until n bytes may be sent. It reports false if they never will.
func (w *window) take(n int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.free < n && !w.closed {
		w.changed.Wait()
	}
	w.free -= n
	return !w.closed
}

// give says that n bytes have arrived where they go to.
func (w *window) give(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.free += n
	w.changed.Broadcast()
}

func (w *window) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	w.changed.Broadcast()
}

// farInput is the standard input of a rank on another host.
type farInput struct {
	link   *link
	rank   int
	window *window
	once   sync.Once
}

// Write sends input when the rank has taken what came before.
func (f *farInput) Write(data []byte) (n int, err error) {
	for len(data) > 0 {
		k := min(len(data), control.MaxData)
		if !f.window.take(k) {
			return n, syscall.EPIPE
		}
		f.link.send(&control.Input{Rank: f.rank, Data: data[:k]})
		n += k
		data = data[k:]
	}
	return n, nil
}

// Close ends the input.
func (f *farInput) Close() error {
	f.once.Do(func() {
		f.window.close()
		f.link.send(&control.Input{Rank: f.rank})
	})
	return nil
}
