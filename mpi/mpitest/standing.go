package mpitest

import (
	"bytes"
	"fmt"
	"runtime/pprof"
	"strings"

	"github.com/ringo-mpi/ringo/internal/standing"
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
	var frames []standing.Frame
	for _, l := range lines {
		f := strings.Split(l, "\t")
		if len(f) < 4 || f[0] != "#" {
			continue
		}
		name := f[2]
		if i := strings.LastIndexByte(name, '+'); i > 0 {
			name = name[:i]
		}
		// Below the program's frames are those of this package.
		if strings.HasPrefix(name, "github.com/ringo-mpi/ringo/mpi/mpitest.(*job).") {
			break
		}
		frames = append(frames, standing.Frame{Name: name, At: f[len(f)-1]})
	}
	first := standing.Top(frames)
	var b strings.Builder
	switch {
	case first == len(frames) && first > 0:
		fmt.Fprintf(&b, " is in %s\n", standing.Short(frames[0].Name))
		first = 0
	case first > 0:
		fmt.Fprintf(&b, " is in %s, called at %s\n", standing.Short(frames[first-1].Name), frames[first].At)
	default:
		b.WriteString(" runs\n")
	}
	for _, f := range frames[first:] {
		fmt.Fprintf(&b, "\t%s\n\t\t%s\n", f.Name, f.At)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
