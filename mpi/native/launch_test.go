//go:build linux && (amd64 || arm64)

package native_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringo-mpi/ringo/internal/enginetest/installed"
)

// ended is how a program ended, seen by its user.
type ended struct {
	stdout, stderr string
	status         int
}

// start runs a command line to its end.
func start(t *testing.T, argv []string, env ...string) ended {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), envProgram+"=1", "GORACE=atexit_sleep_ms=0")
	cmd.Env = append(cmd.Env, env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = 5 * time.Second
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(argv, " "), err, stderr.String())
	}
	return ended{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// refuses checks that a run without a launcher (0 ranks) wrote one line, which
// has all the texts, and nothing else, and ended with status 1. Under a launcher
// it is a line of each rank that came to it before the launcher, which saw
// another one fail, ended it; what the launcher adds is its own matter.
func (e ended) refuses(t *testing.T, ranks int, texts ...string) {
	t.Helper()
	lines := 0
	for line := range strings.Lines(e.stderr) {
		if !strings.Contains(line, "ringo: ") {
			if strings.Contains(line, "goroutine ") || strings.Contains(line, "SIG") || ranks == 0 {
				t.Errorf("a line that nobody can use: %s", line)
			}
			continue
		}
		lines++
		for _, text := range texts {
			if !strings.Contains(line, text) {
				t.Errorf("%q is not in: %s", text, line)
			}
		}
	}
	if most := max(ranks, 1); lines < 1 || lines > most || e.status != 1 || e.stdout != "" {
		t.Errorf("%d lines, want 1 to %d; status %d, want 1; standard output %q, want none; standard error:\n%s", lines, most, e.status, e.stdout, e.stderr)
	}
}

// Everything that is no library for this program is named in one line.
func TestBadLibrary(t *testing.T) {
	libc := mapped(t, regexp.MustCompile(`/libc\.so\.6$|/libc-[0-9.]+\.so$|/ld-musl`))
	whole, err := os.ReadFile(libc)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	with := func(at int, values ...byte) []byte {
		b := bytes.Clone(whole)
		copy(b[at:], values)
		return b
	}
	for _, c := range []struct{ path, text string }{
		{"/no/such/libmpi.so", "no such file or directory"},
		{"libnosuch.so.99", "cannot open shared object file"},
		{dir, "is a directory, not a library"},
		{"/dev/null", "is not a file"},
		{file("empty.so", nil), "is empty"},
		{file("text.so", []byte("this is no library, it is text\n")), "is not a shared library"},
		{file("cut20.so", whole[:20]), "is cut short: it has 20 bytes"},
		{file("cut100.so", whole[:100]), "is cut short: it has 100 bytes"},
		{file("cuthalf.so", whole[:len(whole)/2]), "is cut short"},
		{file("sparc.so", with(18, 43, 0)), "is a library for another processor (EM_SPARCV9"},
		{file("bits32.so", with(4, 1)), "is a library of 32 bits"},
		{file("damaged.so", with(64, bytes.Repeat([]byte{0xff}, 512)...)), ""},
		{libc, "not an MPI library"},
		{filepath.Base(libc), "not an MPI library"},
	} {
		t.Run(filepath.Base(c.path), func(t *testing.T) {
			start(t, []string{os.Args[0]}, "RINGO_ENGINE=native", "RINGO_LIBMPI="+c.path).refuses(t, 0, "RINGO_LIBMPI="+c.path+" cannot be used: ", c.text)
		})
	}
}

// mapped returns a file that this process has mapped.
func mapped(t *testing.T, name *regexp.Regexp) string {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(maps)) {
		if f := strings.Fields(line); len(f) == 6 && name.MatchString(f[5]) {
			return f[5]
		}
	}
	t.Fatalf("%v is not mapped:\n%s", name, maps)
	return ""
}

// libraryOf returns the file of the library that the engine opens under its
// launcher.
func libraryOf(t *testing.T, l installed.Library) string {
	t.Helper()
	e := start(t, l.Command(1, os.Args[0]), append(l.Env(), "RINGO_VERBOSE=1")...)
	m := regexp.MustCompile(`ringo: rank 0 of 1 on \S+: native engine .* (/\S+), transport `).FindStringSubmatch(e.stderr)
	if m == nil {
		t.Fatalf("RINGO_VERBOSE=1 does not name the library: %q", e.stderr)
	}
	return m[1]
}

// The same under a launcher, with what only a launcher can get wrong.
func TestRefused(t *testing.T) {
	libraries := installed.Find(t)
	files := map[string]string{}
	for _, l := range libraries {
		files[l.Name] = libraryOf(t, l)
	}
	for _, l := range libraries {
		if l.File != "" {
			continue // the launcher of the one before it
		}
		t.Run(l.Name, func(t *testing.T) {
			two := l.Command(2, os.Args[0])
			t.Run("missing library", func(t *testing.T) {
				t.Parallel()
				start(t, two, "RINGO_LIBMPI=/no/such/libmpi.so").refuses(t, 2, "RINGO_LIBMPI=/no/such/libmpi.so cannot be used")
			})
			t.Run("embedded engine", func(t *testing.T) {
				t.Parallel()
				e := start(t, two, "RINGO_ENGINE=embedded", "RINGO_VERBOSE=1")
				if n := strings.Count(e.stderr, "of 2 on "); e.status != 0 || n != 2 || !strings.Contains(e.stderr, "embedded engine") {
					t.Errorf("status %d, %d ranks of 2:\n%s", e.status, n, e.stderr)
				}
			})
			for _, other := range libraries {
				if other.Family == l.Family {
					continue
				}
				t.Run("library of "+other.Name, func(t *testing.T) {
					t.Parallel()
					start(t, two, "RINGO_LIBMPI="+files[other.Name]).refuses(t, 2, "started 2 processes", "do not belong together", "RINGO_LIBMPI", files[other.Name])
				})
			}
		})
	}
}

