package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// exported returns what package mpi exports: functions, methods of its types as
// Type.Method, types, constants and variables. Methods that only make a type an
// error or a Stringer are left out.
func exported(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "mpi", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), f, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if name := funcName(d); name != "" {
					names[name] = true
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					switch s := s.(type) {
					case *ast.TypeSpec:
						if s.Name.IsExported() {
							names[s.Name.Name] = true
						}
					case *ast.ValueSpec:
						for _, n := range s.Names {
							if n.IsExported() {
								names[n.Name] = true
							}
						}
					}
				}
			}
		}
	}
	return names
}

func funcName(d *ast.FuncDecl) string {
	if !d.Name.IsExported() {
		return ""
	}
	if d.Recv == nil {
		return d.Name.Name
	}
	if slices.Contains([]string{"Error", "Is", "Unwrap", "String"}, d.Name.Name) {
		return ""
	}
	typ := d.Recv.List[0].Type
	if p, ok := typ.(*ast.StarExpr); ok {
		typ = p.X
	}
	if p, ok := typ.(*ast.IndexExpr); ok {
		typ = p.X
	}
	if id, ok := typ.(*ast.Ident); ok && id.IsExported() {
		return id.Name + "." + d.Name.Name
	}
	return ""
}

var quotedName = regexp.MustCompile("`([^`]+)`")

// The last column of names.md has every name that package mpi exports, and no
// other.
func TestNamesAreThoseOfThePackage(t *testing.T) {
	text, err := os.ReadFile("names.md")
	if err != nil {
		t.Fatal(err)
	}
	wanted := exported(t)
	if len(wanted) < 200 {
		t.Fatalf("only %d exported names were found", len(wanted))
	}
	found := map[string]bool{}
	calls := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) != 5 {
			continue
		}
		for _, m := range quotedName.FindAllStringSubmatch(cells[3], -1) {
			found[m[1]] = true
			if !wanted[m[1]] {
				t.Errorf("names.md has %s, which package mpi does not export", m[1])
			}
		}
		for _, m := range quotedName.FindAllStringSubmatch(cells[1], -1) {
			if calls[m[1]] {
				t.Errorf("names.md has %s twice", m[1])
			}
			calls[m[1]] = true
		}
	}
	for name := range wanted {
		if !found[name] {
			t.Errorf("%s, which package mpi exports, is not in names.md", name)
		}
	}
}
