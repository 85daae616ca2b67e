//go:build unix

package launch

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ringo-mpi/ringo/internal/embedded/segment"
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
	"github.com/ringo-mpi/ringo/internal/launch/launchtest"
	"github.com/ringo-mpi/ringo/internal/pmi"
	"github.com/ringo-mpi/ringo/internal/topo"
)

// The tests start their own executable as ranks: the first argument names what
// the rank does.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "rank" {
		roles[os.Args[2]](os.Args[3:])
		os.Exit(0)
	}
	if len(os.Args) > 1 && os.Args[1] == "agent" {
		os.Exit(ServeAgent(os.Stdin, os.Stdout, []string{"guard"}))
	}
	if len(os.Args) > 2 && os.Args[1] == "guard" {
		CleanUp(os.Args[2])
		os.Exit(0)
	}
	// The race detector would make every rank wait a second at its end.
	os.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE"))
	launchtest.HearSignals()
	os.Exit(m.Run())
}

// only runs f on one rank.
func only(rank string, f func()) {
	if rank == "all" || os.Getenv("RINGO_RANK") == rank {
		f()
	}
}

// member is a rank that has called Init: it has opened the segment and greeted
// the launcher.
type member struct {
	rank int
	seg  *segment.Segment
	pmi  *pmi.Client
	ctl  *os.File
}

func initRank() *member {
	num := func(name string) int {
		n, err := strconv.Atoi(os.Getenv(name))
		if err != nil {
			fmt.Fprintln(os.Stderr, name, err)
			os.Exit(90)
		}
		return n
	}
	seg, err := segment.Open(uintptr(num("RINGO_SHM_FD")))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(91)
	}
	m := &member{rank: num("RINGO_RANK"), seg: seg, ctl: os.NewFile(uintptr(num("RINGO_CTL_FD")), "ctl")}
	syscall.CloseOnExec(num("RINGO_CTL_FD"))
	m.pmi = pmi.NewClient(m.ctl)
	seg.Join(m.rank)
	m.ctl.WriteString("cmd=join\n")
	if err := m.pmi.Init(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(92)
	}
	return m
}

func (m *member) finalize() {
	if err := m.pmi.Finalize(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(93)
	}
	m.seg.Advance(m.rank, transport.Finalized)
}

// awaitDeath waits until the segment says that some rank is dead and prints
// how, and how long ago file, whose time the dying rank has set, was written.
func (m *member) awaitDeath(file string) {
	for start := time.Now(); time.Since(start) < 20*time.Second; time.Sleep(time.Millisecond) {
		for r := range m.seg.Ranks() {
			if m.seg.State(r) == transport.Dead {
				now := time.Now()
				delay := time.Duration(-1)
				if info, err := os.Stat(file); err == nil {
					delay = now.Sub(info.ModTime())
				}
				fmt.Printf("rank %d sees: rank %d %s (%d ms)\n", m.rank, r, m.seg.Cause(r), delay.Milliseconds())
				return
			}
		}
	}
	fmt.Println("nobody died")
}

var roles map[string]func(args []string)

