package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal is the far side of a pseudo terminal in which a command runs.
type terminal struct {
	*os.File
	cmd  *exec.Cmd
	mu   sync.Mutex
	text strings.Builder
}

func inTerminal(t *testing.T, dir string, args ...string) *terminal {
	t.Helper()
	far, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("LEFT OUT: mpiexec in a terminal: %v", err)
	}
	unlock := 0
	if err := unix.IoctlSetPointerInt(int(far.Fd()), unix.TIOCSPTLCK, unlock); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(far.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	near, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("LEFT OUT: mpiexec in a terminal: %v", err)
	}
	term := &terminal{File: far, cmd: exec.Command(filepath.Join(dir, args[0]), args[1:]...)}
	term.cmd.Stdin, term.cmd.Stdout, term.cmd.Stderr = near, near, near
	term.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := term.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	near.Close()
	t.Cleanup(func() { term.cmd.Process.Kill(); term.cmd.Wait(); far.Close() })
	go func() {
		buf := make([]byte, 1024)
		for {
			n, err := far.Read(buf)
			term.mu.Lock()
			term.text.Write(buf[:n])
			term.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return term
}

// shown is what has appeared on the terminal.
func (x *terminal) shown() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return strings.ReplaceAll(x.text.String(), "\r", "")
}

func (x *terminal) await(t *testing.T, text string) {
	t.Helper()
	for range 1000 {
		if strings.Contains(x.shown(), text) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%q does not appear:\n%s", text, x.shown())
}

func (x *terminal) status(t *testing.T) int {
	t.Helper()
	l := &launcher{Cmd: x.cmd}
	return l.status(t)
}

// TestTerminal: the ranks are background processes of the terminal, and rank 0
// reads it all the same; Ctrl-D and Ctrl-C do what they should.
func TestTerminal(t *testing.T) {
	dir := commands(t)
	x := inTerminal(t, dir, "mpiexec", "-l", "-n", "2", "/bin/cat")
	fmt.Fprint(x, "hello\n")
	x.await(t, "[0] hello")
	fmt.Fprint(x, "\x04")
	if got := x.status(t); got != 0 {
		t.Errorf("status %d\n%s", got, x.shown())
	}

	x = inTerminal(t, dir, "mpiexec", "-n", "2", "sh", "-c", "echo started; exec /bin/sleep 600")
	x.await(t, "started\nstarted\n")
	fmt.Fprint(x, "\x03")
	if got := x.status(t); got != 130 {
		t.Errorf("status %d\n%s", got, x.shown())
	}
	x.await(t, "mpiexec: ended by signal 2 (interrupt)\n")

	// A terminal that stops background writers.
	x = inTerminal(t, "/bin", "sh", "-c", "stty tostop; exec "+dir+"/mpiexec -n 2 echo writes")
	x.await(t, "writes\nwrites\n")
	if got := x.status(t); got != 0 {
		t.Errorf("status %d\n%s", got, x.shown())
	}
}

// TestTerminalStaysBlocking: what ranks do to their streams does not reach the
// user's terminal.
func TestTerminalStaysBlocking(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("LEFT OUT: a rank that sets O_NONBLOCK: there is no python3")
	}
	dir := commands(t)
	const set = `import fcntl; [fcntl.fcntl(i, fcntl.F_SETFL, fcntl.fcntl(i, fcntl.F_GETFL) | 2048) for i in (0, 1, 2)]`
	const get = `import fcntl; print("flags", [fcntl.fcntl(i, fcntl.F_GETFL) & 2048 for i in (0, 1, 2)])`
	x := inTerminal(t, "/bin", "sh", "-c", fmt.Sprintf("%s/mpiexec -n 2 %s -c '%s'; %s -c '%s'", dir, python, set, python, get))
	x.await(t, "flags [0, 0, 0]\n")
	if got := x.status(t); got != 0 {
		t.Errorf("status %d\n%s", got, x.shown())
	}
}
