package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/ringo-mpi/ringo/bench/internal/runs"
)

// measurement is one run of this program.
type measurement struct {
	root    string // of the module
	bin     string // what was built
	cores   runs.Cores
	peers   []*peer
	results *results

	transport string
}

func (m *measurement) program(name string) string {
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(m.bin, name)
}

func (m *measurement) peer(name string) *peer {
	for _, p := range m.peers {
		if p.name == name {
			return p
		}
	}
	return nil
}

// launched returns the program whose launch is timed.
func (m *measurement) launched(p *peer, what string) []string {
	if what == "true" {
		return []string{"true"}
	}
	if p.style == ringoStyle {
		return []string{m.program("empty")}
	}
	return append(p.program[:len(p.program):len(p.program)], "empty")
}

const buildTime = 5 * time.Minute

// buildRingo builds what is measured.
func (m *measurement) buildRingo(ctx context.Context) error {
	if err := runs.Build(ctx, m.root, m.bin, nil, "./cmd/ringo", "./cmd/mpiexec", "./bench/empty"); err != nil {
		return err
	}
	version := runs.Revision(ctx, m.root)
	own := &peer{name: ringo, version: version, launch: m.cores.Mpiexec(m.program("mpiexec")), program: []string{m.program("ringo")}}
	m.carry(own)
	m.peers = append(m.peers, own)
	m.peers = append(m.peers, &peer{name: goroutines, version: version, program: []string{m.program("ringo")}})
	m.peers = append(m.peers, &peer{name: machine, program: []string{m.program("ringo")}})
	return nil
}

// library is an MPI library that may be here.
type library struct {
	name      string
	compilers []string
	launchers []string
	mark      string // in what the launcher says of its version
	says      string // in what the library says of its own
	launch    func(path string) func(int) []string
	dir       string // where the user says it is
	compiler  string // where its compiler is, if elsewhere
	env       []string
}

// folders are where the user says that the libraries are.
type folders struct{ mpich, openMPI, intel string }

func (m *measurement) libraries(at folders) []library {
	list := []library{
		{
			name: mpich, compilers: []string{"mpicc.mpich", "mpicc"}, launchers: []string{"mpiexec.hydra", "mpiexec.mpich", "mpiexec"},
			mark: "HYDRA", says: mpich, launch: m.cores.Hydra, dir: at.mpich,
		},
		{
			name: openMPI, compilers: []string{"mpicc.openmpi", "mpicc"}, launchers: []string{"mpirun.openmpi", "mpirun"},
			mark: "Open MPI", says: openMPI, launch: m.cores.Mpirun, dir: at.openMPI,
		},
	}
	if at.intel != "" { // its runtime has no compiler, and runs what MPICH's has made
		lib := filepath.Join(at.intel, "lib")
		list = append(list, library{
			name: intelMPI, compilers: []string{"mpicc"}, launchers: []string{"mpiexec.hydra", "mpiexec"},
			mark: "Intel(R) MPI", says: "Intel(R) MPI", launch: m.cores.Plain, dir: at.intel, compiler: at.mpich,
			env: []string{"LD_LIBRARY_PATH=" + lib + string(filepath.ListSeparator) + filepath.Join(lib, "libfabric")},
		})
	}
	return list
}

// find builds bench/peers with a library's compiler and tries it.
func (m *measurement) find(ctx context.Context, l library) (*peer, error) {
	launcher, err := runs.Launcher(ctx, l.mark, l.dir, l.launchers...)
	if err != nil {
		return nil, err
	}
	sources, err := filepath.Glob(filepath.Join(m.root, "bench", "peers", "*.c"))
	if err != nil || len(sources) == 0 {
		return nil, errors.New("bench/peers has no sources")
	}
	program := m.program("peer-" + strings.ReplaceAll(strings.ToLower(l.name), " ", ""))
	p := &peer{name: l.name, launch: l.launch(launcher), program: []string{program}, style: peerStyle, env: l.env}
	m.carry(p)
	err = fmt.Errorf("no compiler %s", strings.Join(l.compilers, " or "))
	for _, name := range l.compilers {
		compiler, e := runs.Look(cmp.Or(l.compiler, l.dir), name)
		if e != nil {
			continue
		}
		args := append([]string{compiler, "-O2", "-std=gnu11", "-w", "-o", program}, sources...)
		if _, _, err = runs.Output(ctx, buildTime, os.Environ(), append(args, "-lpthread")); err != nil {
			err = fmt.Errorf("%s: %w", name, err)
			continue
		}
		// A compiler of another library makes two worlds of one, which say
		// their version each, or whatever this library's launcher does then.
		var text string
		if text, _, err = runs.Output(ctx, 20*time.Second, p.environment(2), append(p.launch(2), program, "version")); err != nil {
			continue
		}
		if p.version, err = version(text, l.says); err == nil {
			return p, nil
		}
	}
	return nil, err
}