func init() {
	roles = map[string]func(args []string){
		"exit": func(a []string) { // RANK STATUS
			only(a[0], func() { n, _ := strconv.Atoi(a[1]); os.Exit(n) })
		},
		"exit-late": func(a []string) { // RANK STATUS; the others wait
			only(a[0], func() { n, _ := strconv.Atoi(a[1]); os.Exit(n) })
			time.Sleep(time.Minute)
		},
		"die": func(a []string) { // RANK SIGNAL; the others wait
			only(a[0], func() {
				n, _ := strconv.Atoi(a[1])
				syscall.Kill(os.Getpid(), syscall.Signal(n))
				time.Sleep(10 * time.Second)
			})
			time.Sleep(time.Minute)
		},
		"stand":  standRole,
		"dump":   dumpRole,
		"member": func(a []string) { initRank().finalize() },
		"member-exit": func(a []string) { // RANK STATUS: after Finalize
			initRank().finalize()
			only(a[0], func() { n, _ := strconv.Atoi(a[1]); os.Exit(n) })
			time.Sleep(300 * time.Millisecond)
			fmt.Println("worked on")
		},
		"member-die": func(a []string) { // RANK SIGNAL FILE
			m := initRank()
			m.pmi.Barrier()
			only(a[0], func() {
				os.WriteFile(a[2], nil, 0o600)
				n, _ := strconv.Atoi(a[1])
				syscall.Kill(os.Getpid(), syscall.Signal(n))
				select {}
			})
			m.awaitDeath(a[2])
			m.finalize()
		},
		"member-leave": func(a []string) { // RANK STATUS: no Finalize
			m := initRank()
			m.pmi.Barrier()
			only(a[0], func() { n, _ := strconv.Atoi(a[1]); os.Exit(n) })
			m.awaitDeath("")
			m.finalize()
		},
		"fail": func(a []string) { // RANK STATUS fails a little before the others, and ends after them
			m := initRank()
			m.pmi.Barrier()
			n, _ := strconv.Atoi(a[1])
			first, _ := strconv.Atoi(a[0])
			only(a[0], func() {
				m.seg.MarkFailed(m.rank, "out of ideas")
				if n < 0 {
					time.Sleep(time.Minute)
				}
				time.Sleep(100 * time.Millisecond)
				os.Exit(n)
			})
			for m.seg.State(first) != transport.Failed {
				time.Sleep(time.Millisecond)
			}
			m.seg.MarkFailed(m.rank, "another has failed")
			os.Exit(1)
		},
		"abort": func(a []string) { // RANK CODE MESSAGE
			m := initRank()
			m.pmi.Barrier()
			only(a[0], func() {
				n, _ := strconv.Atoi(a[1])
				m.pmi.Abort(n, strings.ReplaceAll(a[2], "~", " "))
				os.Exit(77)
			})
			time.Sleep(time.Minute)
		},
		"absent": func(a []string) { // RANK never calls Init, the others wait in a barrier
			only(a[0], func() { os.Exit(0) })
			initRank().pmi.Barrier()
			time.Sleep(time.Minute)
		},
		"hang-up": func(a []string) { // RANK closes its channel and lives on
			m := initRank()
			m.pmi.Barrier()
			only(a[0], func() { m.ctl.Close(); time.Sleep(time.Minute) })
			m.awaitDeath("")
			m.finalize()
		},
		"babble": func(a []string) {
			m := initRank()
			only(a[0], func() { m.ctl.WriteString("what is this\n") })
			time.Sleep(time.Minute)
		},
		"stubborn": func(a []string) { // RANK fails; the others ignore SIGTERM
			ignoreTerm()
			initRank().pmi.Barrier()
			only(a[0], func() { os.Exit(5) })
			time.Sleep(time.Minute)
		},
		"env": func(a []string) {
			for _, name := range a {
				v, ok := os.LookupEnv(name)
				if !ok {
					v = "-"
				}
				fmt.Printf("%s=%s ", name, v)
			}
			fmt.Println()
		},
		"procs":    func(a []string) { fmt.Println(runtime.GOMAXPROCS(0), runtime.NumCPU()) },
		"pwd":      func(a []string) { d, _ := os.Getwd(); fmt.Println(d, os.Getenv("PWD")) },
		"cat":      func(a []string) { n, err := io.Copy(os.Stdout, os.Stdin); fmt.Fprintln(os.Stderr, n, err) },
		"head":     func(a []string) { line, _ := bufio.NewReader(os.Stdin).ReadString('\n'); fmt.Print(line) },
		"affinity": func(a []string) { m, _ := topo.Local(); fmt.Println(m.Allowed) },
		"lines": func(a []string) { // COUNT WIDTH
			count, _ := strconv.Atoi(a[0])
			width, _ := strconv.Atoi(a[1])
			// One write a line: of a line written in pieces the first may be
			// shown before the second comes.
			for i := range count {
				fmt.Printf("%s %d %s\n", os.Getenv("RINGO_RANK"), i, strings.Repeat("x", width))
			}
		},
		"say": func(a []string) { // pieces of text; "2:" to stderr; "<" waits for a line of input
			in := bufio.NewReader(os.Stdin)
			for _, s := range a {
				if s == "<" {
					in.ReadString('\n')
				} else if text, ok := strings.CutPrefix(s, "2:"); ok {
					fmt.Fprint(os.Stderr, text)
				} else {
					fmt.Print(s)
				}
			}
		},
	}
}