// The library may be named by a linker script, as libmpi.so of a package is, or
// by a name alone, which is looked for beside the launcher.
func TestNamedLibrary(t *testing.T) {
	for _, l := range installed.Find(t) {
		if !l.Newest {
			continue // the packages of the system are where the linker looks
		}
		t.Run(l.Name, func(t *testing.T) {
			file := libraryOf(t, l)
			named := filepath.Base(file)
			script := filepath.Join(t.TempDir(), "libmpi.so")
			if err := os.WriteFile(script, []byte("INPUT("+file+")\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			for _, value := range []string{named, script, strings.TrimRight(file, ".0123456789")} {
				e := start(t, l.Command(2, os.Args[0]), "RINGO_LIBMPI="+value, "RINGO_VERBOSE=1")
				if e.status != 0 || e.stdout != "2 ranks of 2\n" || strings.Count(e.stderr, " "+filepath.Dir(file)+"/") != 2 {
					t.Errorf("RINGO_LIBMPI=%s: status %d, standard output %q, want the library of %s in:\n%s", value, e.status, e.stdout, filepath.Dir(file), e.stderr)
				}
			}
		})
	}
}

// Contiguous messages allocate nothing, from package mpi down to the library.
func TestNoAllocation(t *testing.T) {
	if info, ok := debug.ReadBuildInfo(); ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		return // the race detector has pools drop things at random
	}
	for _, l := range installed.Find(t) {
		t.Run(l.Name, func(t *testing.T) {
			e := start(t, l.Command(2, os.Args[0]), append(l.Env(), envProgram+"=allocations")...)
			for rank := range 2 {
				if line := fmt.Sprintf("rank %d: 0 allocations\n", rank); e.status != 0 || !strings.Contains(e.stdout, line) {
					t.Errorf("status %d, want 0, and %q in %q\n%s", e.status, line, e.stdout, e.stderr)
				}
			}
		})
	}
}

// threads.c stands for a library that was built without MPI_THREAD_MULTIPLE.
const threads = `#include <mpi.h>
#include <stdlib.h>
#include <string.h>
int MPI_Init_thread(int *argc, char ***argv, int required, int *provided) {
	int rc = PMPI_Init_thread(argc, argv, required, provided);
	const char *level = getenv("RINGO_TEST_LEVEL");
	*provided = !strcmp(level, "MPI_THREAD_SINGLE") ? MPI_THREAD_SINGLE :
		!strcmp(level, "MPI_THREAD_FUNNELED") ? MPI_THREAD_FUNNELED : MPI_THREAD_SERIALIZED;
	return rc;
}
`

func TestThreadLevel(t *testing.T) {
	for _, l := range installed.Find(t) {
		t.Run(l.Name, func(t *testing.T) {
			library := compileLibrary(t, l, "libmpi_threads.so", threads)
			if library == "" {
				return
			}
			for _, constant := range []string{"MPI_THREAD_SINGLE", "MPI_THREAD_FUNNELED", "MPI_THREAD_SERIALIZED"} {
				t.Run(constant, func(t *testing.T) {
					t.Parallel()
					e := start(t, l.Command(2, os.Args[0]), "RINGO_LIBMPI="+library, "RINGO_TEST_LEVEL="+constant, "RINGO_VERBOSE=1")
					if constant != "MPI_THREAD_SERIALIZED" {
						e.refuses(t, 2, library+" gives "+constant, "MPI_THREAD_MULTIPLE")
					} else if e.status != 0 || e.stdout != "2 ranks of 2\n" || strings.Count(e.stderr, constant) != 2 {
						t.Errorf("status %d, standard output %q, standard error %q", e.status, e.stdout, e.stderr)
					}
				})
			}
		})
	}
}

// compileLibrary makes a shared library of C source with the compiler of an MPI
// library, linked with that. It returns "" where there is no compiler.
func compileLibrary(t *testing.T, l installed.Library, name, source string) string {
	t.Helper()
	if l.Compiler == "" {
		return "" // the package of the library has none, and no headers
	}
	if _, err := exec.LookPath(l.Compiler); err != nil {
		installed.LeftOut(t, l.Name, l.Compiler+" is not installed")
		return ""
	}
	file := filepath.Join(t.TempDir(), "source.c")
	if err := os.WriteFile(file, []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	library := filepath.Join(t.TempDir(), name)
	if out, err := exec.Command(l.Compiler, "-shared", "-fPIC", "-o", library, file).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", l.Compiler, err, out)
	}
	return library
}
