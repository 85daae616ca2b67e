package abi

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/ringo-mpi/ringo/internal/enginetest/installed"
)

var update = flag.Bool("update", false, "rewrite constants.tsv from the headers found")

// TestGenerated checks that tables_gen.go is what gen makes of constants.tsv.
func TestGenerated(t *testing.T) {
	want, err := os.ReadFile("tables_gen.go")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	data, err := os.ReadFile("constants.tsv")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "constants.tsv"), data, 0o644); err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(dir, "gen.exe")
	if out, err := exec.Command("go", "build", "-o", bin, "./gen").CombinedOutput(); err != nil {
		t.Fatalf("go build ./gen: %v\n%s", err, out)
	}
	cmd := exec.Command(bin)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("gen: %v\n%s", err, out)
	}
	got, err := os.ReadFile(filepath.Join(dir, "tables_gen.go"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("tables_gen.go is stale: run go generate ./internal/native/abi")
	}
}

// TestHeaders compiles a program against every mpi.h that the machine has and
// compares the constants. RINGO_TEST_ABI_HEADER names a file with the standard
// interface (mpi.h of the MPI Forum's stubs, or MPICH's mpi_abi.h).
func TestHeaders(t *testing.T) {
	type compiler struct {
		name string
		args []string
	}
	var compilers []compiler
	for _, name := range []string{"mpicc", "mpicc.mpich", "mpicc.openmpi", "mpicc_abi"} {
		if path, err := exec.LookPath(name); err == nil {
			compilers = append(compilers, compiler{name, []string{path}})
		}
	}
	for _, l := range installed.All() {
		if l.Newest && l.Compiler != "" && l.Installed() {
			compilers = append(compilers, compiler{l.Name, []string{l.Compiler}})
		}
	}
	if header := os.Getenv("RINGO_TEST_ABI_HEADER"); header != "" {
		dir := t.TempDir()
		text, err := os.ReadFile(header)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "mpi.h"), text, 0o644); err != nil {
			t.Fatal(err)
		}
		compilers = append(compilers, compiler{header, []string{"cc", "-I" + dir}})
	}
	seen := map[string]bool{}
	for _, c := range compilers {
		t.Run(filepath.Base(c.name), func(t *testing.T) {
			which, got := probe(t, c.args)
			seen[which] = true
			if *update {
				rewrite(t, which, got)
				return
			}
			compare(t, which, got)
		})
	}
	for _, table := range []*Table{&Standard, &MPICH, &OpenMPI} {
		if !seen[table.Name] {
			msg := fmt.Sprintf("there is no mpi.h with the %s interface on this machine: its table is not compared with a header", table.Name)
			if os.Getenv(installed.VarRequired) == "required" {
				t.Error(msg)
			} else {
				fmt.Fprintln(os.Stderr, "left out:", msg)
			}
		}
	}
}

// compare checks every constant that both the header and the table have. A
// header may be older or newer than the table: what only one of them has is
// told, what both have must be equal.
func compare(t *testing.T, which string, got map[string]string) {
	var table *Table
	for _, x := range []*Table{&Standard, &MPICH, &OpenMPI} {
		if x.Name == which {
			table = x
		}
	}
	compared := 0
	check := func(key, want string, none bool) {
		g, ok := got[key]
		switch {
		case !ok && none:
		case !ok:
			t.Logf("%s: the header does not have it, the table does (%s)", key, want)
		case none:
			t.Logf("%s: the header has it (%s), the table does not", key, g)
		case version(key):
			// Lengths and limits are a matter of the version, not of the interface.
		case g != want:
			t.Errorf("%s: the header says %s, the table %s", key, g, want)
		default:
			compared++
		}
	}
	for id := range NumHandles {
		h := table.Handles[id]
		want := h.Symbol
		if want == "" {
			want = fmt.Sprintf("0x%x", h.Value)
		}
		check("handle "+id.String(), want, h.None)
	}
	for id := range NumInts {
		c := table.Ints[id]
		check("int "+id.String(), fmt.Sprint(c.Value), c.None)
	}
	if compared < 200 {
		t.Errorf("only %d constants could be compared", compared)
	}
}

func version(key string) bool {
	return strings.HasPrefix(key, "int MPI_MAX_") || key == "int MPI_ERR_LASTCODE" || key == "int MPI_BSEND_OVERHEAD"
}

