//go:build unix

package launch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ringo-mpi/ringo/internal/embedded/segment"
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
)

// standRole does in each rank what its argument says, and says when it does.
func standRole(a []string) {
	rank, _ := strconv.Atoi(os.Getenv("RINGO_RANK"))
	what := a[rank%len(a)]
	ready := func() { fmt.Println("ready") }
	if what == "absent" {
		ready()
		time.Sleep(time.Minute)
	}
	if what == "ends" {
		ready()
		return
	}
	m := initRank()
	switch what {
	case "silent":
		m.seg.Hear(rank, true)
		ready()
		time.Sleep(time.Minute)
	case "deaf":
		ready()
		time.Sleep(time.Minute)
	case "left":
		m.seg.Advance(rank, transport.Finalized)
		ready()
		time.Sleep(time.Minute)
	case "parting":
		m.seg.Tell(rank, 0, segment.Answer{Text: "in the garden"})
		ready()
		time.Sleep(time.Minute)
	}
	seen := m.seg.Hear(rank, true)
	ready()
	for {
		if asked := m.seg.AwaitQuestion(rank, seen, time.Minute); asked != seen {
			seen = asked
			if segment.WantsStacks(asked) {
				fmt.Fprintf(os.Stderr, "stacks of %d\n", rank)
			}
			m.seg.Tell(rank, asked, segment.Answer{Text: "in " + what, InCall: strings.HasPrefix(what, "call")})
		}
	}
}

// dumpRole writes much in pieces when it gets QUIT, and ends.
func dumpRole(a []string) {
	m := initRank()
	c := make(chan os.Signal, 1)
	notifyQuit(c)
	fmt.Println("ready")
	<-c
	pieces, _ := strconv.Atoi(a[0])
	for i := range pieces {
		fmt.Fprintf(os.Stderr, "rank %d\npiece %d\n", m.rank, i)
		if i%10 == 0 {
			time.Sleep(time.Millisecond)
		}
	}
	if len(a) > 1 { // it goes on
		fmt.Println("alive")
		time.Sleep(time.Minute)
	}
	os.Exit(2)
}

// onLines calls f when n lines have been written to it.
type onLines struct {
	mu   sync.Mutex
	n    int
	then func()
}

func (w *onLines) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	before := w.n
	if w.n -= bytes.Count(p, []byte("\n")); before > 0 && w.n <= 0 {
		w.then()
	}
	return len(p), nil
}

// stand runs ranks in places until all are there, ends the job, and returns what
// Job.Standing was told and the ranks' errors.
func standIn(t *testing.T, j Job, places ...string) (lines []string, stderr string) {
	t.Helper()
	enough := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	j.Apps = []App{{Path: exe, Args: append([]string{"rank", "stand"}, places...), Ranks: len(places)}}
	ends := slices.Contains(places, "ends")
	j.Stdout = &onLines{n: len(places), then: func() {
		if ends { // its end is told on another way
			time.Sleep(300 * time.Millisecond)
		}
		cancel(enough)
	}}
	j.Stderr = &errs
	told := 0
	j.Standing = func(sig syscall.Signal, l []string) {
		told++
		lines = l
		if sig != 0 {
			t.Errorf("signal %v", sig)
		}
	}
	if _, err := j.Run(ctx); !errors.Is(err, enough) {
		t.Errorf("the job ends with %v\n%s", err, errs.String())
	}
	if told > 1 {
		t.Errorf("told %d times", told)
	}
	return lines, errs.String()
}

func TestStanding(t *testing.T) {
	for _, tt := range []struct {
		places string
		want   []string
	}{
		{"call-a", []string{"rank 0 is in call-a"}},
		{"call-a call-a call-b call-a", []string{"ranks 0-1,3 are in call-a", "rank 2 is in call-b"}},
		{
			"left call-a absent ends parting left call-a ends deaf",
			[]string{
				"ranks 0,5 have called Finalize", "ranks 1,6 are in call-a", "rank 2 has not called Init",
				"ranks 3,7 have ended", "rank 4 is in the garden",
			},
		},
		{"deaf absent left", nil}, // nobody says anything
	} {
		lines, _ := standIn(t, Job{}, strings.Fields(tt.places)...)
		if !slices.Equal(lines, tt.want) {
			t.Errorf("%s:\n got %q\nwant %q", tt.places, lines, tt.want)
		}
	}
}

// TestSilentRanks: ranks that do not answer do not hold up the end, and are named.
func TestSilentRanks(t *testing.T) {
	var pids []int
	lines, _ := standIn(t, Job{Started: func(p []int) { pids = p }}, "silent", "call-a", "silent")
	want := []string{fmt.Sprintf("ranks 0,2 (processes %d, %d) did not say where they are", pids[0], pids[2]), "rank 1 is in call-a"}
	if !slices.Equal(lines, want) {
		t.Errorf("\n got %q\nwant %q", lines, want)
	}
}