// run runs one app of n ranks and returns what it wrote.
func run(t *testing.T, j Job, n int, args ...string) (Result, string, string, error) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	j.Apps = []App{{Path: exe, Args: append([]string{"rank"}, args...), Ranks: n}}
	if j.Stdout == nil {
		j.Stdout = &stdout
	}
	if j.Stderr == nil {
		j.Stderr = &stderr
	}
	if j.Cores == 0 {
		j.Cores = 2
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Second)
	defer cancel()
	res, err := j.Run(ctx)
	return res, stdout.String(), stderr.String(), err
}

// sorted returns the lines of a text in order.
func sorted(text string) string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func TestHowJobsEnd(t *testing.T) {
	host := hostname()
	quick := Job{Grace: 50 * time.Millisecond}
	for _, tt := range []struct {
		name   string
		job    Job
		ranks  int
		args   string
		status int
		says   string // after "rank R on HOST "; "" for no error
	}{
		{"all well", quick, 3, "exit 1 0", 0, ""},
		{"members", quick, 4, "member", 0, ""},
		{"status of one rank", quick, 3, "exit-late 1 7", 7, "1 ended with status 7; the other ranks were ended"},
		{"one rank only", quick, 1, "exit 0 3", 3, "0 ended with status 3"},
		{"two ranks", quick, 2, "exit-late 1 255", 255, "1 ended with status 255; the other rank was ended"},
		{"kill", quick, 3, "die 2 9", 137, "2 was killed by signal 9 (killed); the other ranks were ended"},
		{"hang-up signal", quick, 2, "die 0 1", 129, "0 was killed by signal 1 (hangup); the other rank was ended"},
		{"a member is killed", quick, 3, "member-die 1 9 /nowhere", 137, "1 was killed by signal 9 (killed); the other ranks were ended"},
		{"no Finalize", quick, 3, "member-leave 2 0", 1, "2 ended without Finalize (status 0); the other ranks were ended"},
		{"no Finalize, and a status", quick, 3, "member-leave 2 4", 4, "2 ended with status 4; the other ranks were ended"},
		{"status after Finalize", Job{Grace: time.Millisecond}, 3, "member-exit 0 6", 6, "0 ended with status 6*"},
		{"abort", quick, 3, "abort 1 5 -", 5, "1 called Abort(5): -; the other ranks were ended"},
		{"abort with a message", quick, 2, "abort 0 300 100%~of\ttapes", 44, "0 called Abort(300): 100% of tapes; the other rank was ended"},
		{"abort with a negative code", quick, 2, "abort 1 -1 x", 255, "1 called Abort(-1): x; the other rank was ended"},
		{"the first of several to fail", Job{}, 4, "fail 2 9", 9, "2 ended with status 9; the other ranks were ended"},
		{"the first to fail does not end", quick, 3, "fail 1 -1", 1, "1 failed: out of ideas; the other ranks were ended"},
		{"abort as package mpi does", quick, 2, "abort 0 3 Abort(3)~was~called~by~rank~0~of~world", 3, "0 called Abort(3); the other rank was ended"},
		{"one never calls Init", quick, 3, "absent 1", 1, "1 ended without Init (status 0) while other ranks wait for it in a barrier; the other ranks were ended"},
		{"channel closed", quick, 2, "hang-up 1", 1, "1 closed its connection to mpiexec without Finalize; the other rank was ended"},
		{"nonsense on the channel", quick, 2, "babble 0", 1, `0 broke its connection to mpiexec: pmi: "what is this" is not a command: it has no cmd=NAME; the other rank was ended`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			res, stdout, stderr, err := run(t, tt.job, tt.ranks, strings.Split(tt.args, " ")...)
			if res.Status != tt.status {
				t.Errorf("status %d, want %d (%v)\n%s%s", res.Status, tt.status, err, stdout, stderr)
			}
			var f *Failure
			switch {
			case tt.says == "" && err != nil:
				t.Errorf("error %v\n%s", err, stderr)
			case tt.says != "" && !errors.As(err, &f):
				t.Errorf("error %v, want a failure", err)
			case tt.says != "":
				rank, says, _ := strings.Cut(tt.says, " ")
				want := "rank " + rank + " on " + host + " " + says
				got := err.Error()
				if begin, ok := strings.CutSuffix(want, "*"); ok {
					got, want = got[:min(len(got), len(begin))], begin
				}
				if got != want {
					t.Errorf("says  %q\nwants %q", got, want)
				}
			}
			if contacted := !strings.HasPrefix(tt.args, "exit") && !strings.HasPrefix(tt.args, "die"); res.Contacted != contacted {
				t.Errorf("contacted %v", res.Contacted)
			}
		})
	}
}

