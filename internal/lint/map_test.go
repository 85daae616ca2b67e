package lint_test

import (
	"go/ast"
	"go/doc"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// screen is the number of lines of a map that is seen at once.
const screen = 45

// The comment of package mpi begins with a map of the package that fits on a
// screen, and what the comment links to exists.
func TestPackageBeginsWithAMap(t *testing.T) {
	fset := token.NewFileSet()
	var files []*ast.File
	for _, p := range packages(t) {
		if p.ImportPath != module+"mpi" {
			continue
		}
		for _, f := range p.GoFiles {
			file, err := parser.ParseFile(fset, filepath.Join(p.Dir, f), nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, file)
		}
	}
	p, err := doc.NewFromFiles(fset, files, module+"mpi")
	if err != nil {
		t.Fatal(err)
	}
	begin, dead := readDoc(p.Parser(), p.Doc)
	if n := strings.Count(begin, "\n") + 2; n > screen { // go doc adds two
		t.Errorf("the map of package mpi has %d lines, more than the %d of a screen:\n%s", n, screen, begin)
	}
	for _, name := range []string{"Send", "Gather", "Request", "Comm.Split"} {
		if !strings.Contains(begin, name) {
			t.Errorf("the map of package mpi has no %s:\n%s", name, begin)
		}
	}
	for _, link := range dead {
		t.Errorf("the comment of package mpi links to %s, which does not exist", link)
	}
}

// link is a link to an identifier as it is written.
var link = regexp.MustCompile(`\[\*?[A-Z][A-Za-z]*(\.[A-Z][A-Za-z]*)?\]`)

// readDoc returns the text of a comment up to its first heading and the links
// that lead nowhere, which the parser leaves as they are written.
func readDoc(p *comment.Parser, text string) (begin string, dead []string) {
	d := p.Parse(text)
	for i, b := range d.Content {
		if _, ok := b.(*comment.Heading); ok {
			begin = string((&comment.Printer{TextWidth: 80}).Text(&comment.Doc{Content: d.Content[:i]}))
			break
		}
	}
	return begin, link.FindAllString(string((&comment.Printer{}).Text(d)), -1)
}

func TestReadDoc(t *testing.T) {
	p := &comment.Parser{LookupSym: func(recv, name string) bool { return recv+name == "Send" || recv+name == "CommFree" }}
	begin, dead := readDoc(p, "A map of [Send] and [Comm.Free].\n\n  - [Comm.Sent]\n\n# More\n\nSee [Sent] of [Send] and [*Gone].\n")
	if want := "A map of Send and Comm.Free.\n\n  - [Comm.Sent]\n"; begin != want {
		t.Errorf("the text begins with %q, want %q", begin, want)
	}
	if want := "[Comm.Sent] [Sent] [*Gone]"; strings.Join(dead, " ") != want {
		t.Errorf("dead links %v, want %s", dead, want)
	}
}
