//go:build unix

package segment

import (
	"os"

	"golang.org/x/sys/unix"
)

func mapFile(f *os.File, at, size int) ([]byte, error) {
	mem, err := unix.Mmap(int(f.Fd()), int64(at), size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, os.NewSyscallError("mmap", err)
	}
	dontDump(mem)
	return mem, nil
}

func unmap(mem []byte) error {
	if mem == nil {
		return nil
	}
	return os.NewSyscallError("munmap", unix.Munmap(mem))
}
