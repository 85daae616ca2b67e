package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"golang.org/x/term"
)

// progress says on standard error how far the runs of a rank have come: on a
// terminal in a line that is written again and again, and elsewhere (a log
// file, a batch system) in a line every half minute. A program that is done
// before says nothing there.
type progress struct {
	out         io.Writer
	terminal    bool
	every       time.Duration
	total, done int
	start, last time.Time
}

func startProgress(total int) *progress {
	p := &progress{out: os.Stderr, every: 30 * time.Second, total: total, start: time.Now()}
	if term.IsTerminal(int(os.Stderr.Fd())) {
		p.terminal, p.every = true, 200*time.Millisecond
	}
	p.last = p.start
	return p
}

// add says that n more of the total are done.
func (p *progress) add(n int) {
	p.done += n
	now := time.Now()
	if now.Sub(p.last) < p.every {
		return
	}
	p.last = now
	spent := now.Sub(p.start)
	left := time.Duration(float64(spent) / float64(p.done) * float64(p.total-p.done)).Round(time.Second)
	if p.terminal {
		fmt.Fprintf(p.out, "\r%-40s", fmt.Sprintf("pi %d%% left %s", 100*p.done/p.total, left))
	} else {
		slog.New(slog.NewTextHandler(p.out, nil)).Info("pi", "done", p.done, "of", p.total, "left", left)
	}
}

// stop takes the line off the terminal.
func (p *progress) stop() {
	if p.terminal {
		fmt.Fprintf(p.out, "\r%40s\r", "")
	}
}
