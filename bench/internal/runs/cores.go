package runs

import (
	"strconv"
	"strings"
)

// ConfinedMark is the variable that tells a program that it has confined itself
// already; a test, which cannot start once more, sets it.
const ConfinedMark = "RINGO_COMPARE_CONFINED"

// Cores are the CPUs that all peers run on.
type Cores struct {
	IDs  []int
	All  bool // they are all that this process may use
	Root bool // Open MPI wants to be told that root may run programs
}

// List is the numbers of the CPUs, with commas between them.
func (c Cores) List() string {
	var out []string
	for _, id := range c.IDs {
		out = append(out, strconv.Itoa(id))
	}
	return strings.Join(out, ",")
}

// Hydra is how MPICH's launcher is called: with each rank bound to a core of
// its own, which is where it is fastest, as long as there are enough.
func (c Cores) Hydra(path string) func(int) []string {
	return func(ranks int) []string {
		out := []string{path, "-n", strconv.Itoa(ranks)}
		if ranks <= len(c.IDs) {
			out = append(out, "-bind-to", "user:"+c.List())
		}
		return out
	}
}

// Mpirun is how Open MPI's launcher is called. It binds ranks to cores by
// itself; beyond their number it has to be told that this is wanted.
func (c Cores) Mpirun(path string) func(int) []string {
	return func(ranks int) []string {
		out := []string{path}
		if c.Root {
			out = append(out, "--allow-run-as-root")
		}
		out = append(out, "-n", strconv.Itoa(ranks))
		switch {
		case ranks > len(c.IDs):
			out = append(out, "--oversubscribe")
		case !c.All:
			out = append(out, "--cpu-list", c.List(), "--bind-to", "cpu-list:ordered")
		}
		return out
	}
}

// Mpiexec is how Ringo's launcher is called.
func (c Cores) Mpiexec(path string) func(int) []string {
	return func(ranks int) []string { return []string{path, "-n", strconv.Itoa(ranks)} }
}

// Plain is how a launcher is called that binds ranks to cores by itself.
func (Cores) Plain(path string) func(int) []string {
	return func(ranks int) []string { return []string{path, "-n", strconv.Itoa(ranks)} }
}
