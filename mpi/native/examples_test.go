package native_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringo-mpi/ringo/internal/enginetest"
)

// examples are the programs that run on every library as on the embedded
// engine, with arguments that make them short.
var examples = []struct {
	path string
	args []string
	loud bool // prints times: only its status is compared
}{
	{path: "usage/helloworld"}, {path: "usage/send_receive"}, {path: "usage/send_receive_buffer"},
	{path: "usage/isend_ireceive"}, {path: "usage/broadcast"}, {path: "usage/broadcast_buffer"},
	{path: "usage/scatter"}, {path: "usage/scatter_buffer"}, {path: "usage/gather"}, {path: "usage/gather_buffer"},
	{path: "usage/allgather_buffer"}, {path: "usage/status"}, {path: "usage/columns"},
	{path: "usage/ring", args: []string{"--count", "20", "--start", "3"}},
	{path: "apps/count"}, {path: "apps/groups"}, {path: "apps/rank"}, {path: "apps/julia"}, {path: "apps/mandelbrot"}, {path: "apps/kmeans"},
	{path: "apps/f", args: []string{"--steps", "100000", "--print-benchmark=false"}},
	{path: "apps/matvec", args: []string{"--rows", "100", "--columns", "80", "--out", "result.csv"}},
	{path: "apps/pi", args: []string{"--max-power", "7", "--plots=false"}},
	{path: "apps/sort", args: []string{"-n", "100000"}, loud: true},
}

// TestExamples runs the examples on each library and compares what they print
// and the files they write with a run on goroutine ranks.
func TestExamples(t *testing.T) {
	argv := enginetest.NativeLaunchers(t)
	if len(argv) == 0 {
		return // NativeLaunchers has told
	}
	bin := t.TempDir()
	build := exec.Command("go", "build", "-o", bin, "github.com/ringo-mpi/ringo/examples/...")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	for _, e := range examples {
		t.Run(e.path, func(t *testing.T) {
			const ranks = 2
			program := append([]string{filepath.Join(bin, filepath.Base(e.path))}, e.args...)
			want := runExample(t, program, fmt.Sprintf("RINGO_RANKS=%d", ranks), "RINGO_ENGINE=embedded")
			for name, l := range argv {
				got := runExample(t, append(append(slices.Clone(l), "-n", fmt.Sprint(ranks)), program...))
				if !e.loud && got != want {
					t.Errorf("on %s:\n%s\nwant, as on the embedded engine:\n%s", name, got, want)
				}
			}
		})
	}
}

// runExample runs a program in a folder of its own and returns its lines,
// sorted, and the names and contents of the files it wrote.
func runExample(t *testing.T, argv []string, env ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), env...)
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(argv, " "), err, out)
	}
	lines := slices.Sorted(strings.Lines(string(out)))
	files, err := filepath.Glob(filepath.Join(cmd.Dir, "*"))
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
		fmt.Fprintf(&b, "file %s: %x\n", filepath.Base(f), data[:min(len(data), 4096)])
	}
	return b.String()
}
