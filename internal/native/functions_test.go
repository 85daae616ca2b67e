package native

import (
	"strings"
	"testing"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// Every entry point has a name, and each its own.
func TestFunctionsHaveNames(t *testing.T) {
	seen := map[string]function{}
	for f := range numFunctions {
		name := f.String()
		if f == collective(engine.Barrier, largeCount) || f == collective(engine.Barrier, largeCount|nonblocking) {
			if name != "" {
				t.Errorf("%s: a barrier has no counts", name)
			}
			continue
		}
		if !strings.HasPrefix(name, "MPI_") && !strings.HasPrefix(name, "MPIX_") {
			t.Errorf("function %d has the name %q", f, name)
		}
		if old, ok := seen[name]; ok {
			t.Errorf("functions %d and %d are both %s", old, f, name)
		}
		seen[name] = f
	}
}

// The columns of collectiveNames are the forms of one function.
func TestFormsOfCollectives(t *testing.T) {
	for k := range engine.NumColls {
		plain := collective(k, 0).String()
		if got, want := strings.ReplaceAll(strings.ToLower(plain), "_", ""), "mpi"+strings.ToLower(k.String()); got != want {
			t.Errorf("%v is %s", k, plain)
		}
		start := strings.Replace(strings.ToLower(plain), "mpi_", "MPI_I", 1)
		if got := collective(k, nonblocking).String(); got != start {
			t.Errorf("nonblocking, %v is %s, want %s", k, got, start)
		}
		if k == engine.Barrier {
			continue
		}
		if got := collective(k, largeCount).String(); got != plain+"_c" {
			t.Errorf("with large counts, %v is %s, want %s_c", k, got, plain)
		}
		if got := collective(k, nonblocking|largeCount).String(); got != start+"_c" {
			t.Errorf("nonblocking with large counts, %v is %s, want %s_c", k, got, start)
		}
	}
}
