//go:build linux && (amd64 || arm64)

package native_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringo-mpi/ringo/internal/enginetest/installed"
)

// tracer.c counts calls and passes them on, as tools do. It needs no mpi.h:
// every argument fits a register, and goes through as it came. Messages without
// data do not count: a rank that has waited for a while asks by one whether the
// other has finished.
const tracer = `#include <stdio.h>
static int init, isend, irecv, allreduce, barrier, finalize;
int PMPI_Init_thread(long, long, long, long);
int PMPI_Isend(long, long, long, long, long, long, long);
int PMPI_Irecv(long, long, long, long, long, long, long);
int PMPI_Allreduce(long, long, long, long, long, long);
int PMPI_Barrier(long);
int PMPI_Finalize(void);
int MPI_Init_thread(long a, long b, long c, long d) { init++; return PMPI_Init_thread(a, b, c, d); }
int MPI_Isend(long a, long b, long c, long d, long e, long f, long g) { isend += b > 0; return PMPI_Isend(a, b, c, d, e, f, g); }
int MPI_Irecv(long a, long b, long c, long d, long e, long f, long g) { irecv += b > 0; return PMPI_Irecv(a, b, c, d, e, f, g); }
int MPI_Allreduce(long a, long b, long c, long d, long e, long f) { allreduce++; return PMPI_Allreduce(a, b, c, d, e, f); }
int MPI_Barrier(long a) { barrier++; return PMPI_Barrier(a); }
int MPI_Finalize(void) { finalize++; return PMPI_Finalize(); }
__attribute__((destructor)) static void report(void) {
	fprintf(stderr, "tracer: init %d, isend %d, irecv %d, allreduce %s, barrier %s, finalize %d\n",
		init, isend, irecv, allreduce >= 3 ? "yes" : "no", barrier >= 2 ? "yes" : "no", finalize);
}
`

// traced is what the tracer reports of a rank of the program "traced".
const traced = "tracer: init 1, isend 5, irecv 5, allreduce yes, barrier yes, finalize 1\n"

// A tool that stands before the library, by LD_PRELOAD or because the library
// that is opened is the tool's, sees the calls, and writes its report when the
// rank has finished.
func TestTracer(t *testing.T) {
	cc, err := exec.LookPath("cc")
	if err != nil {
		installed.LeftOut(t, "tools that trace calls", "cc is not installed")
		return
	}
	dir := t.TempDir()
	source, preload := filepath.Join(dir, "tracer.c"), filepath.Join(dir, "libtracer.so")
	if err := os.WriteFile(source, []byte(tracer), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(cc, "-shared", "-fPIC", "-Wl,-z,lazy", "-o", preload, source).CombinedOutput(); err != nil {
		t.Fatalf("cc: %v\n%s", err, out)
	}
	for _, l := range installed.Find(t) {
		t.Run(l.Name, func(t *testing.T) {
			check := func(t *testing.T, file string, e ended) {
				t.Helper()
				if e.status != 0 || strings.Count(e.stderr, traced) != 2 || strings.Count(e.stderr, ", through "+file) != 2 || e.stdout != "" {
					t.Errorf("status %d, want 0, and twice, with the name of %s, %q in:\n%s%s", e.status, file, traced, e.stderr, e.stdout)
				}
			}
			vars := append(l.Env(), envProgram+"=traced", "RINGO_VERBOSE=1", "RINGO_NATIVE_COLLECTIVES=block")
			t.Run("preloaded", func(t *testing.T) {
				check(t, preload, start(t, l.Command(2, "env", "LD_PRELOAD="+preload, os.Args[0]), vars...))
			})
			library := compileLibrary(t, l, "libfront.so", tracer)
			if library == "" {
				return
			}
			t.Run("preloaded, linked with the library", func(t *testing.T) {
				check(t, library, start(t, l.Command(2, "env", "LD_PRELOAD="+library, os.Args[0]), vars...))
			})
			t.Run("opened", func(t *testing.T) {
				e := start(t, l.Command(2, os.Args[0]), append(vars, "RINGO_LIBMPI="+library)...)
				if e.status != 0 || strings.Count(e.stderr, traced) != 2 || e.stdout != "" {
					t.Errorf("status %d, want 0, and twice %q in:\n%s%s", e.status, traced, e.stderr, e.stdout)
				}
			})
		})
	}
}

// What a rank does after mpi.Main is done, and every rank has taken leave of
// its launcher by then, however the program ends.
func TestAfterMain(t *testing.T) {
	for _, l := range installed.Find(t) {
		t.Run(l.Name, func(t *testing.T) {
			for _, how := range []string{"return", "exit"} {
				for _, n := range []int{3, 4} {
					e := start(t, l.Command(n, os.Args[0]), append(l.Env(), envProgram+"=after "+how)...)
					for rank := range n {
						if line := fmt.Sprintf("rank %d has done what follows\n", rank); strings.Count(e.stdout, line) != 1 {
							t.Errorf("%s, %d ranks: no %q in %q", how, n, line, e.stdout)
						}
					}
					if e.status != 0 || e.stderr != "" {
						t.Errorf("%s, %d ranks: status %d, want 0; standard error:\n%s", how, n, e.status, e.stderr)
					}
				}
			}
			e := start(t, l.Command(3, os.Args[0]), append(l.Env(), envProgram+"=after panic")...)
			for rank := 1; rank < 3; rank++ {
				if line := fmt.Sprintf("rank %d has done what follows\n", rank); strings.Count(e.stdout, line) != 1 {
					t.Errorf("panic on rank 0: no %q in %q", line, e.stdout)
				}
			}
			if e.status == 0 || !strings.Contains(e.stderr, "panic: after mpi.Main") {
				t.Errorf("panic on rank 0: status %d, want another than 0; standard error:\n%s", e.status, e.stderr)
			}
		})
	}
}