func TestStacksAreAsked(t *testing.T) {
	if _, stderr := standIn(t, Job{Stacks: true}, "call-a", "call-b"); sorted(stderr) != "stacks of 0\nstacks of 1" {
		t.Errorf("with Stacks the ranks say %q", stderr)
	}
	if _, stderr := standIn(t, Job{}, "call-a", "call-b"); stderr != "" {
		t.Errorf("without Stacks the ranks say %q", stderr)
	}
}

// signalJob runs ranks and sends this process a signal when all are ready; the job
// passes it on.
func signalJob(t *testing.T, j Job, sig syscall.Signal, n int, args ...string) (told []string, stderr string) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	j.Apps = []App{{Path: exe, Args: append([]string{"rank"}, args...), Ranks: n}}
	if j.Stdout == nil {
		j.Stdout = &onLines{n: n, then: func() { _ = syscall.Kill(os.Getpid(), sig) }}
	}
	if j.Stderr == nil {
		j.Stderr = &errs
	}
	j.ForwardSignals = true
	j.Standing = func(got syscall.Signal, lines []string) {
		told = append(told, lines...)
		if got != sig {
			t.Errorf("signal %v", got)
		}
	}
	if _, err := j.Run(t.Context()); err == nil {
		t.Error("the job ends well")
	}
	return told, errs.String()
}

// TestStandingAtSignals: of a job that is ended by a signal only calls are told.
func TestStandingAtSignals(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		told, _ := signalJob(t, Job{}, sig, 4, "stand", "call-a", "work", "silent", "call-a")
		if want := []string{"ranks 0,3 are in call-a"}; !slices.Equal(told, want) {
			t.Errorf("%v: got %q, want %q", sig, told, want)
		}
	}
	if told, _ := signalJob(t, Job{}, syscall.SIGTERM, 3, "stand", "work", "silent", "absent"); told != nil {
		t.Errorf("nobody is in a call: %q", told)
	}
}

// TestDumpsAreWhole: what ranks write at QUIT is not mixed, with labels or without.
func TestDumpsAreWhole(t *testing.T) {
	const ranks, pieces = 4, 200
	for _, label := range []bool{false, true} {
		j := Job{}
		if label {
			j.Label = rankLabel
		}
		told, stderr := signalJob(t, j, syscall.SIGQUIT, ranks, "dump", strconv.Itoa(pieces))
		if told != nil {
			t.Errorf("at QUIT the ranks tell themselves, and are not asked: %q", told)
		}
		seen := map[string]bool{}
		lines := strings.Split(strings.TrimSuffix(stderr, "\n"), "\n")
		if len(lines) != 2*ranks*pieces {
			t.Fatalf("%d lines, want %d", len(lines), 2*ranks*pieces)
		}
		for ; len(lines) > 0; lines = lines[2*pieces:] {
			who := lines[0]
			if seen[who] {
				t.Fatalf("%s comes twice", who)
			}
			seen[who] = true
			for i := range pieces {
				want := fmt.Sprintf("piece %d", i)
				if label {
					begin, _, _ := strings.Cut(who, "]")
					want = begin + "] " + want
				}
				if got := lines[2*i : 2*i+2]; got[0] != who || got[1] != want {
					t.Fatalf("in the dump of %s: %q, want %q", who, got, want)
				}
			}
		}
	}
}

// TestQuitIsNoEnd: what a program writes that goes on after QUIT appears while it
// does.
func TestQuitIsNoEnd(t *testing.T) {
	r, w := io.Pipe()
	go func() {
		buf := make([]byte, 100)
		text := ""
		for !strings.HasSuffix(text, "alive\n") {
			n, err := r.Read(buf)
			if err != nil {
				t.Errorf("the output ends with %q: %v", text, err)
				return
			}
			if text += string(buf[:n]); text == "ready\n" {
				_ = syscall.Kill(os.Getpid(), syscall.SIGQUIT)
			}
		}
		_ = syscall.Kill(os.Getpid(), syscall.SIGQUIT) // the second one kills
		_, _ = io.Copy(io.Discard, r)
	}()
	start := time.Now()
	_, stderr := signalJob(t, Job{Stdout: w}, syscall.SIGQUIT, 1, "dump", "3", "go-on")
	if want := "rank 0\npiece 0\nrank 0\npiece 1\nrank 0\npiece 2\n"; stderr != want {
		t.Errorf("got %q, want %q", stderr, want)
	}
	if d := time.Since(start); d > 40*time.Second {
		t.Errorf("its output appeared at its end, after %v", d)
	}
}
