package native

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// signals holds the handlers of all signals as they were at one moment: Go's.
// MPI libraries and their transports put their own in place of them (UCX takes
// SIGSEGV, SIGBUS, SIGFPE and SIGILL, MPICH SIGUSR1), which would turn a nil
// dereference into a crash report of theirs instead of a Go panic.
type signals [65]sigaction

// sigaction is the kernel's struct, of which only the size matters here.
type sigaction [64]byte

// The two signals that the C library keeps for itself.
const sigCancel, sigSetXID = 32, 33

func saveSignals() *signals {
	s := new(signals)
	for n := 1; n < len(s); n++ {
		s[n], _ = getSignal(n)
	}
	return s
}

// restore puts back every handler that has changed.
func (s *signals) restore() {
	for n := 1; n < len(s); n++ {
		if n == sigCancel || n == sigSetXID {
			continue
		}
		if now, ok := getSignal(n); ok && now != s[n] {
			unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(n), uintptr(unsafe.Pointer(&s[n])), 0, 8, 0, 0)
		}
	}
}

func getSignal(n int) (sigaction, bool) {
	var a sigaction
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(n), 0, uintptr(unsafe.Pointer(&a)), 8, 0, 0)
	return a, errno == 0
}
