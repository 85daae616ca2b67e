package progress

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestTerminal has terminals of several sizes: a bar is only for one that tells
// both its width and its height, else there are lines.
func TestTerminal(t *testing.T) {
	for _, c := range []struct {
		size unix.Winsize
		want string
	}{
		{unix.Winsize{Row: 24, Col: 80}, "job 5/10 ["},
		{unix.Winsize{Row: 0, Col: 80}, "msg=job done=5 of=10"},
		{unix.Winsize{}, "msg=job done=5 of=10"},
	} {
		far, near := openTerminal(t, c.size)
		b := Start(near, "job", 10, time.Millisecond)
		b.Add(5)
		shown := &buffer{}
		text := make([]byte, 4096)
		for !bytes.Contains(shown.b.Bytes(), []byte(c.want)) {
			if err := far.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
			n, err := far.Read(text)
			if err != nil {
				t.Errorf("%d rows, %d columns: %v after %q, want %q", c.size.Row, c.size.Col, err, shown.b.String(), c.want)
				break
			}
			shown.Write(text[:n])
		}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			b.Stop()
			near.Close()
		}()
		for { // a terminal that nobody reads would block the end
			n, err := far.Read(text)
			if err != nil {
				break
			}
			shown.Write(text[:n])
		}
		<-ended
		if bar := strings.Contains(shown.b.String(), "["); bar != strings.Contains(c.want, "[") {
			t.Errorf("%d rows, %d columns: %q", c.size.Row, c.size.Col, shown.b.String())
		}
	}
}

// openTerminal opens both ends of a pseudo terminal.
func openTerminal(t *testing.T, size unix.Winsize) (far, near *os.File) {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Skipf("LEFT OUT: progress on a terminal: %v", err)
	}
	far = os.NewFile(uintptr(fd), "/dev/ptmx")
	t.Cleanup(func() { far.Close() })
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &size); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	near, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("LEFT OUT: progress on a terminal: %v", err)
	}
	return far, near
}
