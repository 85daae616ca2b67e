//go:build unix

package native

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/enginetest/installed"
)

// The tests of this package run twice over: once as an ordinary test, which
// starts the test binary again under the launcher of each MPI library that the
// machine has, and there, as one rank of a job, where the cases of TestOnRank
// run on the engine (jobs_test.go, cases_*_test.go).

// Variables that make this process a rank of a test job.
const (
	envRank   = "RINGO_NATIVE_TEST_RANK"   // set: be a rank
	envLimits = "RINGO_NATIVE_TEST_LIMITS" // "plain" or "large": pretend that counts are limited to testLimit, without or with large-count forms
	envScene  = "RINGO_NATIVE_TEST_SCENE"  // what to do instead of the cases
)

// testLimit stands for 2³¹−1 in the jobs with artificial limits.
const testLimit = 12

// job is the engine of this process when it is a rank.
var job *driver

func TestMain(m *testing.M) {
	if os.Getenv(envRank) == "" {
		os.Exit(m.Run())
	}
	scene := os.Getenv(envScene)
	e, err := Open()
	if err != nil {
		fmt.Fprintln(os.Stderr, "open:", err)
		os.Exit(3)
	}
	job = e.(*driver)
	if scene != "" {
		os.Exit(playScene(job, scene))
	}
	switch os.Getenv(envLimits) {
	case "plain":
		job.maxCount, job.maxDispl, job.largeForms = testLimit, 40, false
	case "large":
		if !job.largeForms {
			os.Exit(finish(0)) // the same as plain
		}
		job.maxCount, job.maxDispl = testLimit, 40
	}
	os.Exit(finish(m.Run()))
}

// finish ends a rank whose cases have run.
func finish(status int) int {
	if status != 0 {
		job.Abort(status, "tests failed")
	}
	if err := job.Finalize(); err != nil {
		fmt.Fprintln(os.Stderr, "finalize:", err)
		return 4
	}
	if err := job.Finalize(); engineClass(err) != engine.ErrFinalized {
		fmt.Fprintln(os.Stderr, "second Finalize:", err)
		return 4
	}
	if err := job.world.Send(engine.Buf{}, 0, 0, engine.Standard, nil); engineClass(err) != engine.ErrFinalized {
		fmt.Fprintln(os.Stderr, "Send after Finalize:", err)
		return 4
	}
	return status
}

// result is how a job ended.
type result struct {
	output string
	status int
}

// run starts n ranks of this test binary under the launcher of a library.
func run(t testing.TB, in installed.Library, n int, env []string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	line := in.Command(n, append([]string{os.Args[0]}, args...)...)
	cmd := exec.CommandContext(ctx, line[0], line[1:]...)
	cmd.Env = append(append(os.Environ(), in.Env()...), env...)
	cmd.Env = append(cmd.Env, envRank+"=1")
	// The launcher and its ranks are one process group, to be ended as a whole.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if ctx.Err() != nil {
		t.Fatalf("%s: %d ranks did not end within 2 minutes\n%s", in.Name, n, out.String())
	}
	if err != nil && cmd.ProcessState == nil {
		t.Fatalf("%s: %v", in.Name, err)
	}
	return result{out.String(), cmd.ProcessState.ExitCode()}
}

// testArgs are the flags of the ranks' own run of the tests. What go test -run
// says below the name of a job selects their cases: TestJobs/mpich/2_ranks/Probe.
func testArgs() []string {
	run := "^TestOnRank$"
	if parts := strings.SplitN(flag.Lookup("test.run").Value.String(), "/", 4); len(parts) == 4 {
		run += "/" + parts[3]
	}
	return []string{"-test.run=" + run, "-test.count=1", "-test.timeout=100s", "-test.failfast", "-test.v"}
}

// TestJobs runs the cases of TestOnRank on every library with 1 to 4 ranks (the
// newest ones with those of installed.Library.Ranks), and once each with
// artificial limits of counts: as many ranks as a small machine has cores,
// because MPICH has waiting ranks spin.
func TestJobs(t *testing.T) {
	if job != nil {
		return // a rank does not start jobs
	}
	for _, in := range installed.Find(t) {
		t.Run(in.Name, func(t *testing.T) {
			for _, n := range in.Ranks(t) {
				if raceEnabled && n == 4 {
					continue // the detector sees one process at a time, and nothing new with more of them
				}
				t.Run(fmt.Sprintf("%d ranks", n), func(t *testing.T) { runCases(t, in, n) })
			}
			t.Run("limited counts, plain", func(t *testing.T) { runCases(t, in, 2, envLimits+"=plain") })
			t.Run("limited counts, large", func(t *testing.T) { runCases(t, in, 2, envLimits+"=large") })
			t.Run("polled collectives", func(t *testing.T) { runCases(t, in, 2, "RINGO_NATIVE_COLLECTIVES=poll") })
		})
	}
}

func runCases(t *testing.T, in installed.Library, n int, env ...string) {
	t.Helper()
	if r := run(t, in, n, env, testArgs()...); r.status != 0 {
		t.Errorf("exit status %d\n%s", r.status, r.output)
	}
}
