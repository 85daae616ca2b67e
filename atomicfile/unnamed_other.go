//go:build !linux

package atomicfile

import (
	"errors"
	"io/fs"
	"os"
)

// unnamed makes nothing: only Linux gives files a name later.
var unnamed = func(string, fs.FileMode) *os.File { return nil }

var linkTo = func(*os.File, string) error { return errors.ErrUnsupported }

func rename(from, to string) error { return os.Rename(from, to) }
