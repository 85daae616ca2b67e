// Package docs_test keeps the chapters and the code together. Every chapter is
// a Markdown file in this folder, and its test runs what it shows: all blocks
// of a chapter in their order, in one empty folder, with ringo and mpiexec in
// PATH and the example programs in the folder bin.
//
//   - In a block ```console, a line that begins with "$ " is a command for sh
//     (a \ at its end goes on in the next line), which has to succeed, and the
//     lines below it are what it prints. Numbers are not compared, nor the
//     widths of tables; "..." stands for anything within a line, and alone on a
//     line for any lines.
//   - Any other block is text for the reader, unless a comment on the line
//     before it says more:
//
// The comments:
//
//	<!-- file: PATH -->         the block is this file of the repository
//	<!-- file: PATH#NAME -->    the block is the part between // region NAME and // endregion
//	<!-- part: PATH -->         the lines of the block follow each other in this file
//	<!-- write: NAME -->        the block is written to a file for the commands after it
//	<!-- shape -->              of the output, only the first word of each line is compared
//	<!-- exact -->              of the output, everything is compared, numbers too
//	<!-- any order -->          exact, but for the order of the lines: ranks print when they get there
//	<!-- fails -->              the commands fail
//	<!-- needs PROGRAM: … -->   only run where the program is installed, and then as the rest says
//	<!-- not run: REASON -->    the commands are not run
package docs_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

// block is a fenced block of a chapter.
type block struct {
	line      int // of its first line of text
	language  string
	directive string // the comment before it, without <!-- -->
	text      []string
}

func parse(text string) (blocks []block, err error) {
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		language, ok := strings.CutPrefix(lines[i], "```")
		if !ok {
			continue
		}
		b := block{line: i + 2, language: strings.TrimSpace(language)}
		if i > 0 {
			if d, ok := strings.CutPrefix(lines[i-1], "<!--"); ok {
				b.directive = strings.TrimSpace(strings.TrimSuffix(d, "-->"))
			}
		}
		for i++; ; i++ {
			if i == len(lines) {
				return nil, fmt.Errorf("line %d: the block has no end", b.line-1)
			}
			if lines[i] == "```" {
				break
			}
			b.text = append(b.text, lines[i])
		}
		blocks = append(blocks, b)
	}
	return blocks, nil
}

func TestChapters(t *testing.T) {
	chapters, err := filepath.Glob("*.md")
	if err != nil || len(chapters) == 0 {
		t.Fatal("there are no chapters: ", err)
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, chapter := range chapters {
		t.Run(chapter, func(t *testing.T) {
			text, err := os.ReadFile(chapter)
			if err != nil {
				t.Fatal(err)
			}
			blocks, err := parse(string(text))
			if err != nil {
				t.Fatalf("%s: %v", chapter, err)
			}
			var shell *shell
			for _, b := range blocks {
				kind, arg, _ := strings.Cut(b.directive, ":")
				arg = strings.TrimSpace(arg)
				if program, ok := strings.CutPrefix(kind, "needs "); ok {
					if !installed(t, program) {
						continue
					}
					kind, arg = arg, ""
				}
				switch {
				case kind == "file":
					checkFile(t, chapter, root, arg, b)
				case kind == "part":
					checkPart(t, chapter, root, arg, b)
				case kind == "write":
					if shell == nil {
						shell = newShell(t, root)
					}
					shell.write(arg, b.text)
				case kind == "not run" && arg != "" || b.language != "console" && b.directive == "":
				case b.language == "console" && slices.Contains([]string{"", "shape", "fails", "exact", "any order"}, kind):
					if runtime.GOOS != "linux" {
						t.Logf("LEFT OUT on %s: the commands at %s:%d", runtime.GOOS, chapter, b.line)
						continue
					}
					if shell == nil {
						shell = newShell(t, root)
					}
					if !shell.run(chapter, b, kind) {
						return
					}
				default:
					t.Errorf("%s:%d: unknown comment %q before a block %s", chapter, b.line-1, b.directive, b.language)
				}
			}
		})
	}
}

// installed tells whether a program that a chapter needs is there; if not, it
// says so, and the test fails when the tests with MPI libraries are required.
func installed(t *testing.T, program string) bool {
	t.Helper()
	if _, err := exec.LookPath(program); err == nil {
		return true
	}
	if os.Getenv("RINGO_TEST_NATIVE") == "required" {
		t.Errorf("RINGO_TEST_NATIVE=required, and %s is not installed", program)
	} else {
		fmt.Fprintf(os.Stderr, "left out: a command of %s: %s is not installed\n", t.Name(), program)
	}
	return false
}

// checkFile compares a block with a file of the repository or a region of one.
func checkFile(t *testing.T, chapter, root, name string, b block) {
	t.Helper()
	path, region, isRegion := strings.Cut(name, "#")
	data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path)))
	if err != nil {
		t.Errorf("%s:%d: %v", chapter, b.line, err)
		return
	}
	want := strings.Split(strings.TrimRight(string(data), "\n"), "\n")
	if isRegion {
		if want, err = regionOf(want, region); err != nil {
			t.Errorf("%s:%d: %s: %v", chapter, b.line, path, err)
			return
		}
	}
	if d := cmp.Diff(want, b.text); d != "" {
		t.Errorf("%s:%d: the block is not %s (-file +block):\n%s", chapter, b.line, name, d)
	}
}

