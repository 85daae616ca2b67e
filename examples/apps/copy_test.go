// Package apps_test looks at the example programs from the outside: a reader
// copies the folder of one of them, without its tests, and has a program.
package apps_test

import (
	"bytes"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

const module = "github.com/ringo-mpi/ringo/"

// public are the packages of this module that a program may import.
var public = []string{"mpi", "mpi/native", "stopwatch", "stopwatch/crossrank", "params", "params/onroot", "atomicfile"}

// programs returns the folders of the programs.
func programs(t *testing.T) []string {
	t.Helper()
	mains, err := filepath.Glob(filepath.Join("*", "main.go"))
	if err != nil || len(mains) < 12 {
		t.Fatalf("%d programs, %v", len(mains), err)
	}
	for i, m := range mains {
		mains[i] = filepath.Dir(m)
	}
	return mains
}

// sources returns the files of a program, without its tests.
func sources(t *testing.T, program string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(program, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range files {
		if !strings.HasSuffix(f, "_test.go") {
			out = append(out, f)
		}
	}
	return out
}

// Of this module a program imports public packages only.
func TestProgramsImportPublicPackages(t *testing.T) {
	allowed := map[string]bool{}
	for _, p := range public {
		allowed[module+p] = true
	}
	for _, program := range programs(t) {
		for _, path := range sources(t, program) {
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
			if err != nil {
				t.Fatal(err)
			}
			for _, imp := range file.Imports {
				if name := strings.Trim(imp.Path.Value, `"`); strings.HasPrefix(name, module) && !allowed[name] {
					t.Errorf("%s imports %s: a copy of the program could not", path, name)
				}
			}
		}
	}
}

// Files of one name in several programs are copies of one another, so that what
// is mended in one is mended in all.
func TestSharedFilesAreEqual(t *testing.T) {
	first := map[string]string{}
	shared := 0
	for _, program := range programs(t) {
		for _, path := range sources(t, program) {
			name := filepath.Base(path)
			if name == "main.go" {
				continue
			}
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			other, ok := first[name]
			if !ok {
				first[name] = path
				continue
			}
			shared++
			if want, err := os.ReadFile(other); err != nil || !bytes.Equal(text, want) {
				t.Errorf("%s and %s differ: copy one to the other (%v)", other, path, err)
			}
		}
	}
	if shared == 0 {
		t.Error("no file is shared")
	}
}

// arguments keep the runs short.
var arguments = map[string][]string{
	"f":      {"--steps", "1000"},
	"kmeans": {"--n", "100"},
	"loop":   {"--steps", "1000"},
	"matvec": {"--rows", "10", "--columns", "10"},
	"pi":     {"--max-power", "6"},
	"sort":   {"--n", "1000"},
}

// Every program is copied into a module of its own, built there as a reader
// would, and run on two ranks.
func TestProgramsBuildOutsideTheModule(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	own, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	// The versions that this module has are in the module cache already.
	_, rest, ok := strings.Cut(string(own), "\n")
	if !ok {
		t.Fatal("go.mod has one line")
	}
	mod := fmt.Sprintf("module example.com/mine\n%s\nrequire %s v0.0.0\nreplace %[2]s => %s\n",
		rest, strings.TrimSuffix(module, "/"), root)

	dir := t.TempDir()
	write := func(name string, data []byte) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", []byte(mod))
	write("go.sum", sums)
	for _, program := range programs(t) {
		for _, path := range sources(t, program) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			write(path, data)
		}
	}

	env := append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=mod", "GOWORK=off", "PWD="+dir)
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", "bin"+string(filepath.Separator), "./...")
	build.Dir, build.Env = dir, env
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o777); err != nil {
		t.Fatal(err)
	}
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	for _, program := range programs(t) {
		t.Run(program, func(t *testing.T) {
			name := program
			if runtime.GOOS == "windows" {
				name += ".exe"
			}
			run := exec.Command(filepath.Join(dir, "bin", name), arguments[program]...)
			run.Dir = t.TempDir()
			run.Env = append(os.Environ(), "RINGO_RANKS=2", "PWD="+run.Dir)
			if out, err := run.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
