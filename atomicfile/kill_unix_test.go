//go:build unix

package atomicfile

import (
	"bufio"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// writerVariable makes this executable a program that writes a file; it says how.
const writerVariable = "ATOMICFILE_TEST_WRITER"

func TestMain(m *testing.M) {
	if how := os.Getenv(writerVariable); how != "" {
		writeForEver(how, os.Args[1])
	}
	os.Exit(m.Run())
}

// writeForEver says on standard output that half a file is written, and writes
// the rest after a line from standard input. So it goes on.
func writeForEver(how, path string) {
	if strings.Contains(how, "named") {
		unnamed = func(string, fs.FileMode) *os.File { return nil }
	}
	if strings.Contains(how, "guarded") {
		RemoveOnSignal()
	}
	orders := bufio.NewReader(os.Stdin)
	for {
		err := Write(path, func(w io.Writer) error {
			fmt.Fprint(w, strings.Repeat("half\n", 100_000))
			fmt.Println("half")
			if _, err := orders.ReadString('\n'); err != nil {
				return err
			}
			_, err := fmt.Fprint(w, strings.Repeat("half\n", 100_000))
			return err
		})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
}

// unnamedWork reports whether the file system of dir has files without a name.
func unnamedWork(dir string) bool {
	f := unnamed(filepath.Join(dir, "x"), 0o666)
	if f == nil {
		return false
	}
	f.Close()
	return true
}

// TestKilledWriterLeavesNothing: a process that is killed in the middle of a
// write leaves the file of before and no other.
func TestKilledWriterLeavesNothing(t *testing.T) {
	const kills = 15
	for _, c := range []struct {
		how  string
		sigs []syscall.Signal
	}{
		{"as it is", []syscall.Signal{syscall.SIGKILL, syscall.SIGINT, syscall.SIGTERM}},
		{"guarded", []syscall.Signal{syscall.SIGINT, syscall.SIGTERM}},
		{"named guarded", []syscall.Signal{syscall.SIGINT, syscall.SIGTERM}},
	} {
		for _, sig := range c.sigs {
			t.Run(fmt.Sprint(c.how, " ", sig), func(t *testing.T) {
				if signal.Ignored(sig) {
					t.Skipf("LEFT OUT: %v was ignored when this test began", sig)
				}
				dir := t.TempDir()
				if c.how == "as it is" && !unnamedWork(dir) {
					t.Skip("LEFT OUT: this file system has no files without a name")
				}
				path := filepath.Join(dir, "a.txt")
				for i := range kills {
					killWriter(t, c.how, path, sig, i%3)
					if i == 0 {
						if got := names(t, dir); got != "" {
							t.Fatalf("killed in the first file, it left %s", got)
						}
						continue
					}
					got, err := os.ReadFile(path)
					if err != nil || len(got) != 1_000_000 || names(t, dir) != "a.txt" {
						t.Fatalf("the file has %d bytes, %v; the folder holds %s", len(got), err, names(t, dir))
					}
				}
			})
		}
	}
}

// killWriter lets a writer complete some files and kills it in the next.
func killWriter(t *testing.T, how, path string, sig syscall.Signal, complete int) {
	t.Helper()
	cmd := exec.Command(os.Args[0], path)
	cmd.Env = append(os.Environ(), writerVariable+"="+how)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	lines := bufio.NewScanner(out)
	for i := range complete + 1 {
		if !lines.Scan() || lines.Text() != "half" {
			t.Errorf("the writer says %q", lines.Text())
		}
		if i < complete {
			fmt.Fprintln(in)
		}
	}
	if err := cmd.Process.Signal(sig); err != nil {
		t.Error(err)
	}
	_ = cmd.Wait()
	if ws, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || !ws.Signaled() || ws.Signal() != sig {
		t.Errorf("the writer ended with %v, not by %v", cmd.ProcessState, sig)
	}
}
