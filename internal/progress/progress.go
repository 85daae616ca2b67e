// Package progress shows on standard error how far a long job has come: a bar
// with the time left on a terminal, and elsewhere (a log file, a batch system)
// a log line at a fixed interval instead. A job that is done before the first
// interval says nothing there, and the bar is gone when the job ends, so that
// success leaves no output behind.
//
// In an MPI program one rank shows the progress.
package progress

import (
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"
)

// DefaultInterval is the time between two log lines off a terminal.
const DefaultInterval = 30 * time.Second

// Bar is the progress of one job. Its methods may be called from any goroutine.
type Bar struct {
	name  string
	total int
	start time.Time
	log   *slog.Logger

	container *mpb.Progress // nil off a terminal
	bar       *mpb.Bar

	mu      sync.Mutex
	done    int
	stopped bool
	quit    chan struct{}
	ended   sync.WaitGroup
}

// Start shows the progress of a job of total steps on w, usually os.Stderr.
// Off a terminal it logs every interval; with an interval of 0 or less it is
// silent there. The caller ends it with [Bar.Stop].
func Start(w io.Writer, name string, total int, interval time.Duration) *Bar {
	b := &Bar{name: name, total: total, start: time.Now(), quit: make(chan struct{})}
	switch {
	case isTerminal(w):
		b.container = mpb.New(mpb.WithOutput(w), mpb.WithWidth(64))
		b.bar = b.container.AddBar(int64(total),
			mpb.BarRemoveOnComplete(),
			mpb.PrependDecorators(decor.Name(name+" "), decor.CountersNoUnit("%d/%d")),
			mpb.AppendDecorators(decor.Percentage(), decor.Any(func(s decor.Statistics) string {
				if left, ok := b.left(int(s.Current)); ok {
					return " left " + left.String()
				}
				return ""
			})),
		)
	case interval > 0:
		b.log = slog.New(slog.NewTextHandler(w, nil))
		b.ended.Go(func() { b.tick(interval) })
	}
	return b
}

// isTerminal reports whether a bar can be drawn on w: on a terminal that tells
// its size.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return false
	}
	width, height, err := term.GetSize(int(f.Fd()))
	return err == nil && width > 0 && height > 0
}

func (b *Bar) tick(interval time.Duration) {
	t := time.NewTicker(interval)
	defer t.Stop()
	for {
		select {
		case <-b.quit:
			return
		case <-t.C:
			done := b.Done()
			attrs := []any{"done", done, "of", b.total}
			if left, ok := b.left(done); ok {
				attrs = append(attrs, "left", left)
			}
			b.log.Info(b.name, attrs...)
		}
	}
}

// left estimates the time to the end from the average of the steps done.
func (b *Bar) left(done int) (time.Duration, bool) {
	if done == 0 || done > b.total {
		return 0, false
	}
	left := float64(time.Since(b.start)) / float64(done) * float64(b.total-done)
	return time.Duration(left).Round(time.Second), true
}

// Add says that n more steps are done.
func (b *Bar) Add(n int) {
	b.mu.Lock()
	b.done += n
	b.mu.Unlock()
	if b.bar != nil {
		b.bar.IncrBy(n)
	}
}

// Done returns how many steps are done.
func (b *Bar) Done() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.done
}

// Writer returns where messages go while the bar is shown: it puts them above
// the bar. Off a terminal it is w.
func (b *Bar) Writer(w io.Writer) io.Writer {
	if b.container != nil {
		return b.container
	}
	return w
}

// Stop takes the bar away and ends the log lines. It returns when nothing more
// will be written. Further calls do nothing.
func (b *Bar) Stop() {
	b.mu.Lock()
	if b.stopped {
		b.mu.Unlock()
		return
	}
	b.stopped = true
	b.mu.Unlock()
	close(b.quit)
	b.ended.Wait()
	if b.container != nil {
		b.bar.Abort(true)
		b.container.Wait()
	}
}
