package standing_test

import (
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/ringo-mpi/ringo/internal/standing"
)

const dump = `goroutine 1 [chan receive, 2 minutes]:
github.com/ringo-mpi/ringo/mpi.Main(0x5c6ea8)
	/m/mpi/run.go:54 +0x32e
main.main()
	/p/main.go:8 +0x1a

goroutine 21 [syscall, locked to thread]:
syscall.Syscall6(0xca, 0x7f, 0x0, 0x1, 0x2, 0x0, 0x0)
	/go/src/syscall/syscall_linux.go:96 +0x38
github.com/ringo-mpi/ringo/internal/embedded.(*endpoint).sleep(0x2c0de5f0a480, {0x1, 0x2})
	/m/internal/embedded/wait.go:371 +0x99
github.com/ringo-mpi/ringo/mpi.Recv[...](0x2c0de5f0a480, {0x1, 0x2, 0x2})
	/m/mpi/p2p.go:80 +0x99
main.(*ring).exchange(...)
	/p/with space/ring.go:17
main.main.func1(0x2c0de5f0a480)
	/p/main.go:13 +0x50
github.com/ringo-mpi/ringo/mpi.runRank({0x5cdcd0, 0x2c0de5f5a008}, 0x0, 0x5c6ea8)
	/m/mpi/run.go:199 +0xfe
created by github.com/ringo-mpi/ringo/mpi.Main in goroutine 1
	/m/mpi/run.go:51 +0x1f3

goroutine 7 [sleep]:
time.Sleep(0x989680)
	/go/src/runtime/time.go:338 +0x165
github.com/ringo-mpi/ringo/internal/embedded.(*background).run(0x5c6ea8)
	/m/internal/embedded/background.go:61 +0x60
created by github.com/ringo-mpi/ringo/internal/embedded.(*background).watch in goroutine 21
	/m/internal/embedded/background.go:54 +0x60
`

func TestParse(t *testing.T) {
	list := standing.Parse(dump)
	if len(list) != 3 {
		t.Fatalf("%d goroutines: %+v", len(list), list)
	}
	g := list[1]
	if g.ID != 21 || g.State != "syscall" || len(g.Frames) != 6 {
		t.Errorf("%+v", g)
	}
	want := standing.Frame{Name: "main.(*ring).exchange", At: "/p/with space/ring.go:17"}
	if top := standing.Top(g.Frames); top != 3 || g.Frames[top] != want {
		t.Errorf("%d frames of the library, then %+v", top, g.Frames[top])
	}
	if list[0].State != "chan receive" || list[2].State != "sleep" {
		t.Errorf("states %q, %q", list[0].State, list[2].State)
	}
}

// What is no dump is no goroutine, and does no harm.
func FuzzParse(f *testing.F) {
	f.Add(dump, 100)
	f.Add("goroutine 1", 0)
	f.Add("goroutine 1 [", 3)
	f.Add("goroutine 1 [x]:\n\n\tat\nmain.f(\n\t +0x", 7)
	f.Fuzz(func(t *testing.T, text string, most int) {
		list := standing.Parse(text)
		standing.Stuck(list)
		if most < 0 {
			return
		}
		if line, _ := standing.Line(list, "/go/src/", most); len(line) > max(most, len("in no call of MPI")) || utf8.ValidString(text) && !utf8.ValidString(line) {
			t.Errorf("a line of %d bytes, at most %d: %q", len(line), most, line)
		}
	})
}

// stack makes a goroutine of lines NAME AT.
func stack(id int, state string, frames ...string) standing.Goroutine {
	g := standing.Goroutine{ID: id, State: state}
	for _, f := range frames {
		name, at, _ := strings.Cut(f, " ")
		g.Frames = append(g.Frames, standing.Frame{Name: strings.Replace(name, "ringo/", "github.com/ringo-mpi/ringo/", 1), At: at})
	}
	return g
}

