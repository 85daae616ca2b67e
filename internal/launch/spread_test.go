//go:build unix

package launch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/ringo-mpi/ringo/internal/launch/control"
)

// over spreads a job over hosts that are this machine, each with an agent of its own:
// place has the host of each rank, by the letter of its name. x is this host itself.
func over(j Job, place string) Job {
	s := &Spread{Here: -1, Launcher: "fork", Agent: []string{"agent"}}
	for _, c := range place {
		name := "host-" + string(c)
		at := slices.IndexFunc(s.Hosts, func(h Remote) bool { return h.Name == name })
		if at < 0 {
			at = len(s.Hosts)
			s.Hosts = append(s.Hosts, Remote{Name: name})
			if c == 'x' {
				s.Here = at
			}
		}
		s.Place = append(s.Place, at)
	}
	j.Spread = s
	return j
}

func init() {
	roles["agent"] = falseAgent
	roles["exchange"] = func(a []string) { // [RANK]: that rank does not
		if len(a) > 0 && os.Getenv("RINGO_RANK") == a[0] {
			return
		}
		m := initRank()
		size, _ := strconv.Atoi(os.Getenv("RINGO_SIZE"))
		check := func(what string, err error) {
			if err != nil {
				fmt.Fprintln(os.Stderr, m.rank, what, err)
				os.Exit(94)
			}
		}
		for round := range 3 {
			check("put", m.pmi.Put(fmt.Sprintf("k%d-%d", round, m.rank), fmt.Sprint(round*m.rank)))
			check("barrier", m.pmi.Barrier())
			for other := range size {
				v, err := m.pmi.Get(fmt.Sprintf("k%d-%d", round, other))
				check("get", err)
				if v != fmt.Sprint(round*other) {
					check(v, errors.New("is the wrong value"))
				}
			}
		}
		if m.rank == size-1 {
			check("publish", m.pmi.PublishName("service", "port"))
		}
		check("barrier", m.pmi.Barrier())
		port, err := m.pmi.LookupName("service")
		check("lookup of "+port, err)
		mapping, err := m.pmi.Get("PMI_process_mapping")
		check("mapping "+mapping, err)
		fmt.Println("exchanged")
		check("barrier", m.pmi.Barrier())
		m.finalize()
	}
	roles["member-await"] = func([]string) {
		m := initRank()
		m.awaitDeath("")
		m.finalize()
	}
}

// places are the ways in which four ranks are put on hosts.
var places = []string{"aabb", "xxab", "abab", "axxb", "abcd"}

// roleOver is a job whose ranks have a role.
func roleOver(place string, role ...string) Job {
	exe, _ := os.Executable()
	return over(Job{Apps: []App{{Path: exe, Args: append([]string{"rank"}, role...), Ranks: len(place)}}}, place)
}

func runOver(t *testing.T, j Job) (Result, string, string, error) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if j.Stdout == nil {
		j.Stdout = &stdout
	}
	if j.Stderr == nil {
		j.Stderr = &stderr
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	res, err := j.Run(ctx)
	return res, stdout.String(), stderr.String(), err
}

func shellOver(place, script string) Job {
	return over(Job{Apps: []App{{Path: "/bin/sh", Args: []string{"-c", script}, Name: "sh", Ranks: len(place)}}}, place)
}

func TestHostsEnvironment(t *testing.T) {
	for _, place := range places {
		j := shellOver(place, `echo $RINGO_RANK of $RINGO_SIZE, $RINGO_LOCAL_RANK of $RINGO_LOCAL_SIZE, $PMI_HOSTNAME, $(pwd)`)
		j.Label = rankLabel
		res, stdout, stderr, err := runOver(t, j)
		if err != nil || res.Status != 0 {
			t.Fatalf("%s: %+v, %v\n%s", place, res, err, stderr)
		}
		dir, _ := os.Getwd()
		for rank, c := range place {
			local := strings.Count(place[:rank], string(c))
			want := fmt.Sprintf("[%d:stdout] %d of 4, %d of %d, host-%c, %s\n", rank, rank, local, strings.Count(place, string(c)), c, dir)
			if !strings.Contains(stdout, want) {
				t.Errorf("%s: no %q in\n%s", place, want, stdout)
			}
		}
	}
}