// checkPart looks for a block in a file, however far it is indented there.
func checkPart(t *testing.T, chapter, root, name string, b block) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		t.Errorf("%s:%d: %v", chapter, b.line, err)
		return
	}
	lines := strings.Split(string(data), "\n")
	for i := 0; i+len(b.text) <= len(lines); i++ {
		if slices.Equal(dedent(lines[i:i+len(b.text)]), b.text) {
			return
		}
	}
	t.Errorf("%s:%d: the block is no part of %s", chapter, b.line, name)
}

// regionOf returns the lines between // region NAME and // endregion, moved to
// the left margin.
func regionOf(lines []string, name string) ([]string, error) {
	var out []string
	inside := false
	for _, line := range lines {
		switch text := strings.TrimSpace(line); {
		case text == "// region "+name:
			inside = true
		case inside && text == "// endregion":
			return dedent(out), nil
		case inside:
			out = append(out, line)
		}
	}
	return nil, fmt.Errorf("there is no region %q", name)
}

func dedent(lines []string) []string {
	margin := -1
	for _, line := range lines {
		if n := len(line) - len(strings.TrimLeft(line, "\t")); strings.TrimSpace(line) != "" && (margin < 0 || n < margin) {
			margin = n
		}
	}
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = line[min(max(margin, 0), len(line)):]
	}
	return out
}

// shell runs the commands of one chapter.
type shell struct {
	t   *testing.T
	dir string
	env []string
}

// tools are the commands of the repository, built once for all chapters: the
// folder has them in cmd, and them and the example programs in bin.
var tools = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "ringo-docs-")
	if err != nil {
		return "", err
	}
	for folder, packages := range map[string][]string{
		"cmd": {"./cmd/..."},
		"bin": {"./cmd/...", "./examples/..."},
	} {
		cmd := exec.Command("go", append([]string{"build", "-o", filepath.Join(dir, folder) + string(filepath.Separator)}, packages...)...)
		cmd.Dir = ".."
		if out, err := cmd.CombinedOutput(); err != nil {
			return dir, fmt.Errorf("go build: %w\n%s", err, out)
		}
	}
	return dir, nil
})

func TestMain(m *testing.M) {
	status := m.Run()
	if dir, _ := tools(); dir != "" {
		os.RemoveAll(dir)
	}
	os.Exit(status)
}

func newShell(t *testing.T, root string) *shell {
	t.Helper()
	dir, err := tools()
	if err != nil {
		t.Fatal(err)
	}
	s := &shell{t: t, dir: t.TempDir()}
	if err := os.Symlink(filepath.Join(dir, "bin"), filepath.Join(s.dir, "bin")); err != nil {
		t.Fatal(err)
	}
	// The chapters say go build github.com/…: a workspace makes that work
	// outside of the repository.
	work := filepath.Join(t.TempDir(), "go.work")
	if err := os.WriteFile(work, []byte("go 1.26.0\n\nuse "+root+"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "RINGO_") && !strings.HasPrefix(kv, "PATH=") && !strings.HasPrefix(kv, "GOWORK=") {
			s.env = append(s.env, kv)
		}
	}
	s.env = append(s.env, "PATH="+filepath.Join(dir, "cmd")+string(os.PathListSeparator)+os.Getenv("PATH"), "GOWORK="+work, "LC_ALL=C",
		// Open MPI wants to be asked twice when root runs it, or more ranks than cores.
		"OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1", "OMPI_MCA_rmaps_base_oversubscribe=1")
	return s
}

