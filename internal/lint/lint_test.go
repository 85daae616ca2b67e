package lint_test

import (
	"bufio"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/ringo-mpi/ringo/"

type pkg struct {
	ImportPath, Dir, Name string
	Imports, GoFiles      []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,Name,Imports,GoFiles", module+"...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var ps []pkg
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := d.Decode(&p); err == io.EOF {
			return ps
		} else if err != nil {
			t.Fatal(err)
		}
		ps = append(ps, p)
	}
}

// layer says what the packages under a prefix may import of this module and of
// others, besides the standard library. The longest prefix that fits a package
// is its layer; packages without one may import what they like, but no
// transport.
type layer struct {
	own   []string // prefixes within the module
	other []string
	forms string // why
}

var layers = map[string]layer{
	"internal/engine":             {own: []string{"internal/memory"}, forms: "the contract of engines stands on memory alone"},
	"internal/kernel":             {own: []string{"internal/engine"}, other: []string{"golang.org/x/sys/cpu"}, forms: "kernels are pure"},
	"internal/memory":             {forms: "single instructions"},
	"internal/embedded/futex":     {other: []string{"golang.org/x/sys/"}, forms: "one system call"},
	"internal/embedded/ring":      {own: []string{"internal/memory"}, forms: "a ring knows only memory"},
	"internal/embedded/match":     {forms: "matching is a pure state machine"},
	"internal/embedded/proto":     {forms: "the wire format is pure"},
	"internal/embedded/coll":      {own: []string{"internal/engine"}, forms: "schedules are pure"},
	"internal/embedded/board":     {own: []string{"internal/engine", "internal/memory"}, forms: "boards know memory and their host"},
	"internal/embedded/transport": {own: []string{"internal/embedded/ring"}, forms: "a contract: types and interfaces"},
	"internal/embedded/segment":   {own: []string{"internal/embedded/futex", "internal/embedded/transport"}, other: []string{"golang.org/x/sys/"}, forms: "memory of processes"},
	"internal/embedded/inproc":    {own: []string{"internal/engine", "internal/memory", "internal/embedded/board", "internal/embedded/ring", "internal/embedded/transport"}, forms: "a transport knows no other, and not the endpoint"},
	"internal/embedded/shm":       {own: []string{"internal/engine", "internal/embedded/board", "internal/embedded/futex", "internal/embedded/ring", "internal/embedded/segment", "internal/embedded/transport"}, other: []string{"golang.org/x/sys/"}, forms: "a transport knows no other, and not the endpoint"},
	"internal/embedded":           {own: []string{"internal/engine", "internal/memory", "internal/embedded/board", "internal/embedded/coll", "internal/embedded/match", "internal/embedded/proto", "internal/embedded/ring", "internal/embedded/transport"}, forms: "the endpoint knows no transport by name"},
	"internal/foreign":            {forms: "variables of the environment"},
	"internal/native/abi":         {forms: "tables"},
	"internal/native/ccall":       {other: []string{"github.com/ebitengine/purego"}, forms: "calls of C functions"},
	"internal/native":             {own: []string{"internal/engine", "internal/foreign", "internal/native/"}, other: []string{"golang.org/x/sys/"}, forms: "an engine knows no other engine, and reaches C through ccall"},
	"internal/start":              {own: []string{"internal/engine", "internal/foreign", "internal/embedded", "internal/embedded/inproc", "internal/embedded/shm"}, forms: "the one place that knows the engines"},
	"mpi/native":                  {own: []string{"internal/engine", "internal/native", "internal/start"}, forms: "it registers the engine"},
	"mpi":                         {own: []string{"internal/engine", "internal/kernel", "internal/memory", "internal/start"}, other: []string{"github.com/fxamacker/cbor/v2"}, forms: "no transport behind the public packages' back"},
}

// pure packages do no input or output, wait for nothing and read no clock.
var pure = []string{"internal/embedded/match", "internal/embedded/proto", "internal/embedded/coll", "internal/engine", "internal/kernel"}

var impure = []string{"net", "os", "os/exec", "syscall", "time", "io", "bufio", "log", "log/slog", "runtime"}