func TestHostsStatus(t *testing.T) {
	for _, place := range places {
		for rank := range 4 {
			res, _, _, err := runOver(t, roleOver(place, "exit", fmt.Sprint(rank), "7"))
			var f *Failure
			if res.Status != 7 || !errors.As(err, &f) || f.Rank != rank || f.Host != "host-"+place[rank:rank+1] || res.Codes[rank] != 7 {
				t.Errorf("%s: rank %d: %+v, %v", place, rank, res, err)
			}
		}
		res, _, _, err := runOver(t, roleOver(place, "die", "2", "9"))
		if res.Status != 137 || err == nil || !strings.Contains(err.Error(), "rank 2 on host-"+place[2:3]+" was killed by signal 9 (killed)") {
			t.Errorf("%s: %+v, %v", place, res, err)
		}
	}
}

// TestHostsHearOfDeath: ranks of the engine hear of the death of one on another host.
func TestHostsHearOfDeath(t *testing.T) {
	for _, place := range places {
		for _, rank := range []int{0, 3} {
			j := roleOver(place, "member-die", fmt.Sprint(rank), "9", filepath.Join(t.TempDir(), "stamp"))
			res, stdout, stderr, err := runOver(t, j)
			if res.Status != 137 {
				t.Errorf("%s: %+v, %v\n%s", place, res, err, stderr)
			}
			for r := range 4 {
				if want := fmt.Sprintf("rank %d sees: rank %d was killed by signal 9 (killed)", r, rank); r != rank && !strings.Contains(stdout, want) {
					t.Errorf("%s: no %q in\n%s", place, want, stdout)
				}
			}
		}
	}
}

func TestHostsOutput(t *testing.T) {
	const lines = 5000
	j := shellOver("xxabb", fmt.Sprintf(`i=0; while [ $i -lt %d ]; do echo "$RINGO_RANK $i"; echo "$RINGO_RANK $i" >&2; i=$((i+1)); done; printf end`, lines))
	j.Label = func(dst []byte, rank int, s Stream) []byte { return append(dst, '>') }
	_, stdout, stderr, err := runOver(t, j)
	if err != nil {
		t.Fatal(err)
	}
	for rank := range 5 {
		for _, text := range []string{stdout, stderr} {
			at := 0
			for line := range strings.Lines(text) {
				var r, n int
				if _, err := fmt.Sscanf(line, ">%d %d", &r, &n); err == nil && r == rank {
					if n != at {
						t.Fatalf("rank %d: line %d comes where %d is due", rank, n, at)
					}
					at++
				}
			}
			if at != lines {
				t.Errorf("rank %d: %d lines", rank, at)
			}
		}
	}
	if n := strings.Count(stdout, "end"); n != 5 {
		t.Errorf("%d of 5 ends without a line end", n)
	}
}

// lateWriter takes its time.
type lateWriter struct{ n atomic.Int64 }

func (w *lateWriter) Write(p []byte) (int, error) {
	time.Sleep(time.Duration(len(p)) * 250 * time.Nanosecond) // 4 MB a second
	w.n.Add(int64(len(p)))
	return len(p), nil
}

// TestHostsSlowReader: who reads the output slowly does not keep mpiexec from hearing
// of a death on that host, and loses nothing of what was written by ranks that end well.
func TestHostsSlowReader(t *testing.T) {
	exe, _ := os.Executable()
	const length = 8 << 20
	script := fmt.Sprintf(`case $RINGO_RANK in 0) yes | head -c %d >&2 ;; 1) sleep 0.3; kill -9 $$ ;; 2) exec %s rank member-await ;; esac`, length, exe)
	j := shellOver("aab", script)
	late := &lateWriter{}
	j.Stderr = late
	j.Grace = time.Minute // rank 0 is to be at its writing
	passed := int64(-1)
	j.Stdout = writerFunc(func(p []byte) (int, error) {
		if bytes.Contains(p, []byte("rank 2 sees: rank 1")) {
			passed = late.n.Load()
		}
		return len(p), nil
	})
	if res, _, _, _ := runOver(t, j); res.Status != 137 || passed < 0 || passed >= length || late.n.Load() < length {
		t.Errorf("%+v; %d bytes had been passed on when rank 2 heard of the death, and %d of %d at the end", res, passed, late.n.Load(), length)
	}
}