// TestDeathIsKnown: the others know of a rank's death at once, with its cause:
// long before the grace period of the launcher is over, however busy the machine.
func TestDeathIsKnown(t *testing.T) {
	best := 1 << 30
	for range 3 {
		file := filepath.Join(t.TempDir(), "stamp")
		_, stdout, stderr, _ := run(t, Job{}, 3, "member-die", "2", "9", file)
		got := sorted(stdout)
		worst := 0
		for i, line := range strings.Split(got, "\n") {
			var r, ms int
			if _, err := fmt.Sscanf(line, "rank %d sees: rank 2 was killed by signal 9 (killed) (%d ms)", &r, &ms); err != nil || r != i || ms < 0 {
				t.Fatalf("%v\n%s%s", err, got, stderr)
			}
			worst = max(worst, ms)
		}
		best = min(best, worst)
	}
	t.Logf("known after %d ms", best)
	if best >= int(defaultGrace.Milliseconds()) {
		t.Errorf("the others knew after %d ms", best)
	}
}

func TestGraceThenTermThenKill(t *testing.T) {
	start := time.Now()
	res, _, _, err := run(t, Job{Grace: 10 * time.Millisecond}, 3, "stubborn", "1")
	if res.Status != 5 || err == nil || res.Codes[0] != 137 || res.Codes[2] != 137 {
		t.Errorf("%+v %v", res, err)
	}
	if d := time.Since(start); d < killAfter {
		t.Errorf("SIGKILL came after %v", d)
	}
}

func TestContext(t *testing.T) {
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	exe, _ := os.Executable()
	j := Job{Apps: []App{{Path: exe, Args: []string{"rank", "exit-late", "9", "0"}, Ranks: 2}}}
	j.Started = func(pids []int) {
		if len(pids) != 2 || pids[0] <= 0 || pids[1] <= 0 || pids[0] == pids[1] {
			t.Errorf("processes %v", pids)
		}
		cancel(cause)
	}
	res, err := j.Run(ctx)
	if !errors.Is(err, cause) || res.Status == 0 || res.Codes[0] != 128+15 || res.Codes[1] != 128+15 {
		t.Errorf("%+v %v", res, err)
	}
}