// probe compiles and runs a program that prints the constants; keys are
// "handle NAME" and "int NAME", as the tables have them.
func probe(t *testing.T, cc []string) (which string, got map[string]string) {
	dir := t.TempDir()
	missing := map[string]bool{}
	src, bin := filepath.Join(dir, "probe.c"), filepath.Join(dir, "probe")
	undeclared := regexp.MustCompile(`error: [‘'](MPI_\w+)[’'] undeclared|has no member named [‘'](MPI_\w+)[’']|unknown type name [‘'](MPI_\w+)[’']`)
	var out []byte
	for range 3 {
		if err := os.WriteFile(src, []byte(program(missing)), 0o644); err != nil {
			t.Fatal(err)
		}
		args := append(append([]string{}, cc[1:]...), "-w", "-fmax-errors=0", "-o", bin, src)
		cmd := exec.Command(cc[0], args...)
		cmd.Env = append(os.Environ(), "LC_ALL=C")
		var err error
		if out, err = cmd.CombinedOutput(); err == nil {
			break
		}
		found := undeclared.FindAllSubmatch(out, -1)
		if len(found) == 0 {
			t.Fatalf("%s: %v\n%s", cc[0], err, out)
		}
		for _, m := range found {
			missing[string(m[1])+string(m[2])+string(m[3])] = true
		}
	}
	out, err := exec.Command(bin).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	got = map[string]string{}
	symbol := regexp.MustCompile(`\bompi_\w+`)
	for line := range strings.Lines(string(out)) {
		f := strings.SplitN(strings.TrimSpace(line), "\t", 3)
		if f[0] == "interface" {
			which = f[1]
			continue
		}
		value := f[2]
		if s := symbol.FindString(value); f[0] == "handle" && s != "" {
			// OMPI_PREDEFINED_GLOBAL(type, symbol) names the type first, the symbol last.
			all := symbol.FindAllString(value, -1)
			value = all[len(all)-1]
		} else if f[0] == "handle" {
			value = value[strings.LastIndexByte(value, '=')+1:]
		}
		got[f[0]+" "+f[1]] = value
	}
	return which, got
}

func program(missing map[string]bool) string {
	var b strings.Builder
	b.WriteString(`#include <mpi.h>
#include <stdio.h>
#include <stdint.h>
#include <stddef.h>
#ifdef MPIX_ERR_PROC_FAILED /* MPICH has fault tolerance as an extension */
#define MPI_ERR_PROC_FAILED MPIX_ERR_PROC_FAILED
#define MPI_ERR_REVOKED MPIX_ERR_REVOKED
#endif
#define TEXT(x) TEXT1(x)
#define TEXT1(x) #x
#define HANDLE(n) printf("handle\t" #n "\t%s =0x%x\n", TEXT(n), (unsigned)(uintptr_t)(n))
#define INT(n) printf("int\t" #n "\t%lld\n", (long long)(n))
#define POINTER(n) printf("int\t" #n "\t%lld\n", (long long)(intptr_t)(n))
#define SIZE(n) printf("int\t" #n "\t%zu\n", sizeof(n))
#define OFFSET(n) printf("int\t" #n "\t%zu\n", offsetof(MPI_Status, n))
int main(void) {
#if defined(OPEN_MPI)
	printf("interface\tOpen MPI\n");
#elif defined(MPICH_VERSION) || defined(MPICH_NAME) || defined(I_MPI_VERSION) || defined(MVAPICH2_VERSION)
	printf("interface\tMPICH\n");
#else
	printf("interface\tMPI-5 standard\n");
#endif
`)
	for id := range NumHandles {
		if !missing[id.String()] {
			fmt.Fprintf(&b, "HANDLE(%s);\n", id.String())
		}
	}
	for id := range NumInts {
		macro := "INT"
		switch {
		case id >= OffsetSource && id <= OffsetError:
			macro = "OFFSET"
		case id >= SizeStatus && id <= SizeMessage:
			macro = "SIZE"
		case id >= Bottom && id <= StatusesIgnore:
			macro = "POINTER"
		}
		if !missing[id.String()] {
			fmt.Fprintf(&b, "%s(%s);\n", macro, id.String())
		}
	}
	b.WriteString("return 0; }\n")
	return b.String()
}

// rewrite replaces one column of constants.tsv by what the header says; what
// the header lacks stays.
func rewrite(t *testing.T, which string, got map[string]string) {
	column := map[string]int{Standard.Name: 2, MPICH.Name: 3, OpenMPI.Name: 4}[which]
	data, err := os.ReadFile("constants.tsv")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(data), "\n")
	for i, line := range lines {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 5 || f[0] == "kind" {
			continue
		}
		kind := "int "
		if f[0] == "handle" {
			kind = "handle "
		}
		if v, ok := got[kind+f[1]]; ok {
			f[column] = v
			lines[i] = strings.Join(f, "\t") + "\n"
		}
	}
	if err := os.WriteFile("constants.tsv", []byte(strings.Join(lines, "")), 0o644); err != nil {
		t.Fatal(err)
	}
}
