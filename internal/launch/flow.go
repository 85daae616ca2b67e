package launch

import (
	"io"
	"os"
	"sync"
	"time"
)

// readEnd is where a stream of a rank is read: the end of a pipe, or a flow.
type readEnd interface {
	io.ReadCloser
	SetReadDeadline(t time.Time) error
}

// A flow is a pipe within this process: what a stream of a rank on another host brings
// waits in it until it is passed on. How much that is, is bounded by what taken tells
// the other host.
type flow struct {
	taken func(bytes int) // called when bytes have been read, or will not be
	shut  func()          // called when nobody reads any more

	mu       sync.Mutex
	changed  sync.Cond
	data     []byte
	ended    bool
	closed   bool
	deadline time.Time
	alarm    *time.Timer
}

func newFlow(taken func(int), shut func()) *flow {
	f := &flow{taken: taken, shut: shut}
	f.changed.L = &f.mu
	return f
}

// add takes up what has come.
func (f *flow) add(data []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed || f.ended {
		f.taken(len(data))
		return
	}
	f.data = append(f.data, data...)
	f.changed.Broadcast()
}

// end says that nothing more comes.
func (f *flow) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended = true
	f.changed.Broadcast()
}

// Read waits for data, as a pipe does.
func (f *flow) Read(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for {
		switch {
		case f.closed:
			return 0, os.ErrClosed
		case len(f.data) > 0:
			n := copy(p, f.data)
			f.data = f.data[n:]
			if len(f.data) == 0 {
				f.data = nil
			}
			f.taken(n)
			return n, nil
		case f.ended:
			return 0, io.EOF
		case !f.deadline.IsZero() && !time.Now().Before(f.deadline):
			return 0, os.ErrDeadlineExceeded
		}
		f.changed.Wait()
	}
}

// SetReadDeadline bounds the wait of Read; the zero time does not.
func (f *flow) SetReadDeadline(t time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.deadline = t
	if f.alarm != nil {
		f.alarm.Stop()
		f.alarm = nil
	}
	if !t.IsZero() {
		f.alarm = time.AfterFunc(time.Until(t), func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.changed.Broadcast()
		})
	}
	f.changed.Broadcast()
	return nil
}

// Close gives up what comes.
func (f *flow) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil
	}
	f.closed = true
	if f.alarm != nil {
		f.alarm.Stop()
	}
	if len(f.data) > 0 {
		f.taken(len(f.data))
		f.data = nil
	}
	if !f.ended {
		f.shut()
	}
	f.changed.Broadcast()
	return nil
}
