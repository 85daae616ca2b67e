package launch

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// partialDelay is how long a line without an end is held back before it is
// shown: prompts and progress dots appear, ordinary lines stay whole.
const partialDelay = 100 * time.Millisecond

// maxPartial is the longest line that is kept whole.
const maxPartial = 64 << 10

// output hands out the ranks' standard outputs and collects what is written to
// those that are pipes.
type output struct {
	job     *Job
	null    *os.File
	rankFD  [][2]*os.File // for each rank its stdout and stderr
	writers []*os.File    // the ranks' ends of pipes, closed after the start
	sources []*source
	opened  map[string]*os.File
	sinks   map[*os.File]*sink
	std     [2]*sink // of Job.Stdout, Job.Stderr; nil: null device
	wg      sync.WaitGroup
	drained chan struct{}
}

func newOutput(j *Job, n int) (*output, error) {
	o := &output{job: j, rankFD: make([][2]*os.File, n), sinks: map[*os.File]*sink{}}
	var err error
	if o.null, err = nullDevice(); err != nil {
		return nil, &StartError{-1, "standard output", err}
	}
	std := [2]io.Writer{j.Stdout, j.Stderr}
	for rank := range n {
		var paths [2]string
		if j.Files != nil {
			paths[0], paths[1] = j.Files(rank)
		}
		for k := range 2 {
			if err := o.plan(rank, Stream(k+1), std[k], paths[k]); err != nil {
				o.close()
				return nil, err
			}
		}
	}
	return o, nil
}

// plan decides where one stream of a rank goes: straight to an open file if
// nothing has to be added and it has one destination, else through a pipe.
func (o *output) plan(rank int, s Stream, std io.Writer, path string) error {
	var file *os.File
	if path != "" {
		f, err := o.open(path)
		if err != nil {
			return &StartError{rank, s.String(), err}
		}
		file = f
	}
	terminal, isFile := std.(*os.File)
	if isFile {
		if _, err := terminal.Stat(); err != nil { // closed by whoever started us
			std, isFile = nil, false
		}
	}
	toStd := file == nil || o.job.Tee
	switch {
	case file != nil && !toStd && o.job.Label == nil:
		o.rankFD[rank][s-1] = file
		return nil
	case file == nil && std == nil:
		o.rankFD[rank][s-1] = o.null
		return nil
	case file == nil && isFile && o.job.Label == nil && !stopsBackground(terminal):
		o.rankFD[rank][s-1] = terminal
		return nil
	}
	r, w, err := os.Pipe()
	if err != nil {
		return &StartError{rank, s.String(), err}
	}
	o.rankFD[rank][s-1] = w
	o.writers = append(o.writers, w)
	src := &source{rank: rank, stream: s, pipe: r}
	if file != nil {
		if o.sinks[file] == nil {
			o.sinks[file] = &sink{w: file, label: o.job.Label}
		}
		src.sinks = append(src.sinks, o.sinks[file])
	}
	if toStd && std != nil {
		src.sinks = append(src.sinks, o.stdSink(s))
	}
	o.sources = append(o.sources, src)
	return nil
}

// stdSink returns the sink of the job's standard output or error: one for both
// if they are the same, so that the lines of both do not run into each other.
func (o *output) stdSink(s Stream) *sink {
	w, other := o.job.Stdout, o.job.Stderr
	if s == Stderr {
		w, other = other, w
	}
	i, k := s-1, 2-s
	if o.std[i] == nil {
		if o.std[k] != nil && sameWriter(w, other) {
			o.std[i] = o.std[k]
		} else {
			o.std[i] = &sink{w: w, label: o.job.Label}
		}
	}
	return o.std[i]
}

func sameWriter(a, b io.Writer) (same bool) {
	fa, ok1 := a.(*os.File)
	fb, ok2 := b.(*os.File)
	if ok1 && ok2 {
		return sameFile(fa, fb)
	}
	defer func() { _ = recover() }() // types that cannot be compared are different
	return a == b
}

