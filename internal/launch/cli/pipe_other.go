//go:build !unix

package cli

import (
	"io"
	"syscall"
)

const sigPipe = syscall.SIGPIPE

// readerGone is not known here.
func readerGone(io.Writer) bool { return false }
