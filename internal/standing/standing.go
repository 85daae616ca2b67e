package standing

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Frame is a function on a stack.
type Frame struct {
	Name string // with the path of its package: example.org/m.f
	At   string // FILE:LINE
}

// Goroutine is a goroutine of a program with its stack, the innermost call first.
type Goroutine struct {
	ID     int
	State  string // running, select, chan receive …
	Frames []Frame
}

// Parse reads what runtime.Stack writes.
func Parse(dump string) []Goroutine {
	var list []Goroutine
	for block := range strings.SplitSeq(dump, "\n\n") {
		if g, ok := parse(block); ok {
			list = append(list, g)
		}
	}
	return list
}

// parse reads one goroutine. Its lines have the form
//
//	goroutine 7 [chan receive, 2 minutes]:
//	main.work(0x1, ...)
//		/path/file.go:17 +0x71
//	created by main.main in goroutine 1
//		/path/file.go:12 +0x20
func parse(block string) (g Goroutine, ok bool) {
	head, rest, _ := strings.Cut(strings.TrimPrefix(block, "\n"), "\n")
	head, ok = strings.CutPrefix(head, "goroutine ")
	if !ok {
		return g, false
	}
	number, state, _ := strings.Cut(head, " ")
	id, err := strconv.Atoi(number)
	if err != nil {
		return g, false
	}
	_, state, _ = strings.Cut(state, "[")
	if end := strings.IndexAny(state, ",]"); end >= 0 {
		state = state[:end]
	}
	g.ID, g.State = id, state
	name := ""
	for line := range strings.SplitSeq(rest, "\n") {
		at, isPlace := strings.CutPrefix(line, "\t")
		switch {
		case strings.HasPrefix(line, "created by "):
			return g, true
		case !isPlace:
			name = line
			if i := strings.LastIndexByte(name, '('); i > 0 {
				name = name[:i]
			}
		case name != "":
			if i := strings.LastIndex(at, " +0x"); i >= 0 {
				at = at[:i]
			}
			g.Frames = append(g.Frames, Frame{name, at})
			name = ""
		}
	}
	return g, true
}

// own begins the paths of this module's packages.
const own = "github.com/ringo-mpi/ringo/"

var (
	library = []string{own + "mpi.", own + "mpi/mpimat."}
	inner   = []string{"runtime.", "sync.", "sync/", "time.Sleep", "internal/", "syscall.", own + "internal/embedded", own + "internal/native"}

	// What runs the program, and is no call of it.
	runners = []string{own + "mpi.Main", own + "mpi.Run", own + "mpi.runOn", own + "mpi.runRank"}
)

func begins(name string, with []string) bool {
	return slices.ContainsFunc(with, func(w string) bool { return strings.HasPrefix(name, w) })
}

// Top counts the frames on top of a stack that belong to the runtime, the
// standard library's waiting, or the MPI library. The next one is the program's.
func Top(frames []Frame) int {
	i := slices.IndexFunc(frames, func(f Frame) bool { return !begins(f.Name, inner) && !begins(f.Name, library) })
	if i < 0 {
		return len(frames)
	}
	return i
}

// Short strips the path of the package and the types from a function's name.
func Short(name string) string {
	name = name[strings.LastIndexByte(name, '/')+1:]
	return strings.ReplaceAll(name, "[...]", "")
}

// call returns which call of package mpi a goroutine is in and where the program
// has called it, "" if it is in none.
func call(frames []Frame) (name, at string) {
	top := Top(frames)
	for _, f := range slices.Backward(frames[:top]) {
		switch {
		case !begins(f.Name, library) || isRunner(f.Name):
		case top < len(frames):
			return Short(f.Name), frames[top].At
		case strings.HasSuffix(f.Name, ".finalize"):
			return "mpi.Finalize", "the end of the rank's function"
		}
	}
	// A function of the program that the library calls, an operation for example.
	for i := len(frames) - 1; i > top; i-- {
		if f := frames[i-1].Name; begins(f, library) && !isRunner(f) && !begins(frames[i].Name, library) {
			return Short(f), frames[i].At
		}
	}
	return "", ""
}

func isRunner(name string) bool {
	return slices.ContainsFunc(runners, func(r string) bool {
		rest, ok := strings.CutPrefix(name, r)
		return ok && (rest == "" || strings.HasPrefix(rest, ".func") || strings.HasPrefix(rest, "[") || strings.HasPrefix(rest, ".gowrap"))
	})
}

// Line says in at most most bytes where a program stands, as what follows "rank 3
// is": in which call of package mpi its first goroutine is that is in one; if none
// is, where the goroutine runs that the rank began with. std is the folder of the
// standard library's sources.
func Line(list []Goroutine, std string, most int) (text string, inCall bool) {
	calls := 0
	var name, at string
	first := 0
	for _, g := range list {
		n, where := call(g.Frames)
		if n == "" {
			continue
		}
		if calls++; calls == 1 || g.ID < first {
			name, at, first = n, where, g.ID
		}
	}
	switch calls {
	case 0:
		return outside(list, std, most), false
	case 1:
		return fit("in "+name+", called at ", at, "", most), true
	case 2:
		return fit("in "+name+", called at ", at, " (and 1 more goroutine in a call)", most), true
	}
	return fit("in "+name+", called at ", at, fmt.Sprintf(" (and %d more goroutines in calls)", calls-1), most), true
}

// outside says where a program stands that is in no call.
func outside(list []Goroutine, std string, most int) string {
	const text = "in no call of MPI"
	i := slices.IndexFunc(list, func(g Goroutine) bool {
		return slices.ContainsFunc(g.Frames, func(f Frame) bool { return f.Name == own+"mpi.runRank" })
	})
	if i < 0 {
		i = slices.IndexFunc(list, func(g Goroutine) bool { return g.ID == 1 })
	}
	if i < 0 {
		return text
	}
	for _, f := range list[i].Frames {
		if begins(f.Name, inner) || begins(f.Name, library) || std != "" && strings.HasPrefix(f.At, std) {
			continue
		}
		state := ""
		if s := list[i].State; s != "running" && s != "runnable" {
			state = " (" + s + ")"
		}
		return fit(text+", but at ", f.At, " in "+Short(f.Name)+state, most)
	}
	return text
}

// fit joins three texts, and leaves out the beginning of a long path.
func fit(head, path, tail string, most int) string {
	if over := len(head) + len(path) + len(tail) - most; over > 0 {
		const left = "…"
		cut := min(over+len(left), len(path))
		for cut < len(path) && !utf8.RuneStart(path[cut]) {
			cut++
		}
		path = left + path[cut:]
	}
	text := head + path + tail
	if len(text) > most {
		end := most
		for end > 0 && !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end]
	}
	return text
}

// Stuck reports whether every goroutine waits for another one: none runs, sleeps,
// or is in a system call. The runtime's own do not count.
func Stuck(list []Goroutine) bool {
	for _, g := range list {
		if !slices.ContainsFunc(g.Frames, func(f Frame) bool { return !strings.HasPrefix(f.Name, "runtime.") }) {
			continue
		}
		if !begins(g.State, []string{"chan ", "select", "semacquire", "sync."}) {
			return false
		}
	}
	return true
}