func TestEnvironment(t *testing.T) {
	t.Setenv("GOMAXPROCS", "")
	os.Unsetenv("GOMAXPROCS")
	for _, kv := range []string{"RINGO_RANK=7", "RINGO_SHM_ERROR=x", "PMI_PORT=host:1", "PMIX_RANK=3", "OMPI_COMM_WORLD_SIZE=9", "HYDI_CONTROL_FD=7", "RINGO_CHECK=1", "RINGO_ENGINE=embedded"} {
		k, v, _ := strings.Cut(kv, "=")
		t.Setenv(k, v)
	}
	names := strings.Fields("RINGO_RANK RINGO_SIZE RINGO_LOCAL_RANK RINGO_LOCAL_SIZE RINGO_CTL_FD RINGO_SHM_FD RINGO_SHM_ERROR RINGO_CORES " +
		"PMI_RANK PMI_SIZE PMI_FD PMI_PORT PMIX_RANK OMPI_COMM_WORLD_SIZE HYDI_CONTROL_FD RINGO_CHECK RINGO_ENGINE MPI_LOCALRANKID MPI_LOCALNRANKS GOMAXPROCS RINGO_GOMAXPROCS")
	_, stdout, _, err := run(t, Job{Cores: 10}, 3, append([]string{"env"}, names...)...)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for r := range 3 {
		want = append(want, fmt.Sprintf("RINGO_RANK=%[1]d RINGO_SIZE=3 RINGO_LOCAL_RANK=%[1]d RINGO_LOCAL_SIZE=3 RINGO_CTL_FD=3 RINGO_SHM_FD=4 RINGO_SHM_ERROR=- RINGO_CORES=10 "+
			"PMI_RANK=%[1]d PMI_SIZE=3 PMI_FD=3 PMI_PORT=- PMIX_RANK=- OMPI_COMM_WORLD_SIZE=- HYDI_CONTROL_FD=- RINGO_CHECK=1 RINGO_ENGINE=embedded MPI_LOCALRANKID=%[1]d MPI_LOCALNRANKS=3 GOMAXPROCS=3 RINGO_GOMAXPROCS=3 ", r))
	}
	if got := sorted(stdout); got != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
	// All ranks of a job know it by the same number, other jobs by another.
	_, a, _, _ := run(t, Job{}, 2, "env", "RINGO_JOB")
	_, b, _, _ := run(t, Job{}, 1, "env", "RINGO_JOB")
	if l := strings.Split(a, "\n"); l[0] != l[1] || l[0] == strings.TrimSpace(b) || len(l[0]) < 20 {
		t.Errorf("job numbers %q %q", a, b)
	}
	for _, tt := range []struct {
		cores, ranks int
		user, want   string
	}{{8, 2, "", "4"}, {8, 3, "", "2"}, {2, 5, "", "2"}, {8, 2, "1", "1"}} {
		os.Unsetenv("GOMAXPROCS")
		if tt.user != "" {
			os.Setenv("GOMAXPROCS", tt.user)
		}
		_, stdout, _, _ := run(t, Job{Cores: tt.cores}, tt.ranks, "procs")
		if !strings.HasPrefix(stdout, tt.want+" ") {
			t.Errorf("%+v: GOMAXPROCS and CPUs %q", tt, stdout)
		}
	}
	// What an outer launcher chose is not the user's wish.
	os.Setenv("GOMAXPROCS", "5")
	os.Setenv("RINGO_GOMAXPROCS", "5")
	defer os.Unsetenv("RINGO_GOMAXPROCS")
	if _, stdout, _, _ := run(t, Job{Cores: 6}, 2, "procs"); !strings.HasPrefix(stdout, "3 ") {
		t.Errorf("nested: %q", stdout)
	}
}

func TestFolderAndName(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PWD", "/elsewhere")
	var out bytes.Buffer
	exe, _ := os.Executable()
	j := Job{Apps: []App{{Path: exe, Name: "myname", Args: []string{"rank", "pwd"}, Dir: dir, Ranks: 1}}, Stdout: &out}
	if _, err := j.Run(t.Context()); err != nil || out.String() != dir+" "+dir+"\n" {
		t.Errorf("%q %v", out.String(), err)
	}
}

func TestSeveralApps(t *testing.T) {
	exe, _ := os.Executable()
	var out bytes.Buffer
	app := func(n int, env ...string) App {
		return App{Path: exe, Args: []string{"rank", "env", "RINGO_RANK", "RINGO_SIZE", "A"}, Env: append(os.Environ(), env...), Ranks: n}
	}
	j := Job{Apps: []App{app(1, "A=x"), app(2, "A=y"), app(1)}, Stdout: &out}
	if _, err := j.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := sorted(out.String()), "RINGO_RANK=0 RINGO_SIZE=4 A=x \nRINGO_RANK=1 RINGO_SIZE=4 A=y \nRINGO_RANK=2 RINGO_SIZE=4 A=y \nRINGO_RANK=3 RINGO_SIZE=4 A=- "; got != want {
		t.Errorf("got\n%s", got)
	}
	for rank, want := range []int{0, 1, 1, 2, 3} {
		if got := j.AppOf(rank); got != want {
			t.Errorf("rank %d is of app %d", rank, got)
		}
	}
}

