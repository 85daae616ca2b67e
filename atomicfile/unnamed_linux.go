package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// unnamed opens a file without a name in the folder of target. It returns nil
// where that is not possible, for whatever reason: the other way will say it.
var unnamed = func(target string, mode fs.FileMode) *os.File {
	for {
		fd, err := unix.Open(filepath.Dir(target), unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, uint32(mode.Perm()))
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return nil
		}
		f := os.NewFile(uintptr(fd), target)
		if _, err := os.Lstat(descriptor(f)); err != nil { // no /proc: it could not get a name
			f.Close()
			return nil
		}
		return f
	}
}

func descriptor(f *os.File) string { return fmt.Sprintf("/proc/self/fd/%d", f.Fd()) }

// linkTo gives a file without a name one that nothing has.
var linkTo = func(f *os.File, name string) error {
	return unix.Linkat(unix.AT_FDCWD, descriptor(f), unix.AT_FDCWD, name, unix.AT_SYMLINK_FOLLOW)
}

// rename is os.Rename without the look at the target, since a process that is
// killed before the rename leaves a file.
func rename(from, to string) error {
	if unix.Rename(from, to) == nil {
		return nil
	}
	return os.Rename(from, to) // for its error
}