func (o *output) open(path string) (*os.File, error) {
	path = filepath.Clean(path)
	if f := o.opened[path]; f != nil {
		return f, nil
	}
	if dir := filepath.Dir(path); dir != "." {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return nil, err
		}
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if o.opened == nil {
		o.opened = map[string]*os.File{}
	}
	o.opened[path] = f
	return f, nil
}

// files returns the standard output and error of a rank.
func (o *output) files(rank int) (stdout, stderr *os.File) {
	return o.rankFD[rank][0], o.rankFD[rank][1]
}

// started is called when the ranks hold their ends: the reading begins.
func (o *output) started() {
	for _, w := range o.writers {
		w.Close()
	}
	o.writers = nil
	if len(o.sources) == 0 {
		return
	}
	for _, s := range o.sources {
		o.wg.Go(s.run)
	}
	o.drained = make(chan struct{})
	go func() { o.wg.Wait(); close(o.drained) }()
}

// wait waits until all output has been read, at most for d.
func (o *output) wait(d time.Duration) {
	if o.drained == nil {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-o.drained:
	case <-t.C:
	}
}

// lost returns why output of the ranks could not be written. It is called after
// close.
func (o *output) lost() error {
	for _, s := range o.sources {
		for _, k := range s.sinks {
			if k.err != nil {
				return k.err
			}
		}
	}
	return nil
}

func (o *output) close() {
	for _, w := range o.writers {
		w.Close()
	}
	for _, s := range o.sources {
		s.pipe.Close() // ends its run
	}
	if o.drained != nil {
		<-o.drained
	}
	for _, f := range o.opened {
		f.Close()
	}
}

// A source is one stream of one rank, read through a pipe.
type source struct {
	rank   int
	stream Stream
	pipe   *os.File
	sinks  []*sink
}

// run reads until nobody holds the other end, and passes whole lines on; the
// rest of a line follows after partialDelay.
func (s *source) run() {
	defer s.pipe.Close()
	buf := make([]byte, 4<<10)
	held := 0      // bytes of a line whose end has not come yet
	timed := false // the read has a deadline
	for {
		if held > 0 && !timed {
			_ = s.pipe.SetReadDeadline(time.Now().Add(partialDelay))
			timed = true
		} else if held == 0 && timed {
			_ = s.pipe.SetReadDeadline(time.Time{})
			timed = false
		}
		n, err := s.pipe.Read(buf[held:])
		data := buf[:held+n]
		end := bytes.LastIndexByte(data, '\n') + 1
		if err != nil || len(data) == maxPartial && end == 0 {
			end = len(data)
		}
		if end > 0 {
			s.pass(data[:end])
			if err == nil && end < len(data) {
				timed = false // what is left began now
			}
		}
		held = copy(buf, data[end:])
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return
		}
		if len(data) == len(buf) && len(buf) < maxPartial {
			buf = append(buf, make([]byte, 3*len(buf))...)
		}
	}
}

func (s *source) pass(data []byte) {
	for _, k := range s.sinks {
		k.write(s, data)
	}
}

// A sink is where the lines of several ranks come together.
type sink struct {
	mu    sync.Mutex
	w     io.Writer
	label func(dst []byte, rank int, s Stream) []byte
	buf   []byte
	open  *source // has written the beginning of a line that has no end yet
	err   error   // the first of writing
}

// write writes lines of a source, the last of which may lack its end. A line of
// another source that is still open is ended first.
func (k *sink) write(src *source, data []byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	out := k.buf[:0]
	if k.label == nil {
		out = data
	} else {
		continues := k.open == src
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
		k.open = nil
		if out[len(out)-1] != '\n' {
			k.open = src
		}
		k.buf = out
	}
	// The ranks must not be blocked by a destination that is gone or full.
	if _, err := k.w.Write(out); err != nil && k.err == nil {
		k.err = err
	}
}
