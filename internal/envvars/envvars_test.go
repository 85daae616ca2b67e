package envvars

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// quoted is a variable in a string of Go, C or Python; bare is one in a script.
var (
	quoted = regexp.MustCompile(`["'](RINGO_[A-Z0-9_]*[A-Z0-9])(=[^"']*)?["']`)
	bare   = regexp.MustCompile(`\bRINGO_[A-Z0-9_]*[A-Z0-9]\b`)
)

// inCode returns the variables that the code names, each with a file.
func inCode(t *testing.T) map[string]string {
	t.Helper()
	root := filepath.Join("..", "..")
	found := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			if rel == "internal/envvars" || rel == "bench/results" || rel == ".git" {
				return fs.SkipDir
			}
			return nil
		}
		pattern := quoted
		switch filepath.Ext(path) {
		case ".go", ".c", ".h", ".py":
		case ".txt", ".txtar", "":
			if filepath.Ext(path) == "" && !strings.HasPrefix(rel, ".ci/") && !strings.HasPrefix(rel, "bench/") {
				return nil
			}
			pattern = bare
		default:
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range pattern.FindAllStringSubmatch(string(data), -1) {
			name := m[0]
			if len(m) > 1 {
				name = m[1]
			}
			found[name] = rel
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// Every variable that the code names is in the table, and the other way round.
func TestTableIsComplete(t *testing.T) {
	found := inCode(t)
	if len(found) < 20 {
		t.Fatalf("only %d variables were found in the code", len(found))
	}
	seen := map[string]bool{}
	for _, v := range Variables {
		if seen[v.Name] {
			t.Errorf("%s is there twice", v.Name)
		}
		seen[v.Name] = true
		if v.Meaning == "" {
			t.Errorf("%s has no meaning", v.Name)
		}
		if _, ok := found[v.Name]; !ok && strings.HasPrefix(v.Name, "RINGO_") {
			t.Errorf("%s is in the table, and nothing in the code names it", v.Name)
		}
	}
	for name, file := range found {
		if !seen[name] {
			t.Errorf("%s, in %s, is not in the table (internal/envvars/table.go)", name, file)
		}
	}
}

// The page holds the tables as they are made from the table.
func TestPage(t *testing.T) {
	const begin, end = "<!-- variables: begin -->\n\n", "\n<!-- variables: end -->"
	path := filepath.Join("..", "..", "docs", "environment.md")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(data), "\r\n", "\n")
	head, rest, ok := strings.Cut(text, begin)
	got, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has not both marks", path)
	}
	if got == Markdown() {
		return
	}
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(path, []byte(head+begin+Markdown()+end+tail), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("%s is not what internal/envvars/table.go says: UPDATE=1 go test ./internal/envvars", path)
}

func TestText(t *testing.T) {
	text := Text()
	for line := range strings.Lines(text) {
		if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > 80 {
			t.Errorf("a line has %d columns: %s", n, line)
		}
	}
	for _, name := range append(Settings(), "RINGO_RANK", "GOMAXPROCS") {
		if !strings.Contains(text, "\n  "+name+" ") {
			t.Errorf("%s is not in the text", name)
		}
	}
	if strings.Contains(text, "RINGO_TEST_") || strings.Contains(text, "`") {
		t.Errorf("the text is not for users:\n%s", text)
	}
	if !slices.Contains(Settings(), "RINGO_RANKS") || slices.Contains(Settings(), "RINGO_RANK") {
		t.Errorf("settings: %q", Settings())
	}
}