func TestLine(t *testing.T) {
	mainWaits := stack(1, "chan receive", "ringo/mpi.Main run.go:54", "main.main /p/main.go:8")
	recv := []string{"syscall.Syscall6 x:1", "ringo/internal/embedded.(*comm).Recv x:2", "ringo/mpi.Recv[...] x:3", "main.work /p/main.go:17", "ringo/mpi.runRank x:5"}
	for _, tt := range []struct {
		name   string
		list   []standing.Goroutine
		want   string
		inCall bool
	}{
		{"in a call", []standing.Goroutine{mainWaits, stack(21, "syscall", recv...)}, "in mpi.Recv, called at /p/main.go:17", true},
		{
			"the first of two", []standing.Goroutine{stack(30, "select", "ringo/mpi.(*Request).Wait x:1", "main.other /p/o.go:2"), mainWaits, stack(21, "syscall", recv...)},
			"in mpi.Recv, called at /p/main.go:17 (and 1 more goroutine in a call)", true,
		},
		{
			"three", []standing.Goroutine{stack(30, "syscall", recv...), stack(31, "syscall", recv...), stack(32, "syscall", recv...)},
			"in mpi.Recv, called at /p/main.go:17 (and 2 more goroutines in calls)", true,
		},
		{
			"a call that calls others", []standing.Goroutine{stack(5, "running", "ringo/mpi.Send x:1", "ringo/mpi.SendObject x:2", "main.f /p/f.go:3")},
			"in mpi.SendObject, called at /p/f.go:3", true,
		},
		{
			"matrices", []standing.Goroutine{stack(5, "running", "ringo/mpi.Send x:1", "ringo/mpi/mpimat.Send x:2", "main.f /p/f.go:3")},
			"in mpimat.Send, called at /p/f.go:3", true,
		},
		{
			"an operation of the program", []standing.Goroutine{stack(5, "running", "main.worst /p/op.go:9", "ringo/mpi.(*Op).apply x:1", "ringo/mpi.Reduce x:2", "main.f /p/f.go:3", "ringo/mpi.runRank x:1")},
			"in mpi.Reduce, called at /p/f.go:3", true,
		},
		{
			"at the end", []standing.Goroutine{mainWaits, stack(5, "syscall", "ringo/internal/embedded.(*Engine).Finalize x:1", "ringo/mpi.(*process).finalize x:1", "ringo/mpi.runRank x:2")},
			"in mpi.Finalize, called at the end of the rank's function", true,
		},
		{
			"computing", []standing.Goroutine{mainWaits, stack(5, "runnable", "math.Sin /go/src/math/sin.go:3", "main.work /p/main.go:30", "ringo/mpi.runRank x:2")},
			"in no call of MPI, but at /p/main.go:30 in main.work", false,
		},
		{
			"asleep", []standing.Goroutine{mainWaits, stack(5, "sleep", "time.Sleep x:1", "main.work /p/main.go:30", "ringo/mpi.runRank x:2")},
			"in no call of MPI, but at /p/main.go:30 in main.work (sleep)", false,
		},
		{
			"Init and Finalize", []standing.Goroutine{stack(9, "select", "main.helper /p/h.go:1"), stack(1, "chan receive", "main.main /p/main.go:30")},
			"in no call of MPI, but at /p/main.go:30 in main.main (chan receive)", false,
		},
		{"nothing known", nil, "in no call of MPI", false},
	} {
		if got, inCall := standing.Line(tt.list, "/go/src/", 240); got != tt.want || inCall != tt.inCall {
			t.Errorf("%s: %q %v\n%*s %q %v", tt.name, got, inCall, len(tt.name)+1, "", tt.want, tt.inCall)
		}
	}
}

// A long path loses its beginning: its end and what follows tell more.
func TestLongPath(t *testing.T) {
	list := []standing.Goroutine{stack(5, "syscall", "ringo/mpi.Recv x:1", "main.f /"+strings.Repeat("é/", 200)+"main.go:3")}
	got, _ := standing.Line(list, "", 80)
	if len(got) > 80 || len(got) < 70 || !strings.HasPrefix(got, "in mpi.Recv, called at …") || !strings.HasSuffix(got, "/main.go:3") || !utf8.ValidString(got) {
		t.Errorf("%d bytes: %q", len(got), got)
	}
}

func TestStuck(t *testing.T) {
	waits := stack(1, "chan receive", "main.main x:1")
	list := []standing.Goroutine{waits, stack(3, "select", "main.f x:1"), stack(4, "sync.Mutex.Lock", "main.f x:1"), stack(2, "force gc (idle)", "runtime.gopark x:1")}
	if !standing.Stuck(list) {
		t.Error("goroutines that all wait for each other are not stuck")
	}
	for _, state := range []string{"running", "runnable", "sleep", "IO wait", "syscall"} {
		if standing.Stuck([]standing.Goroutine{waits, stack(3, state, "main.f x:1")}) {
			t.Errorf("stuck, although one is in %q", state)
		}
	}
}

// What the runtime of this version writes is understood.
func TestRuntime(t *testing.T) {
	begun, end := make(chan bool), make(chan bool)
	go func() {
		close(begun)
		<-end
	}()
	defer close(end)
	<-begun
	var list []standing.Goroutine
	found := func() bool {
		buf := make([]byte, 1<<20)
		list = standing.Parse(string(buf[:runtime.Stack(buf, true)]))
		for _, g := range list {
			if len(g.Frames) > 0 && strings.HasSuffix(g.Frames[0].Name, ".TestRuntime.func1") && strings.Contains(g.Frames[0].At, "standing_test.go:") && g.State == "chan receive" {
				return true
			}
		}
		return false
	}
	for range 1000 {
		if found() {
			return
		}
		runtime.Gosched()
	}
	t.Errorf("the goroutine that waits is not found: %+v", list)
}
