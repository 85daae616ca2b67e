package lint_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
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

// standard returns the packages of the standard library.
func standard(t *testing.T) map[string]bool {
	t.Helper()
	out, err := exec.Command("go", "list", "std").Output()
	if err != nil {
		t.Fatal(err)
	}
	std := map[string]bool{}
	for _, name := range strings.Fields(string(out)) {
		std[name] = true
	}
	return std
}

// Every package says what it is: a package comment, in doc.go where it has
// more than two files. Who imports it is said in the table of layers alone.
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
				if strings.Contains(file.Doc.Text(), "may import it") {
					t.Errorf("%s/%s says who may import the package: the layers of internal/lint do", strings.TrimPrefix(p.ImportPath, module), f)
				}
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

// Exported identifiers of the public packages are documented: functions,
// methods, types, constants and variables, and the fields of what programs can
// import.
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
			for _, name := range undocumented(file) {
				if field := strings.Contains(name, "."); field && strings.Contains(rel, "/internal/") {
					continue
				}
				t.Errorf("%s/%s: %s has no comment", rel, f, name)
			}
		}
	}
}

// undocumented lists the exported identifiers of a file that have no comment. A
// comment on a group of constants or variables is one for each, as is one on the
// fields of a line.
func undocumented(file *ast.File) (names []string) {
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) {
				names = append(names, d.Name.Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					if s.Name.IsExported() && s.Doc == nil && s.Comment == nil && (d.Doc == nil || d.Lparen.IsValid()) {
						names = append(names, s.Name.Name)
					}
					if st, ok := s.Type.(*ast.StructType); ok && s.Name.IsExported() {
						for _, f := range st.Fields.List {
							for _, n := range f.Names {
								if n.IsExported() && f.Doc == nil && f.Comment == nil {
									names = append(names, s.Name.Name+"."+n.Name)
								}
							}
						}
					}
				case *ast.ValueSpec:
					for _, n := range s.Names {
						if n.IsExported() && s.Doc == nil && s.Comment == nil && d.Doc == nil {
							names = append(names, n.Name)
						}
					}
				}
			}
		}
	}
	return names
}

func TestUndocumented(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "x.go", `package x

func F()  {}
func f()  {}
// G has a comment.
func G()  {}
type T struct{}
func (T) M() {}
func (t *T) m() {}
type t struct{}
func (t) M() {}
type P[E any] struct{}
func (*P[E]) N() {}
// A group of types does not speak for each.
type (
	A int
	// B has a comment.
	B int
	C int // so has C
)
// S has a comment, which does not speak for its fields.
type S struct {
	T
	V, W int
	// X has a comment.
	X    int
	Y, Z int // so have Y and Z
	u    int
}
type s struct{ V int }
const D, e = 1, 2
// These have one comment.
const (
	H = 1
	I = 2
)
var (
	J = 1
	// K has a comment.
	K = 1
	L = 1 // so has L
)
`, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(undocumented(file), " "), "F T M P N A S.V S.W D J"; got != want {
		t.Errorf("without a comment are %s, want %s", got, want)
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
