package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// File is a file on the way to its final name. It is not safe for concurrent use.
type File struct {
	path   string // as the caller named it, for errors
	target string // what is replaced: path with symbolic links followed
	f      *os.File
	temp   string // the temporary file's name, "" if it has none
	direct bool
	done   bool
}

// Create opens a temporary file next to path. The caller writes it and ends
// with [File.Commit] or [File.Discard]. An existing file keeps its permissions
// when it is replaced, and a symbolic link stays a link to the new content.
func Create(path string) (*File, error) {
	if path == "" {
		return nil, errors.New("cannot write a file without a name")
	}
	a := &File{path: path, target: path}
	mode := fs.FileMode(0o666)
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return nil, fmt.Errorf("cannot write %s: it is a folder", path)
	case err == nil && !info.Mode().IsRegular():
		if a.f, err = os.OpenFile(path, os.O_WRONLY, 0); err != nil {
			return nil, a.fail(err)
		}
		a.direct = true
		return a, nil
	case err == nil:
		mode = info.Mode().Perm()
		if a.target, err = filepath.EvalSymlinks(path); err != nil {
			return nil, a.fail(err)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, a.fail(err)
	}
	if a.f = unnamed(a.target, mode); a.f == nil {
		if a.f, err = named(a.target, mode); err != nil {
			return nil, a.fail(err)
		}
		a.temp = a.f.Name()
	}
	if info != nil {
		// The mode given to the system was cut by the umask. A file system
		// without modes is no reason to refuse.
		_ = a.f.Chmod(mode)
	}
	return a, nil
}

// named makes a temporary file with a name.
func named(target string, mode fs.FileMode) (f *os.File, err error) {
	for range 100 {
		name := tempName(target)
		guard(name)
		f, err = os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, mode)
		if err == nil {
			return f, nil
		}
		unguard(name)
		if !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	return nil, err
}

const tempMark = ".tmp-"

func tempName(target string) string {
	dir, base := filepath.Split(target)
	if len(base) > 200 { // room for the mark within the 255 bytes of a name
		base = base[:200]
	}
	return fmt.Sprintf("%s.%s%s%016x", dir, base, tempMark, rand.Uint64())
}

// IsTemp reports whether name (without folder) is that of a temporary file of
// this package: what a killed process may have left, see above.
func IsTemp(name string) bool {
	i := strings.LastIndex(name, tempMark)
	if i < 1 || name[0] != '.' || len(name) != i+len(tempMark)+16 {
		return false
	}
	return strings.Trim(name[i+len(tempMark):], "0123456789abcdef") == ""
}

// Name returns the final path.
func (a *File) Name() string { return a.path }

// File returns the open temporary file, to be handed to a child process as its
// output.
func (a *File) File() *os.File { return a.f }

// Write writes to the temporary file.
func (a *File) Write(p []byte) (int, error) {
	n, err := a.f.Write(p)
	if err != nil {
		err = a.fail(err)
	}
	return n, err
}

// Commit brings the content to the disc and gives it its final name. After an
// error there is no temporary file and the final name is as it was before.
func (a *File) Commit() error { return a.CommitTo(a.target) }

// CommitTo is Commit with another final name, in the same folder: for a file
// whose name depends on how the writing went.
func (a *File) CommitTo(target string) error {
	if a.done {
		return fmt.Errorf("cannot write %s: already closed", a.path)
	}
	a.done = true
	if a.direct {
		return a.fail(a.f.Close())
	}
	err := a.f.Sync()
	if err == nil && a.temp == "" {
		err = a.link(target)
		a.f.Close() // what was written is on the disc
		return a.fail(err)
	}
	if e := a.f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(a.temp, target)
	}
	if err != nil && a.temp != "" {
		os.Remove(a.temp)
	}
	unguard(a.temp)
	return a.fail(err)
}

// link gives a file without a name its final one.
func (a *File) link(target string) error {
	err := linkTo(a.f, target)
	if err == nil {
		return nil
	}
	// The name is taken, which only a rename can replace.
	temp := tempName(target)
	guard(temp)
	defer unguard(temp)
	if errors.Is(err, fs.ErrExist) {
		err = linkTo(a.f, temp)
		if err == nil {
			if err = rename(temp, target); err != nil {
				os.Remove(temp)
			}
			return err
		}
	}
	if !refused(err) {
		return err
	}
	return a.copyTo(temp, target)
}

// refused reports whether a system that made a file without a name does not let
// it have one: a security policy may forbid links.
func refused(err error) bool {
	for _, e := range []error{syscall.ENOENT, syscall.EPERM, syscall.EACCES, syscall.EXDEV, syscall.EINVAL, errors.ErrUnsupported} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// copyTo replaces target by a copy of the file, made under the name temp.
func (a *File) copyTo(temp, target string) error {
	info, err := a.f.Stat()
	if err != nil {
		return err
	}
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, info.Mode().Perm())
	if err != nil {
		return err
	}
	_ = f.Chmod(info.Mode().Perm())
	_, err = io.Copy(f, io.NewSectionReader(a.f, 0, info.Size()))
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(temp, target)
	}
	if err != nil {
		os.Remove(temp)
	}
	return err
}

// Discard removes the temporary file. It does nothing after Commit, so that it
// can be deferred.
func (a *File) Discard() {
	if a.done {
		return
	}
	a.done = true
	a.f.Close()
	if a.temp != "" {
		os.Remove(a.temp)
		unguard(a.temp)
	}
}

// fail words an error so that it names the final path, not the temporary one.
func (a *File) fail(err error) error {
	if err == nil {
		return nil
	}
	var pe *fs.PathError
	var le *os.LinkError
	switch {
	case errors.As(err, &pe):
		err = pe.Err
	case errors.As(err, &le):
		err = le.Err
	}
	return fmt.Errorf("cannot write %s: %w", a.path, err)
}

// Write makes the file at path from what fn writes. If fn fails, its error is
// returned and path is as it was before.
func Write(path string, fn func(w io.Writer) error) error {
	a, err := Create(path)
	if err != nil {
		return err
	}
	defer a.Discard()
	w := bufio.NewWriterSize(a, 1<<16)
	if err := fn(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return a.Commit()
}

// WriteFile makes the file at path with the content data.
func WriteFile(path string, data []byte) error {
	return Write(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// Writable reports, as an error, whether the file at path could not be made: for
// a program that would rather fail at once than after an hour's work. It leaves
// nothing behind.
func Writable(path string) error {
	a, err := Create(path)
	if err != nil {
		return err
	}
	a.Discard()
	return nil
}
