//go:build linux && (amd64 || arm64)

package native_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ringo-mpi/ringo/internal/enginetest/installed"
)

// examples are the programs that run on every library as on the embedded
// engine, with arguments that make them short: every folder of examples/usage
// and examples/apps.
var examples = map[string][]string{
	"usage/allgather_buffer": nil, "usage/broadcast": nil, "usage/broadcast_buffer": nil, "usage/columns": nil,
	"usage/gather": nil, "usage/gather_buffer": nil, "usage/helloworld": nil, "usage/isend_ireceive": nil,
	"usage/scatter": nil, "usage/scatter_buffer": nil, "usage/send_receive": nil, "usage/send_receive_buffer": nil,
	"usage/status": nil, "usage/halo": nil, "usage/manager_worker": nil, "usage/gather_blocks": nil,
	"usage/ring": {"--count", "20", "--start", "3"},

	"apps/count": nil, "apps/groups": nil, "apps/rank": nil, "apps/julia": nil, "apps/mandelbrot": nil, "apps/kmeans": nil,
	"apps/f":      {"--steps", "100000", "--print-benchmark=false"},
	"apps/gpu":    {"--devices", "2,3"},
	"apps/matvec": {"--rows", "100", "--columns", "80", "--out", "result.csv"},
	"apps/pi":     {"--max-power", "7", "--plots=false"},
	"apps/sort":   {"-n", "100000"},
}

// noRanks are the folders that are no programs of several ranks.
var noRanks = []string{"apps/internal", "apps/loop"}

// seconds are the times that examples print.
var seconds = regexp.MustCompile(`\b\d+\.\d{6}\b`)

// TestExamples runs the examples under the launcher of each library and compares
// what they print and the files they write with a run under Ringo's mpiexec.
func TestExamples(t *testing.T) {
	for _, kind := range []string{"usage", "apps"} {
		folders, err := os.ReadDir(filepath.Join("..", "..", "examples", kind))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range folders {
			if !f.IsDir() {
				continue
			}
			if _, ok := examples[kind+"/"+f.Name()]; !ok && !slices.Contains(noRanks, kind+"/"+f.Name()) {
				t.Errorf("examples/%s/%s is not run", kind, f.Name())
			}
		}
	}
	libraries := installed.Find(t)
	if len(libraries) == 0 {
		return // Find has told
	}
	bin := t.TempDir()
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", bin, "github.com/ringo-mpi/ringo/examples/...", "github.com/ringo-mpi/ringo/cmd/mpiexec")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	for path, args := range examples {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			program := append([]string{filepath.Join(bin, filepath.Base(path))}, args...)
			want := runExample(t, append([]string{filepath.Join(bin, "mpiexec"), "-n", "2"}, program...), nil, "embedded engine ")
			for _, l := range libraries {
				got := runExample(t, l.Command(2, program...), l.Env(), "native engine "+l.Engine)
				if got != want {
					t.Errorf("on %s:\n%s\nwant, as on the embedded engine:\n%s", l.Name, got, want)
				}
			}
		})
	}
}

// runExample runs a program in a folder of its own and returns its lines,
// sorted, and the names and contents of the files it wrote. Both ranks have to
// be carried by the engine.
func runExample(t *testing.T, argv, env []string, engine string) string {
	t.Helper()
	dir := t.TempDir()
	e := start(t, append([]string{"env", "-C", dir, "-u", envProgram}, argv...), append(env, "RINGO_VERBOSE=1")...)
	var lines []string
	for rank := range 2 {
		at := regexp.MustCompile(fmt.Sprintf(`(?m)^ringo: rank %d of 2 on \S+: %s.*\n`, rank, engine)).FindStringIndex(e.stderr)
		if e.status != 0 || at == nil {
			t.Fatalf("%s: status %d, and rank %d of 2 on the %s?\n%s\n%s", strings.Join(argv, " "), e.status, rank, engine, e.stdout, e.stderr)
		}
		e.stderr = e.stderr[:at[0]] + e.stderr[at[1]:]
	}
	for _, text := range []string{e.stdout, e.stderr} {
		lines = slices.AppendSeq(lines, strings.Lines(seconds.ReplaceAllString(text, "TIME")))
	}
	slices.Sort(lines)
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	b.WriteString(strings.Join(lines, ""))
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "file %s: %d bytes, SHA-256 %x\n", filepath.Base(f), len(data), sha256.Sum256(data))
	}
	return b.String()
}
