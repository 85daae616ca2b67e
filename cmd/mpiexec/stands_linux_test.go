package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// placeOf returns FILE:LINE of the line of stands_test.go with a comment.
func placeOf(t *testing.T, comment string) string {
	t.Helper()
	text, err := os.ReadFile("stands_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(string(text), "\n") {
		if strings.HasSuffix(line, " // "+comment) {
			return fmt.Sprintf("stands_test.go:%d", i+1)
		}
	}
	t.Fatalf("no line ends with // %s", comment)
	return ""
}

// says runs mpiexec and returns the lines of its standard error.
func says(t *testing.T, status int, args ...string) string {
	t.Helper()
	dir := commands(t)
	cmd := exec.Command(filepath.Join(dir, "mpiexec"), args...)
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	_ = cmd.Run()
	if got := cmd.ProcessState.ExitCode(); got != status {
		t.Errorf("mpiexec %s: status %d, want %d\n%s", strings.Join(args, " "), got, status, stderr.String())
	}
	return stderr.String()
}

// matches compares a text with lines of regular expressions.
func matches(t *testing.T, text string, want ...string) {
	t.Helper()
	if !regexp.MustCompile(`^` + strings.Join(want, "\n") + `\n$`).MatchString(text) {
		t.Errorf("it says\n%s\nand not\n%s", text, strings.Join(want, "\n"))
	}
}

const timedOut = `mpiexec: the job did not end within \S+ \(--timeout\); its ranks were ended`

// TestTimeoutSaysWhereRanksStand: each by its call, or its line, or that it says
// nothing.
func TestTimeoutSaysWhereRanksStand(t *testing.T) {
	t.Parallel() // it waits
	receive, sleep := placeOf(t, "receive"), placeOf(t, "sleep")
	matches(t, says(t, 110, "--timeout", "6", "-n", "5", "stands", "receive", "compute", "stop", "sleep", "end"),
		timedOut,
		`mpiexec: rank 0 is in mpi.Recv, called at /\S*/`+receive,
		`mpiexec: rank 1 is in no call of MPI, but at /\S*/stands_test.go:\d+ in mpiexec.computeForEver`,
		`mpiexec: rank 2 \(process \d+\) did not say where it is`,
		`mpiexec: rank 3 is in no call of MPI, but at /\S*/`+sleep+` in mpiexec.stands.func1 \(sleep\)`,
		`mpiexec: rank 4 is in mpi.Finalize, called at the end of the rank's function|mpiexec: rank 4 has (ended|called Finalize)`,
	)
}

// TestRanksThatStandAlike are told in one line.
func TestRanksThatStandAlike(t *testing.T) {
	t.Parallel() // it waits
	matches(t, says(t, 110, "--timeout", "6", "--report-state-on-timeout", "-n", "8", "stands", "receive"),
		timedOut,
		`mpiexec: ranks 0-7 are in mpi.Recv, called at /\S*/`+placeOf(t, "receive"),
	)
}

// TestStackTraces: with --get-stack-traces the stacks of all ranks come out, each
// whole, and no rank's ends before its last goroutine.
func TestStackTraces(t *testing.T) {
	t.Parallel() // it waits
	text := says(t, 110, "--timeout", "6", "--get-stack-traces", "-n", "4", "stands", "crowd")
	dumps, report, ok := strings.Cut(text, "mpiexec: ")
	if !ok {
		t.Fatalf("no report: %.500s", text)
	}
	matches(t, "mpiexec: "+report, timedOut, `mpiexec: ranks 0-3 are in mpi.Recv, called at /\S*/`+placeOf(t, "receive"))
	begin := regexp.MustCompile(`(?m)^rank (\d) of 4 on .*, process \d+, has these goroutines:$`)
	isWhole(t, dumps, begin)
}

// isWhole checks that a text consists of the dumps of 4 ranks with 500 goroutines
// each.
func isWhole(t *testing.T, text string, begin *regexp.Regexp) {
	t.Helper()
	at := begin.FindAllStringIndex(text, -1)
	if len(at) != 4 {
		t.Fatalf("%d dumps begin, want 4: %.500s", len(at), text)
	}
	for i, a := range at {
		end := len(text)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		dump := text[a[0]:end]
		crowd := strings.Count(dump, "stands.func1.1(")
		numbers := map[string]bool{}
		for _, m := range regexp.MustCompile(`(?m)^goroutine (\d+) .*\[`).FindAllStringSubmatch(dump, -1) {
			if m[1] == "0" {
				continue
			}
			if numbers[m[1]] {
				t.Errorf("a dump has goroutine %s twice: those of several ranks are mixed", m[1])
			}
			numbers[m[1]] = true
		}
		if crowd != 500 {
			t.Errorf("a dump has %d goroutines of 500: %.300s", crowd, dump)
		}
	}
}

// TestQuitDumpsAreWhole: at QUIT each rank writes the stacks of its goroutines.
func TestQuitDumpsAreWhole(t *testing.T) {
	l := start(t, 4, "-n", "4", "sh", "-c", reportPids, "sh", "stands", "crowd")
	for range 4 {
		<-l.lines
	}
	l.Process.Signal(syscall.SIGQUIT)
	if got := l.status(t); got != 128+3 && got != 2 {
		t.Errorf("status %d", got)
	}
	isWhole(t, l.stderr.String(), regexp.MustCompile(`(?m)^SIGQUIT: quit$`))
}

// TestSignalSaysWhereRanksStand: before it is passed on, if a rank is in a call.
func TestSignalSaysWhereRanksStand(t *testing.T) {
	receive := placeOf(t, "receive")
	for _, tt := range []struct {
		what  string
		lines []string
	}{
		{"receive receive compute receive", []string{`mpiexec: ranks 0-1,3 are in mpi.Recv, called at /\S*/` + receive}},
		{"compute sleep compute compute", nil},
	} {
		l := start(t, 4, append([]string{"-n", "4", "sh", "-c", reportPids, "sh", "stands"}, strings.Fields(tt.what)...)...)
		for range 4 {
			<-l.lines
		}
		l.Process.Signal(syscall.SIGTERM)
		if got := l.status(t); got != 143 {
			t.Errorf("status %d", got)
		}
		matches(t, l.stderr.String(), append(tt.lines, `mpiexec: ended by signal 15 \(terminated\)`)...)
	}
}
