package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/ringo-mpi/ringo/bench/internal/runs"
)

// tree is a checkout and what was built from it.
type tree struct {
	given string   // on the command line
	root  string   // of the module
	bins  []string // what was built, in each layout
	about string   // its revision
}

// openTree finds the checkout that an argument means: a folder, or a revision
// of the repository that the program is started in. The function it returns
// takes away what was made, and is not nil.
func openTree(ctx context.Context, given, scratch string) (*tree, func() error, error) {
	nothing := func() error { return nil }
	if info, err := os.Stat(given); err == nil && info.IsDir() {
		root, err := filepath.Abs(given)
		if err != nil {
			return nil, nothing, err
		}
		if _, err := os.Stat(filepath.Join(root, "cmd", "ringo")); err != nil {
			return nil, nothing, fmt.Errorf("%s is no checkout of Ringo: it has no cmd/ringo", given)
		}
		return &tree{given: given, root: root, about: runs.Revision(ctx, root)}, nothing, nil
	}
	commit, err := runs.Git(ctx, ".", "rev-parse", "--verify", "--quiet", "--end-of-options", given+"^{commit}")
	if err != nil {
		return nil, nothing, fmt.Errorf("%s is neither a folder nor a revision of this repository", given)
	}
	root := filepath.Join(scratch, "tree")
	if _, err := runs.Git(ctx, ".", "worktree", "add", "--detach", root, commit); err != nil {
		return nil, nothing, err
	}
	away := func() error {
		// Also when the run was interrupted.
		_, err := runs.Git(context.WithoutCancel(ctx), ".", "worktree", "remove", "--force", root)
		return err
	}
	return &tree{given: given, root: root, about: runs.Revision(ctx, root)}, away, nil
}

// build builds what is measured, in so many layouts. The first is that of the
// linker; in each of the others the functions lie in an order of their own.
func (t *tree) build(ctx context.Context, dir string, layouts int) error {
	for layout := range layouts {
		bin := filepath.Join(dir, strconv.Itoa(layout))
		if err := os.MkdirAll(bin, 0o777); err != nil {
			return err
		}
		var flags []string
		if layout > 0 {
			flags = []string{"-ldflags=-randlayout=" + strconv.Itoa(layout)}
		}
		if err := runs.Build(ctx, t.root, bin, flags, "./cmd/ringo", "./cmd/mpiexec"); err != nil {
			return err
		}
		t.bins = append(t.bins, bin)
	}
	return nil
}

// program is the path of what a repetition runs.
func (t *tree) program(name string, repetition int) string {
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(t.bins[repetition%len(t.bins)], name)
}

// launchers are those of the MPI libraries that are here, by the library.
type launchers map[string]func(ranks int) []string

// findLaunchers looks for the launchers that jobs need, and tells what is missing.
func findLaunchers(ctx context.Context, c runs.Cores, jobs []job) (launchers, []string) {
	found := launchers{}
	var missing []string
	for _, l := range []struct {
		name, mark string
		launchers  []string
		launch     func(path string) func(int) []string
	}{
		{mpich, "HYDRA", []string{"mpiexec.hydra", "mpiexec.mpich", "mpiexec"}, c.Hydra},
		{openMPI, "Open MPI", []string{"mpirun.openmpi", "mpirun"}, c.Mpirun},
	} {
		wanted := false
		for _, j := range jobs {
			wanted = wanted || j.on == l.name
		}
		if !wanted {
			continue
		}
		path, err := runs.Launcher(ctx, l.mark, "", l.launchers...)
		if err != nil {
			missing = append(missing, fmt.Sprintf("the native engine on %s is left out: %v", l.name, err))
			continue
		}
		found[l.name] = l.launch(path)
	}
	return found, missing
}

var errNoLauncher = errors.New("its launcher is not here")

// command returns the command line of a job in a repetition and its environment.
func (t *tree) command(j job, repetition int, c runs.Cores, l launchers) (command, env []string, err error) {
	program := append([]string{t.program("ringo", repetition)}, j.bench.RingoArguments()...)
	if j.isLaunch() {
		program = []string{"true"}
	}
	switch j.on {
	case processes:
		return append(c.Mpiexec(t.program("mpiexec", repetition))(j.ranks), program...), runs.Environment(), nil
	case goroutines:
		return program, runs.Environment("RINGO_RANKS=" + strconv.Itoa(j.ranks)), nil
	}
	launch, ok := l[j.on]
	if !ok {
		return nil, nil, errNoLauncher
	}
	return append(launch(j.ranks), program...), runs.Environment("RINGO_ENGINE=native"), nil
}

// title names a job in the report.
func (j job) title() string {
	var on strings.Builder
	fmt.Fprintf(&on, "%s, %d ranks", j.name, j.ranks)
	if j.on != processes && j.on != goroutines {
		on.WriteString(" on " + j.on)
	}
	return on.String()
}
