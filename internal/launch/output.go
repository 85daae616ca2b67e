package launch

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// output hands out the ranks' standard outputs and collects what is written to
// those that are pipes.
type output struct {
	job     *Job
	far     func(rank int, s Stream) readEnd // of a rank on another host, nil of one on this
	null    *os.File
	rankFD  [][2]*os.File // for each rank of this host its stdout and stderr
	wanted  [][2]bool     // somebody reads it
	writers []*os.File    // the ranks' ends of pipes, closed after the start
	sources []*source
	opened  map[string]*os.File
	sinks   map[*os.File]*sink
	std     [2]*sink // of Job.Stdout, Job.Stderr; nil: null device
	wg      sync.WaitGroup
	drained chan struct{}
}

func newOutput(j *Job, n int, far func(rank int, s Stream) readEnd) (*output, error) {
	o := &output{job: j, far: far, rankFD: make([][2]*os.File, n), wanted: make([][2]bool, n), sinks: map[*os.File]*sink{}}
	var err error
	if o.null, err = nullDevice(); err != nil {
		return nil, &StartError{Rank: -1, What: "standard output", Err: err}
	}
	std := [2]io.Writer{o.reader(j.Stdout), o.reader(j.Stderr)}
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

// reader is the writer that a stream of the job goes to, nil if nobody reads it.
func (o *output) reader(w io.Writer) io.Writer {
	if f, ok := w.(*os.File); ok {
		// The parent process may have closed it.
		if _, err := f.Stat(); err != nil || sameFile(f, o.null) {
			return nil
		}
	}
	return w
}

// plan decides where one stream of a rank goes: through a pipe, unless nobody
// reads it. Ranks do not get the launcher's own files: a rank that opens
// /dev/stdout would cut a file off, one that sets a terminal nonblocking would
// leave it so, and the lines of several ranks would be mixed.
func (o *output) plan(rank int, s Stream, std io.Writer, path string) error {
	var file *os.File
	if path != "" {
		f, err := o.open(path)
		if err != nil {
			return &StartError{Rank: rank, What: s.String(), Err: err}
		}
		file = f
	}
	if file == nil && std == nil {
		o.rankFD[rank][s-1] = o.null
		return nil
	}
	o.wanted[rank][s-1] = true
	r := o.far(rank, s)
	if r == nil {
		own, w, err := os.Pipe()
		if err != nil {
			return &StartError{Rank: rank, What: s.String(), Err: err}
		}
		r = own
		o.rankFD[rank][s-1] = w
		o.writers = append(o.writers, w)
	}
	src := &source{rank: rank, stream: s, pipe: r, prompts: o.prompts(rank)}
	if file != nil {
		if o.sinks[file] == nil {
			o.sinks[file] = newSink(file, o.job.Label)
		}
		src.sinks = append(src.sinks, o.sinks[file])
	}
	if std != nil && (file == nil || o.job.Tee) {
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
			o.std[i] = newSink(w, o.job.Label)
			o.std[i].fold = &repeats{leaving: map[*source]bool{}}
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

// prompts reports whether a rank may be asking the user for input: the
// beginning of a line is then shown before its end comes.
func (o *output) prompts(rank int) bool {
	in := o.job.Stdin
	if in == nil || o.job.StdinRank != rank && o.job.StdinRank != StdinAll {
		return false
	}
	f, ok := in.(*os.File)
	if !ok {
		return true
	}
	info, err := f.Stat()
	return err == nil && !info.Mode().IsRegular() && !sameFile(f, o.null)
}

// keepWhole passes on in one piece what each stream of each rank says now.
func (o *output) keepWhole() {
	for _, s := range o.sources {
		s.keepWhole()
	}
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

// drain waits, when all ranks have ended, until what they have written has been
// passed on. It waits for a slow reader until stop says that nobody wants the
// output any more, and not for a process outside of the job that holds a pipe.
func (o *output) drain(stop <-chan os.Signal, limit time.Duration) {
	if o.drained == nil {
		return
	}
	for _, s := range o.sources {
		s.ending.Store(true)
	}
	var over <-chan time.Time
	if limit > 0 {
		over = time.After(limit)
	}
	for {
		for _, s := range o.sources {
			s.hurry()
		}
		select {
		case <-o.drained:
			return
		case <-over:
			return
		case sig := <-stop:
			if s, ok := sig.(syscall.Signal); ok && ends(s) {
				return
			}
		case <-time.After(drainTime):
		}
	}
}

// repeated returns the reports that several ranks have made.
func (o *output) repeated() (list []Repeat) {
	for i, k := range o.std {
		if k == nil || i == 1 && k == o.std[0] || !k.mu.TryLock() {
			continue
		}
		for _, r := range k.fold.reports {
			if len(r.Ranks) > 0 {
				list = append(list, *r)
			}
		}
		k.mu.Unlock()
	}
	return list
}

// lost returns why output of the ranks could not be written. It is called after
// close.
func (o *output) lost() error {
	for _, s := range o.sources {
		for _, k := range s.sinks {
			if !k.mu.TryLock() { // it still waits for its reader
				return errors.New("nobody reads it")
			}
			err := k.err
			k.mu.Unlock()
			if err != nil {
				return err
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
	o.wait(drainTime) // a source that still writes waits for a reader that does not read
	for _, f := range o.opened {
		f.Close()
	}
}