func TestHostsInput(t *testing.T) {
	text := strings.Repeat("0123456789abcde\n", 50000)
	name := filepath.Join(t.TempDir(), "input")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, who := range []int{0, 2, StdinAll, StdinNone} {
		for _, kind := range []string{"file", "reader"} {
			j := roleOver("xab", "cat")
			j.StdinRank, j.Stdin = who, strings.NewReader(text)
			if kind == "file" {
				f, err := os.Open(name)
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				j.Stdin = f
			}
			j.Label = rankLabel
			res, stdout, stderr, err := runOver(t, j)
			if err != nil || res.Status != 0 {
				t.Fatalf("%d %s: %+v %v", who, kind, res, err)
			}
			readers := 0
			for rank := range 3 {
				want := 0
				if who == rank || who == StdinAll {
					want = len(text)
					readers++
				}
				if !strings.Contains(stderr, fmt.Sprintf("[%d:stderr] %d <nil>\n", rank, want)) {
					t.Errorf("%s to %d: rank %d did not read %d bytes:\n%s", kind, who, rank, want, stderr)
				}
			}
			if n := strings.Count(stdout, "0123456789abcde\n"); n != 50000*readers {
				t.Errorf("%s to %d: %d lines came back", kind, who, n)
			}
		}
	}
	// A rank that reads nothing hinders nobody.
	r, w := io.Pipe()
	defer w.Close()
	go io.Copy(w, strings.NewReader(strings.Repeat(text, 4)))
	j := shellOver("ab", "exit 0")
	j.Stdin, j.StdinRank = r, 1
	if res, _, _, err := runOver(t, j); err != nil || res.Status != 0 {
		t.Errorf("%+v %v", res, err)
	}
}

