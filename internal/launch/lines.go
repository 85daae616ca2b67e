package launch

import (
	"bytes"
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// partialDelay is how long the beginning of a line of a rank that may ask for
	// input is held back before it is shown.
	partialDelay = 100 * time.Millisecond

	// openDelay is how long other ranks wait for the end of a line whose beginning
	// has been shown.
	openDelay = 2 * time.Second

	// quietDelay is how long a source that is kept whole says nothing before what it
	// has said is passed on, and wholeDelay how long it is kept whole at most: it may
	// be no dump, and the program may go on.
	quietDelay = time.Second
	wholeDelay = 5 * time.Second

	// maxPartial is the longest line, and the longest dump, that is kept whole.
	maxPartial = 16 << 20
)

// A source is one stream of one rank, read through a pipe.
type source struct {
	rank    int
	stream  Stream
	pipe    readEnd
	sinks   []*sink
	prompts bool         // the beginning of a line is shown after a while
	whole   atomic.Int64 // until then everything is one piece, in nanoseconds: the dump of a program that ends
	ending  atomic.Bool  // all ranks have ended
}

// hurry bounds the wait for the end of the pipe.
func (s *source) hurry() { _ = s.pipe.SetReadDeadline(time.Now().Add(drainTime)) }

// keepWhole passes on in one piece what comes from now on.
func (s *source) keepWhole() { s.whole.Store(time.Now().Add(wholeDelay).UnixNano()) }

// kept returns how long the source is to be kept whole, 0 if it is not.
func (s *source) kept() time.Duration {
	until := s.whole.Load()
	if until == 0 {
		return 0
	}
	return max(0, time.Until(time.Unix(0, until)))
}

// run reads until no process holds the other end, or the launcher wants no
// more, and passes whole lines on.
func (s *source) run() {
	defer s.end()
	buf := make([]byte, 4<<10)
	held := 0      // bytes of a line whose end has not come yet
	timed := false // the read has a deadline
	for {
		kept := s.kept()
		switch {
		case s.ending.Load():
			s.hurry()
		case held > 0 && kept > 0:
			_ = s.pipe.SetReadDeadline(time.Now().Add(min(kept, quietDelay)))
			timed = true
		case held > 0 && s.prompts && !timed:
			_ = s.pipe.SetReadDeadline(time.Now().Add(partialDelay))
			timed = true
		case timed && (held == 0 || !s.prompts):
			_ = s.pipe.SetReadDeadline(time.Time{})
			timed = false
		}
		n, err := s.pipe.Read(buf[held:])
		late := errors.Is(err, os.ErrDeadlineExceeded)
		if late && n == 0 && s.ending.Load() {
			late = false
		}
		data := buf[:held+n]
		end := bytes.LastIndexByte(data[held:], '\n') + 1
		if end > 0 {
			end += held
		}
		switch {
		case err != nil && !late || len(data) == maxPartial:
			end = len(data)
		case !late && s.kept() > 0:
			end = 0
		case late && kept > 0:
			end = bytes.LastIndexByte(data, '\n') + 1
		case late && s.prompts:
			end = len(data)
		}
		if end > 0 {
			if !s.pass(data[:end]) {
				return
			}
			if err == nil && end < len(data) {
				timed = false // what is left began now
			}
		}
		held = copy(buf, data[end:])
		if err != nil && !late {
			return
		}
		if len(data) == len(buf) && len(buf) < maxPartial {
			buf = append(buf, make([]byte, 3*len(buf))...)
		}
	}
}

// pass passes data on. It reports false if nothing takes the lines any more:
// the rank then finds its stream closed.
func (s *source) pass(data []byte) bool {
	wanted := false
	for _, k := range s.sinks {
		wanted = k.write(s, data) || wanted
	}
	return wanted
}

func (s *source) end() {
	s.pipe.Close()
	for _, k := range s.sinks {
		k.ended(s)
	}
}

// A sink is where the lines of several ranks come together.
type sink struct {
	mu    sync.Mutex
	freed sync.Cond // open has changed
	w     io.Writer
	label func(dst []byte, rank int, s Stream) []byte
	buf   []byte
	open  *source   // has written the beginning of a line that has no end yet
	since time.Time // … at this time; zero: it will not go on
	err   error     // the first error of writing
	gone  bool      // nobody reads any more
	fold  *repeats  // nil: everything is passed on
}

func newSink(w io.Writer, label func([]byte, int, Stream) []byte) *sink {
	k := &sink{w: w, label: label}
	k.freed.L = &k.mu
	return k
}

// write writes lines of a source, the last of which may lack its end. A line of
// another rank that is still open is waited for. It reports false if nobody reads
// what is written.
func (k *sink) write(src *source, data []byte) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.fold != nil && src.stream == Stderr {
		if data = k.fold.pass(src, data); len(data) == 0 {
			return !k.gone
		}
	}
	k.await(src)
	out := data
	continues := k.open == src
	if k.label != nil {
		out = k.buf[:0]
		if k.open != nil && !continues {
			out = append(out, '\n')
		}
		for len(data) > 0 {
			if !continues {
				out = k.label(out, src.rank, src.stream)
			}
			continues = false
			end := bytes.IndexByte(data, '\n') + 1
			if end == 0 {
				end = len(data)
			}
			out = append(out, data[:end]...)
			data = data[end:]
		}
		k.buf = out
	}
	k.open = nil
	if out[len(out)-1] != '\n' {
		k.open, k.since = src, time.Now()
	}
	k.freed.Broadcast()
	if k.gone {
		return false
	}
	// The ranks must not be blocked by a destination that is full.
	if err := writeAll(k.w, out); err != nil && k.err == nil {
		k.err = err
	}
	k.gone = errors.Is(k.err, syscall.EPIPE)
	return !k.gone
}

// await waits while a line of another rank is open and may still be ended.
func (k *sink) await(src *source) {
	var wake *time.Timer
	for k.open != nil && k.open.rank != src.rank && !k.since.IsZero() {
		left := openDelay - time.Since(k.since)
		if left <= 0 {
			break
		}
		if wake == nil {
			wake = time.AfterFunc(left, func() {
				k.mu.Lock()
				defer k.mu.Unlock()
				k.freed.Broadcast()
			})
			defer wake.Stop()
		} else {
			wake.Reset(left)
		}
		k.freed.Wait()
	}
}

// ended notes that nothing more comes from a source.
func (k *sink) ended(src *source) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.open == src {
		k.since = time.Time{}
		k.freed.Broadcast()
	}
}

// writeAll writes also to what another process has set nonblocking.
func writeAll(w io.Writer, data []byte) error {
	for {
		n, err := w.Write(data)
		f, isFile := w.(*os.File)
		if err == nil || !isFile || !errors.Is(err, syscall.EAGAIN) {
			return err
		}
		data = data[n:]
		awaitWritable(f)
	}
}
