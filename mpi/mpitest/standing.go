package mpitest

import (
	"bytes"
	"fmt"
	"runtime/pprof"
	"strings"
)

// The goroutines of a rank carry labels, which those they start inherit, so
// that a goroutine profile shows where a rank stands.
const (
	labelJob  = "mpitest.job"
	labelRank = "mpitest.rank"
)

// standing says where every rank stands.
func (j *job) standing() string {
	var profile bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&profile, 1); err != nil {
		return err.Error()
	}
	stacks := labelled(profile.String(), j.id)
	var b strings.Builder
	for i := range j.ranks {
		switch list := stacks[fmt.Sprint(i)]; {
		case j.ranks[i].ended.Load():
			fmt.Fprintf(&b, "rank %d has ended\n", i)
		case len(list) == 0:
			fmt.Fprintf(&b, "rank %d: no goroutine of it is left\n", i)
		default:
			for _, s := range list {
				fmt.Fprintf(&b, "rank %d%s\n", i, s)
			}
		}
	}
	return b.String()
}

// labelled finds the stacks of the ranks of a job in a goroutine profile in its
// text form, by rank.
func labelled(profile, job string) map[string][]string {
	found := map[string][]string{}
	for _, block := range strings.Split(profile, "\n\n") {
		lines := strings.Split(block, "\n")
		for i, l := range lines {
			labels, ok := strings.CutPrefix(l, "# labels: ")
			if !ok || label(labels, labelJob) != job {
				continue
			}
			if rank := label(labels, labelRank); rank != "" {
				found[rank] = append(found[rank], trim(lines[i+1:]))
			}
		}
	}
	return found
}

// label finds the value of a label in the text form of a set of labels:
// {"key":"value", "key":"value"}.
func label(labels, key string) string {
	_, rest, ok := strings.Cut(labels, `"`+key+`":"`)
	if !ok {
		return ""
	}
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

// trim makes a stack of a profile readable: what the program called first and
// where, then its own calls. The lines have the form
//
//	#	0x4a3e11	main.work+0x71	/path/file.go:17
func trim(lines []string) string {
	type frame struct{ name, at string }
	var frames []frame
	for _, l := range lines {
		f := strings.Split(l, "\t")
		if len(f) < 4 || f[0] != "#" {
			continue
		}
		name := f[2]
		if i := strings.LastIndexByte(name, '+'); i > 0 {
			name = name[:i]
		}
		frames = append(frames, frame{name, f[len(f)-1]})
	}
	// Above the program's own frames are those of the library and the runtime,
	// below them those of this package.
	last := len(frames)
	for i, f := range frames {
		if strings.HasPrefix(f.name, own+"mpi/mpitest.(*job).") {
			last = i
			break
		}
	}
	frames = frames[:last]
	first := 0
	for first < len(frames) && inside(frames[first].name) {
		first++
	}
	var b strings.Builder
	switch {
	case first == len(frames) && first > 0:
		fmt.Fprintf(&b, " is in %s\n", short(frames[0].name))
		first = 0
	case first > 0:
		fmt.Fprintf(&b, " is in %s, called at %s\n", short(frames[first-1].name), frames[first].at)
	default:
		b.WriteString(" runs\n")
	}
	for _, f := range frames[first:] {
		fmt.Fprintf(&b, "\t%s\n\t\t%s\n", f.name, f.at)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

const own = "github.com/ringo-mpi/ringo/"

// inside reports whether a function belongs to the runtime, the standard
// library's waiting, or the MPI library.
func inside(name string) bool {
	for _, prefix := range []string{"runtime.", "sync.", "sync/", "time.Sleep", "internal/", "syscall.", own + "mpi.", own + "internal/embedded", own + "internal/native"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// short strips the path of the package from a function's name.
func short(name string) string {
	name = name[strings.LastIndexByte(name, '/')+1:]
	return strings.ReplaceAll(name, "[...]", "")
}
