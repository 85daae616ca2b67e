//go:build unix

package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ringo-mpi/ringo/atomicfile"
)

// command prepares ringo in a process of its own.
func command(t *testing.T, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), asRingo+"=1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	return cmd, &stderr
}

// logs returns the names of the finished logs in dir and checks that each is
// whole, and what else is there.
func logs(t *testing.T, dir string) (done, other []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name := e.Name()
		if !strings.HasSuffix(name, ".log") {
			if name != ".k.lock" {
				other = append(other, name)
			}
			continue
		}
		done = append(done, name)
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "\nbegin\nend\n#csv,timer,") || !strings.Contains(string(text), "\n#csv,sweep:k,ok,") || !strings.HasSuffix(string(text), "\n") {
			t.Errorf("%s is not whole:\n%s", name, text)
		}
	}
	return done, other
}

// A sweep that is killed at any moment goes on where it was: it has whole logs
// only, and loses no more than the runs that were under way.
func TestSweepSurvivesKill(t *testing.T) {
	const points, jobs, kills = 10, 2, 20
	dir := filepath.Join(t.TempDir(), "benchmark")
	runs := filepath.Join(t.TempDir(), "runs")
	args := []string{
		"sweep", "-d", dir, "-n", "k", "-j", fmt.Sprint(jobs), "-p", fmt.Sprintf("x=1:%d", points), "--",
		"sh", "-c", "echo {x} >>" + runs + "; echo begin; sleep 0.02; echo end",
	}
	killed := 0
	for range kills {
		cmd, stderr := command(t, args...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(rand.IntN(60)) * time.Millisecond)
		_ = cmd.Process.Kill()
		if err := cmd.Wait(); err == nil {
			break // it was faster
		} else if !strings.Contains(err.Error(), "killed") {
			t.Fatalf("%v: %s", err, stderr)
		}
		killed++
		logs(t, dir)
	}
	cmd, stderr := command(t, args...)
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, stderr)
	}
	done, other := logs(t, dir)
	if len(done) != points || len(other) != 0 {
		t.Errorf("finished %v, left over %v", done, other)
	}
	text, err := os.ReadFile(runs)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), "\n"); n < points || n > points+killed*jobs {
		t.Errorf("%d runs for %d points and %d kills of %d jobs", n, points, killed, jobs)
	}
}

// An interrupted sweep ends its commands, leaves nothing half done and says so.
func TestSweepInterrupted(t *testing.T) {
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		dir := filepath.Join(t.TempDir(), "benchmark")
		flag := filepath.Join(t.TempDir(), "flag")
		cmd, stderr := command(t, "sweep", "-d", dir, "-n", "k", "-p", "x=1:3", "--",
			"sh", "-c", "test {x} = 1 && { echo begin; echo end; exit; }; echo {x} >"+flag+"; sleep 100")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for { // until the second point runs
			if _, err := os.Stat(flag); err == nil {
				break
			}
			time.Sleep(time.Millisecond)
		}
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		err := cmd.Wait()
		if cmd.ProcessState.ExitCode() != 1 || stderr.String() != "ringo: interrupted with 2 of 3 points left; the same command line goes on with them\n" {
			t.Errorf("%v: %v, %s", sig, err, stderr)
		}
		done, other := logs(t, dir)
		if len(done) != 1 || len(other) != 0 {
			t.Errorf("%v: finished %v, left over %v", sig, done, other)
		}
	}
}

// What a killed sweep leaves is removed by the next one, other files stay.
func TestSweepCleansUp(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{".k-x=1.log.tmp-0123456789abcdef", ".k-x=9.log.tmp-0123456789abcdef", "notes", ".k-x=1.log.tmp-x"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	cmd, stderr := command(t, "sweep", "-d", dir, "-n", "k", "-p", "x=1:2", "--", "sh", "-c", "echo begin; echo end; : {x}")
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, stderr)
	}
	_, other := logs(t, dir)
	if got := strings.Join(other, " "); got != ".k-x=1.log.tmp-x .k-x=9.log.tmp-0123456789abcdef notes" {
		t.Errorf("left over: %s", got)
	}
	if !atomicfile.IsTemp(other[1]) {
		t.Error("the test does not know the names of temporary files")
	}
}