// version reads what "peer version" says on two ranks: once, if they are in
// one world.
func version(text, name string) (string, error) {
	var lines []string
	for _, line := range strings.Split(text, "\n") {
		if fields := strings.Join(strings.Fields(line), " "); strings.Contains(fields, name) {
			lines = append(lines, fields)
		}
	}
	switch len(lines) {
	case 0:
		return "", fmt.Errorf("the program's library is not %s", name)
	case 1:
		first, _, _ := strings.Cut(lines[0], ", package")
		for _, words := range []string{"mpi4py ", "MPICH Version: ", "Open MPI v", "Intel(R) MPI Library "} {
			first = strings.TrimPrefix(first, words)
		}
		return first, nil
	}
	return "", errors.New("two ranks are two worlds of one: launcher and library do not fit")
}

// findPython looks for an mpi4py, on whichever of the libraries it is.
func (m *measurement) findPython(ctx context.Context) (*peer, error) {
	script := filepath.Join(m.root, "bench", "peers", "peer.py")
	err := errors.New("no python3 has mpi4py")
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		if _, _, e := runs.Output(ctx, 20*time.Second, os.Environ(), []string{python, "-c", "import mpi4py"}); e != nil {
			continue
		}
		for _, name := range []string{openMPI, mpich} {
			l := m.peer(name)
			if l == nil {
				err = fmt.Errorf("%s imports it, but its library has no launcher here", python)
				continue
			}
			p := &peer{name: mpi4py, launch: l.launch, program: []string{python, script}, style: peerStyle}
			text, _, e := runs.Output(ctx, 30*time.Second, p.environment(2), append(p.launch(2), python, script, "version"))
			if e != nil {
				err = e
				continue
			}
			if p.version, err = version(text, name); err == nil {
				return p, nil
			}
		}
	}
	return nil, err
}

// findNative tries Ringo on a library: its own launcher starts ringo.
func (m *measurement) findNative(ctx context.Context, name, library string) (*peer, error) {
	l := m.peer(library)
	if l == nil {
		return nil, fmt.Errorf("there is no %s", library)
	}
	p := &peer{name: name, version: m.peer(ringo).version + " on " + l.version, launch: l.launch, program: []string{m.program("ringo")}}
	text, _, err := runs.Output(ctx, 20*time.Second, p.environment(2), append(p.launch(2), p.program[0], "bench", "latency", "-m", "0:0", "-i", "1"))
	if err != nil {
		return nil, err
	}
	if !strings.Contains(text, "native engine") {
		return nil, errors.New("ringo has no native engine")
	}
	return p, nil
}

// findAll builds and tries everything that is asked for. What is missing is a
// note of the results.
func (m *measurement) findAll(ctx context.Context, wanted func(string) bool, at folders) error {
	if err := m.buildRingo(ctx); err != nil {
		return err
	}
	for _, l := range m.libraries(at) {
		m.keep(ctx, wanted, l.name, func() (*peer, error) { return m.find(ctx, l) })
	}
	m.keep(ctx, wanted, mpi4py, func() (*peer, error) { return m.findPython(ctx) })
	m.keep(ctx, wanted, ringoMPICH, func() (*peer, error) { return m.findNative(ctx, ringoMPICH, mpich) })
	m.keep(ctx, wanted, ringoOpenMPI, func() (*peer, error) { return m.findNative(ctx, ringoOpenMPI, openMPI) })
	return ctx.Err()
}

func (m *measurement) keep(ctx context.Context, wanted func(string) bool, name string, find func() (*peer, error)) {
	if !wanted(name) || ctx.Err() != nil {
		return
	}
	p, err := find()
	if err != nil {
		m.results.note("%s is left out: %v", name, err)
		return
	}
	m.peers = append(m.peers, p)
}