func TestHostsSignal(t *testing.T) {
	script := `trap 'echo told $RINGO_RANK; exit 3' TERM; echo ready; while :; do sleep 0.05; done`
	j := shellOver("xab", script)
	j.ForwardSignals = true
	ready := make(chan bool, 1)
	var text strings.Builder
	j.Stdout = writerFunc(func(p []byte) (int, error) {
		text.Write(p)
		if strings.Count(text.String(), "ready") == 3 {
			select {
			case ready <- true:
			default:
			}
		}
		return len(p), nil
	})
	go func() {
		<-ready
		syscall.Kill(os.Getpid(), syscall.SIGTERM)
	}()
	res, _, _, err := runOver(t, j)
	if res.Status != 143 || err == nil || strings.Count(text.String(), "told") != 3 {
		t.Errorf("%+v, %v\n%s", res, err, text.String())
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// TestHostLost: a host whose agent is killed is named, and nothing of it is left.
func TestHostLost(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pids")
	script := fmt.Sprintf(`echo $$ >>%s; if [ $RINGO_RANK = 1 ]; then sleep 0.3; kill -9 $PPID; fi; exec sleep 100`, file)
	for _, place := range []string{"xab", "aab", "abc"} {
		os.Remove(file)
		res, _, stderr, err := runOver(t, shellOver(place, script))
		host := "host-" + place[1:2]
		if res.Status != 1 || err == nil || !strings.Contains(err.Error(), "on "+host+" was lost with its host: its agent was killed by signal 9 (killed)") {
			t.Errorf("%s: %+v, %v\n%s", place, res, err, stderr)
		}
		pids, _ := os.ReadFile(file)
		lines := strings.Fields(string(pids))
		if len(lines) != 3 {
			t.Errorf("%s: %q", place, pids)
		}
		for _, l := range lines {
			var pid int
			fmt.Sscan(l, &pid)
			if alive(pid) {
				t.Errorf("%s: process %d is left", place, pid)
			}
		}
	}
}

func TestHostsStartErrors(t *testing.T) {
	j := shellOver("ab", "exit 0")
	j.Apps[0].Path, j.Apps[0].Name = "/nowhere/to/be/found", ""
	res, _, _, err := runOver(t, j)
	var e *StartError
	if res.Status != 2 || !errors.As(err, &e) || e.Rank != 0 || e.Host != "host-a" || !strings.Contains(err.Error(), "host host-a: cannot start rank 0: /nowhere/to/be/found: it is not there") {
		t.Errorf("%+v, %v", res, err)
	}
	j = shellOver("ab", "exit 0")
	gone := filepath.Join(t.TempDir(), "gone")
	j.Apps[0].Dir = gone
	if _, _, _, err := runOver(t, j); err == nil || !strings.Contains(err.Error(), "host host-a: cannot start rank 0: folder "+gone+", to run in (choose another with -wdir): no such file or directory") {
		t.Error(err)
	}
	j = shellOver("ab", "exit 0")
	j.Spread.Agent = []string{"rank", "exit", "all", "5"}
	if res, _, _, err := runOver(t, j); res.Status != 2 || err == nil || !strings.Contains(err.Error(), "host host-") || !strings.Contains(err.Error(), "its agent ended with status") {
		t.Errorf("%+v, %v", res, err)
	}
	// An agent that has come is not waited for when another does not.
	bad := filepath.Join(t.TempDir(), "launcher")
	exe, _ := os.Executable()
	text := "#!/bin/sh\nfor w; do [ \"$w\" = host-a ] && exec " + exe + " agent; done\nsleep 0.3\necho cannot reach it >&2; exit 255\n"
	if err := os.WriteFile(bad, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	j = shellOver("ab", "exit 0")
	j.Spread.Launcher, j.Spread.Command = "ssh", []string{bad}
	start := time.Now()
	if _, _, _, err := runOver(t, j); err == nil || err.Error() != "host host-b: cannot reach it" {
		t.Error(err)
	}
	if d := time.Since(start); d >= releaseTime {
		t.Errorf("it took %v", d)
	}
	j = shellOver("ab", "exit 0")
	j.Spread.Place[0] = 7
	if _, _, _, err := runOver(t, j); err == nil || !strings.Contains(err.Error(), "rank 0 is on host 7 of 2") {
		t.Error(err)
	}
}

// TestHostsBarrier: ranks of several hosts exchange values by the process manager, and
// find published names.
func TestHostsBarrier(t *testing.T) {
	for _, place := range append(places, "xxxx", "abcdabcd") {
		res, stdout, stderr, err := runOver(t, roleOver(place, "exchange"))
		if err != nil || res.Status != 0 || strings.Count(stdout, "exchanged\n") != len(place) {
			t.Errorf("%s: %+v, %v\n%s%s", place, res, err, stdout, stderr)
		}
	}
	// One that ends without coming to the barrier fails the others.
	for _, place := range places {
		j := roleOver(place, "exchange", "3")
		j.Grace = 100 * time.Millisecond
		res, _, _, err := runOver(t, j)
		if res.Status != 1 || err == nil || !strings.Contains(err.Error(), "rank 3 on host-"+place[3:]+" ended without Init (status 0) while other ranks wait for it in a barrier") {
			t.Errorf("%s: %+v, %v", place, res, err)
		}
	}
}

// TestHostsStand: where ranks of several hosts stand is told at the end.
func TestHostsStand(t *testing.T) {
	j := roleOver("axb", "stand", "call of A", "silent", "call of A")
	var lines []string
	j.Standing = func(_ syscall.Signal, l []string) { lines = l }
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if _, err := j.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if got := strings.Join(lines, "\n"); !strings.Contains(got, "ranks 0,2 are in call of A") || !strings.Contains(got, "rank 1 (process ") {
		t.Errorf("%q", got)
	}
}

// TestHostsPids: the numbers of the processes are those of the ranks.
func TestHostsPids(t *testing.T) {
	j := shellOver("axba", "echo $RINGO_RANK $$")
	var pids []int
	j.Started = func(p []int) { pids = p }
	_, stdout, _, err := runOver(t, j)
	if err != nil {
		t.Fatal(err)
	}
	for rank := range 4 {
		if want := fmt.Sprintf("%d %d\n", rank, pids[rank]); !strings.Contains(stdout, want) {
			t.Errorf("no %q in %q", want, stdout)
		}
	}
}

// TestPreload: a program comes to the cache of a host, whole, and by its name.
func TestPreload(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	dir := t.TempDir()
	name := filepath.Join(dir, "the-program")
	text := "#!/bin/sh\necho $0 in $(pwd)\nexit 0\n" + strings.Repeat("# filling\n", 200_000)
	if err := os.WriteFile(name, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	j := shellOver("ab", "")
	j.Apps[0].Path, j.Apps[0].Args, j.Apps[0].Name = name, nil, "./the-program"
	j.Spread.Preload = true
	for range 2 { // the second finds it there
		res, stdout, stderr, err := runOver(t, j)
		if err != nil || res.Status != 0 || strings.Count(stdout, filepath.Join(home, ".cache", "ringo")) != 2 {
			t.Fatalf("%+v, %v\n%s%s", res, err, stdout, stderr)
		}
	}
	found, _ := filepath.Glob(filepath.Join(home, ".cache", "ringo", "*", "*"))
	if len(found) != 1 || filepath.Base(found[0]) != "the-program" {
		t.Fatal(found)
	}
	if got, err := os.ReadFile(found[0]); err != nil || string(got) != text {
		t.Errorf("%d of %d bytes, %v", len(got), len(text), err)
	}
}

// falseAgent is an agent that says what it should not.
func falseAgent(args []string) {
	os.Stdout.WriteString("Welcome\n\n" + control.Marker + "\n")
	send := func(host int, m control.Message) { os.Stdout.Write(control.Append(nil, host, m)) }
	hello := &control.Hello{Version: agentVersion()}
	started := &control.Started{Pids: []int{1}}
	switch args[0] {
	case "version":
		hello.Version = "v0.0.1"
		send(anyHost, hello)
	case "noise":
		os.Stdout.WriteString(strings.Repeat("noise", 1000))
	case "silent":
		send(anyHost, hello)
		time.Sleep(time.Minute)
	case "rank":
		send(anyHost, hello)
		send(0, started)
		send(0, &control.Exit{Rank: 7})
	case "other":
		send(anyHost, hello)
		send(1, started)
	case "pids":
		send(anyHost, hello)
		send(0, &control.Started{})
	case "stream":
		send(anyHost, hello)
		send(0, started)
		send(0, &control.Output{Rank: 0, Stream: 3, Data: []byte("x")})
	case "finished":
		send(anyHost, hello)
		send(0, started)
		send(0, &control.Finished{})
	case "job":
		send(anyHost, hello)
		send(0, &control.Job{})
	case "app":
		send(anyHost, hello)
		send(0, &control.Need{App: 9})
	}
	io.Copy(io.Discard, os.Stdin)
}

// TestFalseAgents: whatever an agent says, the job ends with an error that names the
// host.
func TestFalseAgents(t *testing.T) {
	for what, want := range map[string]string{
		"version":  "it has another version of mpiexec, v0.0.1; this one is ",
		"noise":    "too long",
		"silent":   "it has said nothing for 1 s",
		"rank":     "its agent speaks of rank 7, which is not there",
		"other":    "a frame is for another host",
		"pids":     "its agent has started 0 of 1 ranks",
		"stream":   "output of a stream that there is not",
		"finished": "its agent has finished before the job",
		"job":      "its agent says what is not for mpiexec",
		"app":      "its agent asks for a program that there is not",
	} {
		j := shellOver("a", "sleep 100")
		j.Spread.Agent = []string{"rank", "agent", what}
		j.Spread.Silence = time.Second
		res, _, _, err := runOver(t, j)
		if res.Status == 0 || err == nil || !strings.Contains(err.Error(), "host-a") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %+v, %v; want %s", what, res, err, want)
		}
	}
}

// TestLauncherGone: an agent that hears nothing of mpiexec, or sees its stream end, ends
// its ranks.
func TestLauncherGone(t *testing.T) {
	for _, way := range []string{"end", "silence", "nonsense"} {
		file := filepath.Join(t.TempDir(), "pid")
		exe, _ := os.Executable()
		cmd := exec.Command(exe, "agent")
		in, err1 := cmd.StdinPipe()
		out, err2 := cmd.StdoutPipe()
		if err := errors.Join(err1, err2, cmd.Start()); err != nil {
			t.Fatal(err)
		}
		go io.Copy(io.Discard, out)
		job := &control.Job{
			ID: "ff", Hosts: []string{"a"}, Place: []int{0}, Stdin: StdinNone, Silence: 1, Listen: loopback,
			Apps: []control.App{{Path: "/bin/sh", Args: []string{"-c", "echo $$ >" + file + "; exec sleep 100"}, Name: "sh", Dir: "/", Ranks: 1}},
		}
		if _, err := in.Write(control.Append(nil, 0, job)); err != nil {
			t.Fatal(err)
		}
		pid := 0
		for start := time.Now(); pid == 0 && time.Since(start) < 20*time.Second; time.Sleep(5 * time.Millisecond) {
			text, _ := os.ReadFile(file)
			fmt.Sscan(string(text), &pid)
			if way == "silence" && pid != 0 {
				break
			}
			in.Write(control.Append(nil, 0, &control.Ping{}))
		}
		if pid == 0 {
			t.Fatal("the rank has not started")
		}
		switch way {
		case "end":
			in.Close()
		case "nonsense":
			in.Write(bytes.Repeat([]byte{0xff}, 100))
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v", way, err)
		}
		if alive(pid) {
			t.Errorf("%s: the rank is left", way)
		}
		in.Close()
	}
}

// TestManyHosts: more hosts than are called at a time.
func TestManyHosts(t *testing.T) {
	place := "abcdefghijklmnopqrstuvwyzABCDEFGHIJKLMNO"
	j := shellOver(place, "echo $RINGO_RANK")
	j.Spread.AtOnce = 3
	res, stdout, _, err := runOver(t, j)
	if err != nil || res.Status != 0 || strings.Count(stdout, "\n") != len(place) {
		t.Errorf("%+v, %v\n%s", res, err, stdout)
	}
}
