package main

import (
	"os"
	"strconv"
	"strings"
)

// The names of what is compared.
const (
	ringo        = "Ringo"
	mpich        = "MPICH"
	openMPI      = "Open MPI"
	goroutines   = "Ringo goroutines"
	ringoMPICH   = "Ringo on MPICH"
	ringoOpenMPI = "Ringo on Open MPI"
	mpi4py       = "mpi4py"
	machine      = "machine" // without any MPI
)

var allPeers = []string{ringo, mpich, openMPI, goroutines, ringoMPICH, ringoOpenMPI, mpi4py, machine}

// peer is one of them as it is on this machine.
type peer struct {
	name    string
	version string
	launch  func(ranks int) []string // the launcher and its options
	program []string                 // what is launched, before its arguments
	style   argumentStyle
	env     []string
}

// argumentStyle is how a program takes its arguments.
type argumentStyle int

const (
	ringoStyle argumentStyle = iota // ringo bench
	peerStyle                       // bench/peers
)

// command returns the command line of a benchmark on so many ranks.
func (p *peer) command(ranks int, b bench) []string {
	var out []string
	if p.launch != nil {
		out = append(out, p.launch(ranks)...)
	}
	out = append(out, p.program...)
	if p.style == ringoStyle {
		return append(out, b.ringoArguments()...)
	}
	return append(out, b.peerArguments()...)
}

// environment returns the variables of a run: those of this process without
// settings that would change what is measured.
func (p *peer) environment(ranks int) []string {
	var env []string
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		switch name {
		case "RINGO_RANKS", "RINGO_ENGINE", "RINGO_LIBMPI", "RINGO_CHECK", "RINGO_VERBOSE", "GOMAXPROCS", "GODEBUG":
		default:
			env = append(env, kv)
		}
	}
	env = append(env, p.env...)
	if p.name == goroutines {
		env = append(env, "RINGO_RANKS="+strconv.Itoa(ranks))
	}
	return env
}

// cores are the CPUs that all peers run on.
type cores struct {
	ids  []int
	all  bool // they are all that this process may use
	root bool // Open MPI wants to be told that root may run programs
}

func (c cores) list() string {
	var out []string
	for _, id := range c.ids {
		out = append(out, strconv.Itoa(id))
	}
	return strings.Join(out, ",")
}

// hydra is how MPICH's launcher is called: with each rank bound to a core of
// its own, which is where it is fastest, as long as there are enough.
func (c cores) hydra(path string) func(int) []string {
	return func(ranks int) []string {
		out := []string{path, "-n", strconv.Itoa(ranks)}
		if ranks <= len(c.ids) {
			out = append(out, "-bind-to", "user:"+c.list())
		}
		return out
	}
}

// mpirun is how Open MPI's launcher is called. It binds ranks to cores by
// itself; beyond their number it has to be told that this is wanted.
func (c cores) mpirun(path string) func(int) []string {
	return func(ranks int) []string {
		out := []string{path}
		if c.root {
			out = append(out, "--allow-run-as-root")
		}
		out = append(out, "-n", strconv.Itoa(ranks))
		switch {
		case ranks > len(c.ids):
			out = append(out, "--oversubscribe")
		case !c.all:
			out = append(out, "--cpu-list", c.list(), "--bind-to", "cpu-list:ordered")
		}
		return out
	}
}

// mpiexec is how Ringo's launcher is called.
func (c cores) mpiexec(path string) func(int) []string {
	return func(ranks int) []string { return []string{path, "-n", strconv.Itoa(ranks)} }
}
