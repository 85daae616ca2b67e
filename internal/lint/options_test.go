package lint_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What an option of mpiexec sets, something reads: a row of the table whose
// field is forgotten further on would be an option without effect.
func TestOptionsAreRead(t *testing.T) {
	for folder, types := range map[string][]string{
		"internal/launch/cli": {"config", "app", "environ"},
		"internal/launch":     {"Job", "App", "command"},
	} {
		names, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
		if err != nil || names == nil {
			t.Fatalf("%s: no files (%v)", folder, err)
		}
		var files []*ast.File
		for _, name := range names {
			if !strings.HasSuffix(name, "_test.go") {
				files = append(files, parse(t, name))
			}
		}
		for _, typ := range types {
			fields, unread := unreadFields(files, typ)
			if fields == 0 {
				t.Errorf("%s: type %s has no fields", folder, typ)
			}
			for _, name := range unread {
				t.Errorf("%s: nothing reads the field %s of type %s", folder, name, typ)
			}
		}
	}
}

// unreadFields counts the fields of a type and lists those that the files only
// assign to. A field counts as read if one of its name is, whatever its type.
func unreadFields(files []*ast.File, typ string) (fields int, unread []string) {
	var names []string
	read := map[string]bool{}
	for _, f := range files {
		set := map[ast.Node]bool{} // selectors that are assigned to
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.TypeSpec:
				if st, ok := n.Type.(*ast.StructType); ok && n.Name.Name == typ {
					for _, f := range st.Fields.List {
						for _, name := range f.Names {
							names = append(names, name.Name)
						}
					}
				}
			case *ast.AssignStmt:
				if n.Tok == token.ASSIGN {
					for _, x := range n.Lhs {
						set[x] = true
					}
				}
			case *ast.SelectorExpr:
				if !set[n] {
					read[n.Sel.Name] = true
				}
			}
			return true
		})
	}
	return len(names), slices.DeleteFunc(slices.Clone(names), func(s string) bool { return read[s] })
}

func TestUnreadFields(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "x.go", `package x

type config struct {
	a, b int
	c    []int
	d    struct{ e int }
}

func f(x *config) int {
	x.b = 1
	x.b, x.c = 2, nil
	x.d.e = 3
	return x.a
}
`, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	fields, unread := unreadFields([]*ast.File{file}, "config")
	if want := "b c"; fields != 4 || strings.Join(unread, " ") != want {
		t.Errorf("%d fields, nothing reads %v, want %s", fields, unread, want)
	}
}
