package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// marks numbers the commands whose processes are looked for.
var marks atomic.Int64

// running returns the processes whose arguments hold a text.
func running(text string) (pids []string) {
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		args, err := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline"))
		if err == nil && strings.Contains(string(args), text) { // a process that has ended has no arguments
			pids = append(pids, e.Name()+": "+strings.ReplaceAll(string(args), "\x00", " "))
		}
	}
	return pids
}

// nothingStays fails the test if a process is left some time after its launcher
// has gone. (A second is promised; a busy machine gets more.)
func nothingStays(t *testing.T, text string) {
	t.Helper()
	var left []string
	for range 500 {
		if left = running(text); len(left) == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("left: %s", strings.Join(left, "\n      "))
}

// TestNothingOfAJobStays: whatever ranks start ends with their launcher, be it
// in a session of its own, without its environment, or knowing nothing of MPI.
func TestNothingOfAJobStays(t *testing.T) {
	dir := commands(t)
	path := "PATH=" + dir + ":" + os.Getenv("PATH")
	for _, script := range []string{
		`/bin/sleep $S`,
		`/bin/sleep $S & :`,
		`setsid -f /bin/sleep $S; /bin/sleep 0.4`,
		`setsid sh -c 'setsid /bin/sleep '$S' & /bin/sleep '$S & `,
		`env -i setsid -f /bin/sleep $S; exec 3>&- 4>&-; /bin/sleep 0.4`,
		`(trap "" TERM HUP INT; setsid nohup /bin/sleep $S >/dev/null 2>&1 &) ; /bin/sleep 0.4`,
		`setsid -f mpiexec -n 2 sh -c "setsid -f /bin/sleep $S; /bin/sleep $S"; /bin/sleep 0.4`,
		`env -i ` + path + ` mpiexec -n 2 sh -c "setsid -f /bin/sleep $S; /bin/sleep $S"`,
		`misfortune wait none $S & :`,
		`misfortune wait none $S; true`,
	} {
		for i, killed := range []bool{true, false, true, false} {
			where := wheres[i/2]
			t.Run(fmt.Sprintf("%s/%v/%s", script, killed, where), func(t *testing.T) {
				t.Parallel()
				mark := fmt.Sprintf("60%04d.%d", marks.Add(1), os.Getpid())
				cmd := exec.Command(filepath.Join(dir, "mpiexec"), at(where, "--timeout", "1", "sh", "-c", "S="+mark+"; "+script)...)
				cmd.Env = append(os.Environ(), path)
				cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				if killed {
					time.Sleep(time.Duration(marks.Load()%7) * 60 * time.Millisecond)
					_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // the whole group, as a shell's job control would
				}
				_ = cmd.Wait()
				nothingStays(t, mark)
			})
		}
	}
}

// TestLauncherKilledAtTheStart: in the first moments too, with a wrapper or
// without.
func TestLauncherKilledAtTheStart(t *testing.T) {
	dir := commands(t)
	for i := range 40 {
		mark := fmt.Sprintf("61%04d.%d", i, os.Getpid())
		where := [][]string{{"-n", "4"}, wheres[1]}[i/2%2]
		args := at(where, "misfortune", "wait", "none", mark)
		if i%2 == 1 {
			args = at(where, "sh", "-c", `"$@"; exit $?`, "sh", "misfortune", "wait", "none", mark)
		}
		cmd := exec.Command(filepath.Join(dir, "mpiexec"), args...)
		cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(i) * 3 * time.Millisecond)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		nothingStays(t, mark)
	}
}

// TestOrphansAreReaped: what ranks leave behind does not fill the process table
// while the job runs, and the launcher leaves no process of its own.
func TestOrphansAreReaped(t *testing.T) {
	l := start(t, 1, "-n", "1", "sh", "-c", `echo pid $$; for i in 1 2 3 4 5 6 7 8; do (/bin/true &); done; exec /bin/sleep 600`)
	own := l.Process.Pid
	zombies := func() (n int) {
		entries, _ := os.ReadDir("/proc")
		for _, e := range entries {
			stat, err := os.ReadFile(filepath.Join("/proc", e.Name(), "stat"))
			if err == nil && strings.Contains(string(stat), fmt.Sprintf(") Z %d ", own)) {
				n++
			}
		}
		return n
	}
	for i := 0; zombies() > 0; i++ {
		if i == 1000 {
			t.Fatalf("%d processes that have ended are not reaped", zombies())
		}
		time.Sleep(10 * time.Millisecond)
	}
	l.Process.Signal(syscall.SIGTERM)
	if got := l.status(t); got != 143 {
		t.Errorf("status %d", got)
	}
}

// TestRankUnderThread: a rank lives on when the thread of its wrapper that has
// started it ends.
func TestRankUnderThread(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("LEFT OUT: a wrapper with threads: there is no python3")
	}
	const script = `
import subprocess, sys, threading, time
c = []
def start():
    c.append(subprocess.Popen(["slow"], close_fds=False))
    time.sleep(0.4)
t = threading.Thread(target=start)
t.start(); t.join()
sys.exit(c[0].wait() != 0)
`
	dir := commands(t)
	cmd := exec.Command(filepath.Join(dir, "mpiexec"), "-n", "2", python, "-c", script)
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
	if out, err := cmd.CombinedOutput(); err != nil || strings.Count(string(out), "slowly done\n") != 2 {
		t.Errorf("%v\n%s", err, out)
	}
}
