package topo

import (
	"errors"
	"io/fs"
	"math/bits"
	"os"

	"golang.org/x/sys/unix"
)

// Local describes this machine as this process sees it.
func Local() (*Machine, error) {
	m, err := Read(rootFS{os.DirFS("/")})
	if err != nil {
		return counted(), nil
	}
	return m, nil
}

// LocalUsableCores returns how many cores this process can keep busy: the
// default number of ranks of the launcher. At least 1.
func LocalUsableCores() int {
	root := rootFS{os.DirFS("/")}
	// The mask that the kernel gives has online CPUs only: no need to read it
	// from /proc, and the online CPUs from /sys.
	var mask unix.CPUSet
	if _, err := fs.Stat(root, cpuDir); err == nil && unix.SchedGetaffinity(0, &mask) == nil && mask.Count() > 0 {
		var allowed Set
		for id := range len(mask) * bits.UintSize {
			if mask.IsSet(id) {
				allowed.Add(id)
			}
		}
		return usableCores(root, allowed)
	}
	n, err := UsableCores(root)
	if err != nil {
		return counted().UsableCores()
	}
	return n
}

// rootFS is the machine's root directory. It reads the small files of sysfs,
// procfs and cgroups with few system calls: package os tries to put each of
// them under the runtime's poller, which takes many more, and a large machine
// has thousands of them.
type rootFS struct{ fs.FS }

// ReadFile implements fs.ReadFileFS.
func (rootFS) ReadFile(name string) ([]byte, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	fd, err := retry(func() (int, error) { return unix.Open("/"+name, unix.O_RDONLY|unix.O_CLOEXEC, 0) })
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	defer unix.Close(fd)
	buf := make([]byte, 0, 1024)
	for {
		n, err := retry(func() (int, error) { return unix.Read(fd, buf[len(buf):cap(buf)]) })
		if err != nil {
			return nil, &fs.PathError{Op: "read", Path: name, Err: err}
		}
		if n == 0 {
			return buf, nil
		}
		if buf = buf[:len(buf)+n]; len(buf) == cap(buf) {
			buf = append(buf, make([]byte, 3*cap(buf))...)[:len(buf)]
		}
	}
}

func retry(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}

// LocalMemoryKills returns how often the kernel has killed a process of this
// process's cgroups for want of memory, and the smallest memory limit of them in
// bytes, 0 if there is none.
func LocalMemoryKills() (kills int, limit int64) { return readMemoryKills(rootFS{os.DirFS("/")}) }
