//go:build unix

package launch

import (
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// TestSilentSingleton: who listens and says nothing is not waited for without an
// end. It need not even accept: mpiexec may hold the listening socket itself,
// inherited of a process that is about to end.
func TestSilentSingleton(t *testing.T) {
	defer func(d time.Duration) { greeting = d }(greeting)
	greeting = 50 * time.Millisecond
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	err = ServeSingleton(l.Addr().(*net.TCPAddr).Port, os.Getpid())
	if err == nil || !strings.HasSuffix(err.Error(), "it has said nothing for 50ms") {
		t.Error(err)
	}
}