func TestLayers(t *testing.T) {
	std := make(map[string]bool)
	out, err := exec.Command("go", "list", "std").Output()
	if err != nil {
		t.Fatal(err)
	}
	for s := bufio.NewScanner(strings.NewReader(string(out))); s.Scan(); {
		std[s.Text()] = true
	}
	seen := make(map[string]bool)
	for _, p := range packages(t) {
		rel := strings.TrimPrefix(p.ImportPath, module)
		l, name := layerOf(rel)
		seen[name] = true
		for _, imp := range p.Imports {
			own, isOwn := strings.CutPrefix(imp, module)
			switch {
			case std[imp]:
				if slices.Contains(pure, rel) && slices.Contains(impure, imp) {
					t.Errorf("%s imports %q: it is to be pure", rel, imp)
				}
			case name == "":
				// The transports belong to the engine; the launcher makes its segment.
				if isOwn && strings.HasPrefix(own, "internal/embedded") && rel != "internal/launch" && !strings.HasPrefix(rel, "internal/enginetest") {
					t.Errorf("%s imports %s: only internal/start and internal/launch do", rel, own)
				}
			case isOwn && !allowed(own, l.own), !isOwn && !allowed(imp, l.other):
				t.Errorf("%s imports %s: %s", rel, imp, l.forms)
			}
		}
	}
	for name := range layers {
		if !seen[name] {
			t.Errorf("no package is in layer %s any more", name)
		}
	}
}

// layerOf finds the layer of a package: its own entry, or that of the package
// above it, but for tests' helpers and opt-ins below mpi.
func layerOf(rel string) (layer, string) {
	if l, ok := layers[rel]; ok {
		return l, rel
	}
	return layer{}, ""
}

func allowed(imp string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool {
		return imp == p || strings.HasSuffix(p, "/") && strings.HasPrefix(imp, p)
	})
}

// Every package says what it is: a package comment, in doc.go where it has
// more than two files.
func TestPackagesSayWhatTheyAre(t *testing.T) {
	for _, p := range packages(t) {
		doc := ""
		for _, f := range p.GoFiles {
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, f), nil, parser.PackageClauseOnly|parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			if file.Doc != nil {
				doc = f
			}
		}
		rel := strings.TrimPrefix(p.ImportPath, module)
		switch {
		case len(p.GoFiles) == 0:
		case doc == "":
			t.Errorf("%s has no package comment", rel)
		case len(p.GoFiles) > 2 && doc != "doc.go" && p.Name != "main":
			t.Errorf("%s has its package comment in %s, not in doc.go", rel, doc)
		}
	}
}

// maxLines bounds a file: one concept each.
const maxLines = 700

func TestFilesAreShort(t *testing.T) {
	for _, p := range packages(t) {
		for _, f := range p.GoFiles {
			b, err := os.ReadFile(filepath.Join(p.Dir, f))
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(b), "\n"); n > maxLines && !strings.Contains(string(b[:200]), "DO NOT EDIT") {
				t.Errorf("%s/%s has %d lines: more than one concept?", strings.TrimPrefix(p.ImportPath, module), f, n)
			}
		}
	}
}

// Exported identifiers of the public packages are documented.
func TestExportedIsDocumented(t *testing.T) {
	for _, p := range packages(t) {
		rel := strings.TrimPrefix(p.ImportPath, module)
		if strings.HasPrefix(rel, "internal/") || p.Name == "main" {
			continue
		}
		for _, f := range p.GoFiles {
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, f), nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range file.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.IsExported() && fn.Doc == nil && exportedReceiver(fn) {
					t.Errorf("%s/%s: %s has no comment", rel, f, fn.Name.Name)
				}
			}
		}
	}
}

func exportedReceiver(fn *ast.FuncDecl) bool {
	if fn.Recv == nil {
		return true
	}
	typ := fn.Recv.List[0].Type
	for {
		switch x := typ.(type) {
		case *ast.StarExpr:
			typ = x.X
		case *ast.IndexExpr:
			typ = x.X
		case *ast.IndexListExpr:
			typ = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return true
		}
	}
}
