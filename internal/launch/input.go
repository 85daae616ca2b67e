package launch

import (
	"io"
	"os"
	"sync"
	"time"
)

// input hands out the ranks' standard inputs.
type input struct {
	job     *Job
	null    *os.File
	direct  *os.File // what the chosen rank reads itself
	readers []*os.File
	feeds   []*feed
	chosen  func(rank int) int // index into readers, -1: none
	term    bool               // the source is a terminal
}

// newInput prepares the inputs of n ranks. far returns what the input of a rank on
// another host is written to, nil of one on this host.
func newInput(j *Job, n int, far func(rank int) io.WriteCloser) (*input, error) {
	in := &input{job: j, chosen: func(int) int { return -1 }}
	var err error
	if in.null, err = nullDevice(); err != nil {
		return nil, &StartError{Rank: -1, What: "standard input", Err: err}
	}
	if j.Stdin == nil || j.StdinRank == StdinNone {
		return in, nil
	}
	count, first := 1, j.StdinRank
	if j.StdinRank == StdinAll {
		count, first = n, 0
		in.chosen = func(rank int) int { return rank }
	} else {
		in.chosen = func(rank int) int {
			if rank == j.StdinRank {
				return 0
			}
			return -1
		}
	}
	distant := make([]io.WriteCloser, count)
	near := true // all of them
	for i := range distant {
		distant[i] = far(first + i)
		near = near && distant[i] == nil
	}
	if f, ok := j.Stdin.(*os.File); ok {
		info, err := f.Stat()
		if err != nil { // the parent process has closed it
			in.chosen = func(int) int { return -1 }
			return in, nil
		}
		// The ranks are background processes of a terminal: reading it would
		// stop them. The launcher reads it for them.
		in.term = info.Mode()&os.ModeCharDevice != 0 && !sameFile(f, in.null)
		if count == 1 && near && !in.term {
			in.direct = f
			return in, nil
		}
		if near && info.Mode().IsRegular() {
			if err := in.reopen(f, count); err == nil {
				return in, nil
			}
		}
	}
	for _, w := range distant {
		if w != nil {
			in.readers = append(in.readers, nil)
			in.feeds = append(in.feeds, newFeed(w))
			continue
		}
		r, w, err := os.Pipe()
		if err != nil {
			in.close()
			return nil, &StartError{Rank: -1, What: "standard input", Err: err}
		}
		in.readers = append(in.readers, r)
		in.feeds = append(in.feeds, newFeed(w))
	}
	return in, nil
}

// reopen gives each rank the file itself, from where the launcher's own stands.
func (in *input) reopen(f *os.File, count int) error {
	at, err := f.Seek(0, io.SeekCurrent)
	for err == nil && len(in.readers) < count {
		var own *os.File
		if own, err = os.Open(f.Name()); err != nil {
			break
		}
		in.readers = append(in.readers, own)
		if !sameFile(own, f) {
			err = os.ErrNotExist
		} else {
			_, err = own.Seek(at, io.SeekStart)
		}
	}
	if err != nil {
		for _, r := range in.readers {
			r.Close()
		}
		in.readers = nil
	}
	return err
}

// file returns the standard input of a rank.
func (in *input) file(rank int) *os.File {
	i := in.chosen(rank)
	switch {
	case i < 0:
		return in.null
	case in.direct != nil:
		return in.direct
	}
	return in.readers[i]
}

// wanted is the rank that reads the input, StdinAll or StdinNone.
func (in *input) wanted() int {
	if in.chosen(max(0, in.job.StdinRank)) < 0 {
		return StdinNone
	}
	return in.job.StdinRank
}

// started is called when the ranks hold their ends: the copying begins.
func (in *input) started() {
	for _, r := range in.readers {
		r.Close()
	}
	in.readers = nil
	if len(in.feeds) == 0 {
		return
	}
	for _, f := range in.feeds {
		go f.run()
	}
	// It may wait in a read for ever, and nothing waits for it.
	go in.copy()
}

func (in *input) copy() {
	buf := make([]byte, 32<<10)
	src := in.job.Stdin
	file, _ := src.(*os.File)
	if in.term {
		ignoreTerminalStop()
	}
	for {
		if in.term && !inForeground(file) {
			time.Sleep(200 * time.Millisecond)
			continue
		}
		n, err := src.Read(buf)
		if n > 0 {
			chunk := append([]byte(nil), buf[:n]...)
			for _, f := range in.feeds {
				f.add(chunk)
			}
		}
		if err != nil {
			if in.term && err != io.EOF && !inForeground(file) {
				continue // put into the background during the read
			}
			break
		}
	}
	for _, f := range in.feeds {
		f.end()
	}
}

func (in *input) close() {
	for _, r := range in.readers {
		r.Close()
	}
	for _, f := range in.feeds {
		f.stop()
	}
}

// maxFeed is how much of the input is held for a rank that does not read it. The
// others then wait for it: the input may have no end.
const maxFeed = 8 << 20

// A feed writes one rank's copy of the input. It holds what the rank has not
// read yet, so that one rank that reads late does not starve the others.
type feed struct {
	w     io.WriteCloser
	mu    sync.Mutex
	cond  sync.Cond
	queue [][]byte
	held  int  // bytes that the rank has not taken
	ended bool // nothing comes any more
	dead  bool // nobody reads any more
}

func newFeed(w io.WriteCloser) *feed {
	f := &feed{w: w}
	f.cond.L = &f.mu
	return f
}

func (f *feed) add(chunk []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for f.held > maxFeed && !f.dead && !f.ended {
		f.cond.Wait()
	}
	if !f.dead && !f.ended {
		f.queue = append(f.queue, chunk)
		f.held += len(chunk)
		f.cond.Broadcast()
	}
}

func (f *feed) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended = true
	f.cond.Broadcast()
}

// stop ends the feed also in the middle of a write.
func (f *feed) stop() {
	f.mu.Lock()
	f.dead = true
	f.queue = nil
	f.cond.Broadcast()
	f.mu.Unlock()
	f.w.Close()
}

func (f *feed) run() {
	defer f.w.Close()
	for {
		f.mu.Lock()
		for len(f.queue) == 0 && !f.ended && !f.dead {
			f.cond.Wait()
		}
		queue := f.queue
		f.queue = nil
		if len(queue) == 0 {
			f.mu.Unlock()
			return
		}
		f.mu.Unlock()
		for _, chunk := range queue {
			if _, err := f.w.Write(chunk); err != nil { // the rank has closed its input
				f.mu.Lock()
				f.dead, f.queue = true, nil
				f.cond.Broadcast()
				f.mu.Unlock()
				return
			}
			f.mu.Lock()
			f.held -= len(chunk)
			f.cond.Broadcast()
			f.mu.Unlock()
		}
	}
}

// sameFile reports whether two open files are the same file or device.
func sameFile(a, b *os.File) bool {
	x, err1 := a.Stat()
	y, err2 := b.Stat()
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}
