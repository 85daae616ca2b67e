package segment

import (
	"os"

	"golang.org/x/sys/unix"
)

func createFile(size int64) (*os.File, error) {
	fd, err := unix.MemfdCreate("ringo", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	f := os.NewFile(uintptr(fd), "ringo-segment")
	if err := f.Truncate(size); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func dontDump(mem []byte) { _ = unix.Madvise(mem, unix.MADV_DONTDUMP) } // keeps core dumps small; nothing depends on it

// Discard gives the pages of mem, whole pages of an arena, back to the system:
// they read as zero again.
func Discard(mem []byte) error {
	return os.NewSyscallError("madvise", unix.Madvise(mem, unix.MADV_REMOVE))
}