func TestBadJobs(t *testing.T) {
	exe, _ := os.Executable()
	dir := t.TempDir()
	text := filepath.Join(dir, "data")
	os.WriteFile(text, []byte("\x00\x01"), 0o755)
	plain := filepath.Join(dir, "plain")
	os.WriteFile(plain, []byte("echo hi\n"), 0o644)
	for _, tt := range []struct {
		name string
		job  Job
		want string
	}{
		{"no app", Job{}, "no program"},
		{"no ranks", Job{Apps: []App{{Path: exe}}}, "has 0 ranks"},
		{"no such file", Job{Apps: []App{{Path: exe, Args: []string{"rank", "exit-late", "0", "0"}, Ranks: 1}, {Path: dir + "/none", Ranks: 1}}}, "cannot start rank 1: " + dir + "/none: no such file"},
		{"no such folder", Job{Apps: []App{{Path: exe, Ranks: 1, Dir: dir + "/none"}}}, "no such file"},
		{"not executable", Job{Apps: []App{{Path: plain, Ranks: 2}}}, "permission denied"},
		{"not a program", Job{Apps: []App{{Path: text, Ranks: 2}}}, "exec format error"},
		{"stdin", Job{Apps: []App{{Path: exe, Ranks: 2}}, StdinRank: 2}, "standard input for rank 2 of 2"},
		{"binding", Job{Apps: []App{{Path: exe, Ranks: 2}}, Bind: []topo.Set{topo.SetOf(0)}}, "CPUs for 1 of 2 ranks"},
		{"output", Job{Apps: []App{{Path: exe, Ranks: 1}}, Files: func(int) (string, string) { return plain + "/x", "" }}, "not a directory"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res, err := tt.job.Run(t.Context())
			var s *StartError
			if !errors.As(err, &s) || !strings.Contains(err.Error(), tt.want) || res.Status != 2 {
				t.Errorf("%d, %v; want %q", res.Status, err, tt.want)
			}
		})
	}
}

func TestShellScriptWithoutFirstLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "script")
	os.WriteFile(path, []byte("echo rank $RINGO_RANK: \"$@\"\n"), 0o755)
	var out bytes.Buffer
	j := Job{Apps: []App{{Path: path, Args: []string{"a b", "c"}, Ranks: 2}}, Stdout: &out}
	if _, err := j.Run(t.Context()); err != nil || sorted(out.String()) != "rank 0: a b c\nrank 1: a b c" {
		t.Errorf("%q %v", out.String(), err)
	}
}

// TestNothingLeaks runs jobs of all kinds of ends and compares what is open.
func TestNothingLeaks(t *testing.T) {
	once := func() {
		run(t, Job{Grace: time.Millisecond}, 4, "member")
		run(t, Job{Grace: time.Millisecond}, 2, "die", "1", "9")
		run(t, Job{Stdin: strings.NewReader("x"), StdinRank: StdinAll, Label: rankLabel}, 2, "cat")
		j := Job{Apps: []App{{Path: "/none", Ranks: 4}}}
		j.Run(t.Context())
	}
	once() // what stays open for good, is open now
	time.Sleep(50 * time.Millisecond)
	files, routines := openFiles(t), runtime.NumGoroutine()
	for range 3 {
		once()
	}
	deadline := time.Now().Add(5 * time.Second)
	for (openFiles(t) > files || runtime.NumGoroutine() > routines) && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
	}
	if n := openFiles(t); n > files {
		t.Errorf("%d descriptors open, %d before", n, files)
	}
	if n := runtime.NumGoroutine(); n > routines {
		buf := make([]byte, 1<<16)
		t.Errorf("%d goroutines, %d before\n%s", n, routines, buf[:runtime.Stack(buf, true)])
	}
}

func openFiles(t *testing.T) int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Log("LEFT OUT: descriptors are not counted: no /proc")
		return 0
	}
	return len(entries)
}