func (s *shell) write(name string, text []string) {
	s.t.Helper()
	path := filepath.Join(s.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Join(text, "\n")+"\n"), 0o777); err != nil {
		s.t.Fatal(err)
	}
}

// run runs the commands of a block. It returns false after a failure: the rest
// of the chapter builds on it.
func (s *shell) run(chapter string, b block, kind string) bool {
	s.t.Helper()
	for i := 0; i < len(b.text); {
		line := b.line + i
		command, ok := strings.CutPrefix(b.text[i], "$ ")
		if !ok {
			s.t.Errorf("%s:%d: want a command behind $, have %q", chapter, line, b.text[i])
			return false
		}
		for i++; strings.HasSuffix(command, "\\") && i < len(b.text); i++ {
			command += "\n" + b.text[i]
		}
		var want []string
		for ; i < len(b.text) && !strings.HasPrefix(b.text[i], "$ "); i++ {
			want = append(want, b.text[i])
		}
		ctx, cancel := s.untilDeadline()
		cmd := exec.CommandContext(ctx, "sh", "-c", command)
		cmd.Dir, cmd.Env = s.dir, s.env
		cmd.WaitDelay = time.Second
		out, err := cmd.CombinedOutput()
		over := err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded)
		cancel()
		if over {
			s.t.Errorf("%s:%d: $ %s\nhad not ended when the time of go test was nearly over: give it a longer -timeout, if the command does not hang\n%s", chapter, line, command, out)
			return false
		}
		if (err != nil) != (kind == "fails") {
			s.t.Errorf("%s:%d: $ %s\n%v\n%s", chapter, line, command, err, out)
			return false
		}
		got := strings.Split(string(bytes.TrimRight(out, "\n")), "\n")
		if len(got) == 1 && got[0] == "" {
			got = nil
		}
		if !matchLines(simplify(want, kind), simplify(got, kind)) {
			s.t.Errorf("%s:%d: $ %s\nprints\n%s\nbut the chapter says\n%s", chapter, line, command, out, strings.Join(want, "\n"))
			return false
		}
	}
	return true
}

// untilDeadline ends shortly before go test ends the tests, so that there is time
// to say which command it was. Nothing else puts a limit on a command.
func (s *shell) untilDeadline() (context.Context, context.CancelFunc) {
	if end, ok := s.t.Deadline(); ok {
		return context.WithDeadline(s.t.Context(), end.Add(-10*time.Second))
	}
	return context.WithCancel(s.t.Context())
}

var (
	numbers = regexp.MustCompile(`[0-9]+([.:][0-9]+)*([eE][+-]?[0-9]+)?`)
	times   = regexp.MustCompile(`0(ns|µs|ms|s|m|h)\b`)
	rules   = regexp.MustCompile(`-+`)
	spaces  = regexp.MustCompile(`[ \t]+`)
)

// simplify takes away what differs from run to run and machine to machine.
func simplify(lines []string, kind string) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		if kind == "exact" || kind == "any order" {
			out[i] = strings.TrimRight(line, " ")
			continue
		}
		if kind == "shape" && line != "..." {
			if f := strings.Fields(strings.TrimLeft(line, "| ")); len(f) > 0 {
				line = f[0]
			}
		}
		line = numbers.ReplaceAllString(line, "0")
		line = times.ReplaceAllString(line, "0s")
		line = rules.ReplaceAllString(line, "-")
		out[i] = strings.TrimSpace(spaces.ReplaceAllString(line, " "))
	}
	if kind == "any order" {
		slices.Sort(out)
	}
	return out
}

// matchLines compares lines; "..." in want stands for any lines.
func matchLines(want, got []string) bool {
	for len(want) > 0 {
		if want[0] == "..." {
			for i := 0; i <= len(got); i++ {
				if matchLines(want[1:], got[i:]) {
					return true
				}
			}
			return false
		}
		if len(got) == 0 || !matchLine(want[0], got[0]) {
			return false
		}
		want, got = want[1:], got[1:]
	}
	return len(got) == 0
}

