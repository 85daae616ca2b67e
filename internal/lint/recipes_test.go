package lint_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// bullet is an item of a recipe: the path of a file, then what to do there.
var bullet = regexp.MustCompile("^- `([^`]+)`: [^ ]")

// The recipes of ARCHITECTURE.md name files that are there. A recipe is a
// heading and its list.
func TestRecipes(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	recipes, problems := checkRecipes(string(text))
	if recipes < 2 {
		t.Errorf("ARCHITECTURE.md has %d recipes", recipes)
	}
	for _, p := range problems {
		t.Error(p)
	}
}

// checkRecipes counts the recipes of a text and says what is wrong with them.
func checkRecipes(text string) (recipes int, problems []string) {
	_, section, found := strings.Cut(text, "\n## Recipes\n")
	if !found {
		return 0, []string{"there is no section Recipes"}
	}
	section, _, _ = strings.Cut(section, "\n## ")
	for _, recipe := range strings.Split(section, "\n### ")[1:] {
		recipes++
		name, list, _ := strings.Cut(recipe, "\n")
		files := 0
		for line := range strings.Lines(list) {
			if !strings.HasPrefix(line, "- ") {
				continue
			}
			m := bullet.FindStringSubmatch(line)
			if m == nil {
				problems = append(problems, name+": not a path in backticks, a colon and what to do there: "+strings.TrimSpace(line))
				continue
			}
			files++
			if _, err := os.Stat(filepath.Join(root, m[1])); err != nil {
				problems = append(problems, name+": there is no "+m[1])
			}
		}
		if files == 0 {
			problems = append(problems, name+": no files")
		}
	}
	return recipes, problems
}

// ARCHITECTURE.md explains at most so many words.
const maxWords = 20

func TestWordsAreFew(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Words\n")
	section, _, _ = strings.Cut(section, "\n## ")
	if n := strings.Count(section, "\n- **"); n == 0 || n > maxWords {
		t.Errorf("the section Words of ARCHITECTURE.md explains %d words, want 1 to %d", n, maxWords)
	}
}

func TestCheckRecipes(t *testing.T) {
	for text, want := range map[string]string{
		"\n## Decisions\n": "there is no section Recipes",
		"\n## Recipes\n\n### Add a room\n\n- `mpi/doc.go`: a word\n\n## Decisions\n\n- `nowhere`: nothing\n": "",
		"\n## Recipes\n\n### Add a room\n\n- `mpi/nowhere.go`: a word\n":                                     "Add a room: there is no mpi/nowhere.go",
		"\n## Recipes\n\n### Add a room\n\n- the doc.go of the room\n- `go.mod`: a line\n":                   "Add a room: not a path in backticks, a colon and what to do there: - the doc.go of the room",
		"\n## Recipes\n\n### Add a room\n\nSomehow.\n":                                                       "Add a room: no files",
	} {
		if _, problems := checkRecipes(text); strings.Join(problems, "; ") != want {
			t.Errorf("%q: %q, want %q", text, problems, want)
		}
	}
}
