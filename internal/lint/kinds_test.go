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

const root = "../.."

// duty is a place that has to deal with every constant of a list. A constant
// that is added at the end is found missing there.
type duty struct {
	files string   // below the root, without tests unless it says so
	funcs []string // of the files; all of them if there are none
	pkg   string   // that the names are of; "": any, or a method
	name  func(constant string) string
	as    string // what the names are there
}

// selector is what the place has to use for a constant.
func (d duty) selector(constant string) string {
	if d.pkg == "" {
		return d.name(constant)
	}
	return d.pkg + "." + d.name(constant)
}

// place is where.
func (d duty) place() string {
	if d.funcs == nil {
		return d.files
	}
	return d.files + ", in " + strings.Join(d.funcs, " or ")
}

func same(s string) string { return s }

// nonblocking is the name of the nonblocking function: Ibcast of Bcast.
func nonblocking(s string) string { return "I" + string(s[0]|0x20) + s[1:] }

// Tables over all kinds are checked by the compiler, where they are declared.
var collectiveDuties = []duty{
	{"internal/embedded/board/board.go", []string{"run"}, "engine", same, "the case of the own engine's board"},
	{"internal/embedded/coll/build.go", []string{"layOut"}, "engine", same, "the case of the own engine's schedules"},
	{"internal/native/coll.go", []string{"collective", "reduction"}, "engine", same, "the case of the native engine"},
	{"internal/native/cases_coll_test.go", nil, "engine", same, "a test on an MPI library"},
	{"mpi/*.go", nil, "engine", same, "the builder"},
	{"mpi/fakecoll_test.go", nil, "engine", same, "the definition for the tests of package mpi"},
	{"internal/enginetest/*.go", nil, "", same, "a case of the blocking function"},
	{"internal/enginetest/*.go", nil, "", nonblocking, "a case of the nonblocking function"},
}

var reductionDuties = []duty{
	{"internal/kernel/*.go", nil, "engine", same, "the loop"},
	{"internal/native/cases_coll_test.go", nil, "engine", same, "a test on an MPI library"},
	{"mpi/op.go", nil, "engine", same, "the variable that programs use"},
	{"internal/enginetest/kinds.go", nil, "mpi", func(s string) string { return s[len("Op"):] }, "the definition for the conformance suite"},
}

func TestEveryCollectiveIsHandled(t *testing.T) {
	handled(t, collectiveDuties, constants(t, "internal/engine/coll.go", "CollKind", "NumColls"), "Nothing")
}

func TestEveryReductionIsHandled(t *testing.T) {
	ops := constants(t, "internal/engine/op.go", "OpCode", "NumOps")
	ops = slices.DeleteFunc(ops, func(s string) bool { return s == "OpUser" })
	handled(t, reductionDuties, ops, "OpNothing")
}

// handled says which constants are to be added where. In a place that has all of
// them it checks that it would miss one: nothing, which is no constant.
func handled(t *testing.T, duties []duty, constants []string, nothing string) {
	t.Helper()
	for _, d := range duties {
		used, complete := d.used(t), true
		for _, c := range constants {
			if !used[d.name(c)] {
				complete = false
				t.Errorf("add %s to %s: %s", d.selector(c), d.place(), d.as)
			}
		}
		if complete && used[d.name(nothing)] {
			t.Errorf("%s has %s, which does not exist: this test sees nothing there", d.place(), d.selector(nothing))
		}
	}
}

// used are the names that the place selects.
func (d duty) used(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, d.files))
	if err != nil || files == nil {
		t.Fatalf("%s: no such file (%v)", d.files, err)
	}
	used := map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") && !strings.HasSuffix(d.files, "_test.go") {
			continue
		}
		for _, decl := range parse(t, name).Decls {
			if fn, ok := decl.(*ast.FuncDecl); d.funcs != nil && (!ok || !slices.Contains(d.funcs, fn.Name.Name)) {
				continue
			}
			ast.Inspect(decl, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok {
					if x, ok := s.X.(*ast.Ident); d.pkg == "" || ok && x.Name == d.pkg {
						used[s.Sel.Name] = true
					}
				}
				return true
			})
		}
	}
	return used
}

// constants are the names of the constants of a type that end with last, which
// is their number.
func constants(t *testing.T, file, typ, last string) (names []string) {
	t.Helper()
	for _, decl := range parse(t, filepath.Join(root, file)).Decls {
		d, ok := decl.(*ast.GenDecl)
		if !ok || d.Tok != token.CONST {
			continue
		}
		if x, ok := d.Specs[0].(*ast.ValueSpec).Type.(*ast.Ident); !ok || x.Name != typ {
			continue
		}
		for _, s := range d.Specs {
			names = append(names, s.(*ast.ValueSpec).Names[0].Name)
		}
	}
	if len(names) < 2 || names[len(names)-1] != last {
		t.Fatalf("%s: the constants of type %s do not end with %s", file, typ, last)
	}
	return names[:len(names)-1]
}

func parse(t *testing.T, name string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