func matchLine(want, got string) bool {
	parts := strings.Split(want, "...")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	ok, err := regexp.MatchString("^"+strings.Join(parts, ".*")+"$", got)
	return ok && err == nil
}

// The rules of the comparison, which decide what the chapters may leave open.
func TestComparison(t *testing.T) {
	for _, c := range []struct {
		want, got, kind string
		ok              bool
	}{
		{"a b", "a  b", "", true},
		{"a b", "a c", "", false},
		{"took 1.5 s", "took 12.25 s", "", true},
		{"| 1.5ms |", "|  12µs |", "", true},
		{"2026-01-31T12:00:00Z", "2027-11-20T10:18:17.123420268Z", "", true},
		{"+---+", "+-----+", "", true},
		{"a\n...\nz", "a\nb\nc\nz", "", true},
		{"a\n...", "a", "", true},
		{"a\n...\nz", "a\nb", "", false},
		{"name ... end", "name of red0 end", "", true},
		{"a", "a\nb", "", false},
		{"a\nb", "a", "", false},
		{"| cpu | AMD |", "| cpu   | Intel |", "shape", true},
		{"| cpu | AMD |", "| mem | AMD |", "shape", false},
		{"rank 1: 42", "rank 1: 42", "exact", true},
		{"rank 1: 42", "rank 1: 43", "exact", false},
		{"a\nb", "b\na", "exact", false},
		{"rank 1\nrank 0", "rank 0\nrank 1", "any order", true},
		{"rank 1\nrank 0", "rank 0\nrank 2", "any order", false},
	} {
		want, got := simplify(strings.Split(c.want, "\n"), c.kind), simplify(strings.Split(c.got, "\n"), c.kind)
		if matchLines(want, got) != c.ok {
			t.Errorf("%q against %q: want %v", c.want, c.got, c.ok)
		}
	}
}

func TestParse(t *testing.T) {
	blocks, err := parse("text\n```sh\nx\n```\n<!-- file: a#b -->\n```go\n\ny\n```\n")
	want := []block{{3, "sh", "", []string{"x"}}, {7, "go", "file: a#b", []string{"", "y"}}}
	if d := cmp.Diff(want, blocks, cmp.AllowUnexported(block{})); d != "" || err != nil {
		t.Errorf("%v %s", err, d)
	}
	if _, err := parse("```\nx"); err == nil {
		t.Error("a block without an end was accepted")
	}
	lines, err := regionOf(strings.Split("a\n\t// region r\n\tb\n\n\t\tc\n\t// endregion\nd", "\n"), "r")
	if d := cmp.Diff([]string{"b", "", "\tc"}, lines); d != "" || err != nil {
		t.Errorf("%v %s", err, d)
	}
}

var fenced = regexp.MustCompile("(?ms)^```.*?^```$")

var links = regexp.MustCompile(`\]\(([^)#:]*)(#[^)]*)?\)`)

// TestLinks follows every link within the repository, to the heading if it
// names one, and wants every chapter in the list of chapters.
func TestLinks(t *testing.T) {
	chapters, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, chapter := range chapters {
		text, err := os.ReadFile(chapter)
		if err != nil {
			t.Fatal(err)
		}
		prose := fenced.ReplaceAllString(string(text), "")
		for _, link := range links.FindAllStringSubmatch(prose, -1) {
			target, heading := link[1], strings.TrimPrefix(link[2], "#")
			if chapter == "README.md" {
				listed = append(listed, target)
			}
			if target == "" {
				target = chapter
			}
			if _, err := os.Stat(filepath.FromSlash(target)); err != nil {
				t.Errorf("%s: link to %s: %v", chapter, target, err)
				continue
			}
			if heading != "" && !slices.Contains(headings(t, target), heading) {
				t.Errorf("%s: %s has no heading for the link #%s", chapter, target, heading)
			}
		}
	}
	for _, chapter := range chapters {
		if chapter != "README.md" && !slices.Contains(listed, chapter) {
			t.Errorf("README.md does not list %s", chapter)
		}
	}
}

// headings returns the names that headings can be linked by: lower case, - for
// spaces, other punctuation left out.
func headings(t *testing.T, path string) (names []string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		title := strings.TrimLeft(line, "#")
		if title == line {
			continue
		}
		name := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, strings.TrimSpace(title))
		names = append(names, name)
	}
	return names
}
