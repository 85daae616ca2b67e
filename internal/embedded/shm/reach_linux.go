package shm

import (
	"os"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/ringo-mpi/ringo/internal/embedded/transport"
)

func closeOnExec(fd int) { unix.CloseOnExec(fd) }

// allowReach lets the other ranks copy from and to this process's memory
// (prctl PR_SET_PTRACER, for Yama), and reports whether such copies can work on
// this system: process_vm_readv may be forbidden by seccomp or by Yama.
func allowReach() bool {
	_ = unix.Prctl(unix.PR_SET_PTRACER, ^uintptr(0), 0, 0, 0) // EINVAL where there is no Yama
	if b, err := os.ReadFile("/proc/sys/kernel/yama/ptrace_scope"); err == nil {
		if s := strings.TrimSpace(string(b)); s != "0" && s != "1" {
			return false
		}
	}
	probe := [2]*uint64{new(uint64), new(uint64)}
	*probe[0] = 0x72696e676f
	n, err := readPeer(os.Getpid(), uint64(uintptr(unsafe.Pointer(probe[0]))), unsafe.Pointer(probe[1]), 8)
	return err == nil && n == 8 && *probe[1] == *probe[0]
}

func readPeer(pid int, addr uint64, dst unsafe.Pointer, n int) (int, error) {
	return peer(unix.SYS_PROCESS_VM_READV, pid, addr, dst, n)
}

func writePeer(pid int, addr uint64, src unsafe.Pointer, n int) (int, error) {
	return peer(unix.SYS_PROCESS_VM_WRITEV, pid, addr, src, n)
}

// iovec is a piece of this process's memory; one of another's has no pointer.
type iovec struct {
	base unsafe.Pointer
	len  uintptr
}

// readPeerAll is readPeer for up to transport.BatchMost pieces, of transport.BatchBytes together.
func readPeerAll(pid int, parts []transport.Part) (int, error) {
	var here [transport.BatchMost]iovec
	var there [transport.BatchMost][2]uintptr
	for i, p := range parts {
		here[i] = iovec{p.Dst, uintptr(p.N)}
		there[i] = [2]uintptr{uintptr(p.From), uintptr(p.N)}
	}
	return peerVector(unix.SYS_PROCESS_VM_READV, pid, &here[0], &there[0], len(parts))
}

func peer(call uintptr, pid int, addr uint64, local unsafe.Pointer, n int) (int, error) {
	here := iovec{local, uintptr(n)}
	there := [2]uintptr{uintptr(addr), uintptr(n)}
	return peerVector(call, pid, &here, &there, 1)
}

// peerVector does not tell the runtime that it is in a system call. The runtime
// would look after the rank's processor during long copies, with a thread that
// takes time from a rank with one core.
func peerVector(call uintptr, pid int, here *iovec, there *[2]uintptr, count int) (int, error) {
	for {
		k, _, e := syscall.RawSyscall6(call, uintptr(pid), uintptr(unsafe.Pointer(here)), uintptr(count), uintptr(unsafe.Pointer(there)), uintptr(count), 0)
		switch {
		case e == syscall.EINTR:
		case e != 0:
			return 0, e
		default:
			return int(k), nil
		}
	}
}
