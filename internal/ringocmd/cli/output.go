package cli

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"sync"
)

// Output is buffered standard output that remembers its first error: a command
// need not check every line it prints, and none that failed goes unnoticed. It
// may be written from any goroutine.
type Output struct {
	mu  sync.Mutex
	w   *bufio.Writer
	err error
}

// NewOutput returns an Output that writes to w.
func NewOutput(w io.Writer) *Output { return &Output{w: bufio.NewWriter(w)} }

// Write implements io.Writer.
func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, err := o.w.Write(p)
	return n, o.keep(err)
}

// Flush writes what is buffered. It returns the first error there ever was.
func (o *Output) Flush() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.keep(o.w.Flush()); err != nil {
		return err
	}
	return o.err
}

func (o *Output) keep(err error) error {
	if o.err == nil {
		o.err = err
	}
	return err
}

// Flush flushes w if it is buffered.
func Flush(w io.Writer) error {
	if f, ok := w.(interface{ Flush() error }); ok {
		return f.Flush()
	}
	return nil
}

// Bare drops the operation and the name from a file error: of "write
// /dev/stdout: no space left on device" the part that matters stays.
func Bare(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
