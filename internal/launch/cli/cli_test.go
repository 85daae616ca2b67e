package cli

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringo-mpi/ringo/internal/launch"
)

// TestTable: the table makes sense, and everything in it that is explained is
// in the help and in all completions.
func TestTable(t *testing.T) {
	seen := map[string]bool{}
	var help, bash, zsh, fish bytes.Buffer
	if err := printHelp(&help); err != nil {
		t.Fatal(err)
	}
	for shell, b := range map[string]*bytes.Buffer{"bash": &bash, "zsh": &zsh, "fish": &fish} {
		if err := printCompletion(b, shell); err != nil {
			t.Fatal(err)
		}
	}
	for _, o := range options {
		if !slices.Contains(groups, o.group) || o.apply == nil || o.count() > 2 && o.names[0] != "pmi_args" {
			t.Errorf("option %v: group %q, %d values", o.names, o.group, o.count())
		}
		for _, n := range o.names {
			if seen[n] {
				t.Errorf("-%s is there twice", n)
			}
			seen[n] = true
			if o.help == "" || n == "?" {
				continue
			}
			for name, b := range map[string]*bytes.Buffer{"the help": &help, "bash's completion": &bash, "zsh's completion": &zsh} {
				if !strings.Contains(b.String(), dashed(n)) {
					t.Errorf("%s is not in %s", dashed(n), name)
				}
			}
			if !strings.Contains(fish.String(), "-o "+n+" ") {
				t.Errorf("%s is not in fish's completion", n)
			}
		}
	}
	for line := range strings.Lines(help.String()) {
		if n := len([]rune(strings.TrimRight(line, "\n"))); n > 80 {
			t.Errorf("a line of the help has %d columns: %s", n, line)
		}
	}
}

// TestDashes: every long name may have one dash or two, and "=" for a value.
func TestDashes(t *testing.T) {
	for _, words := range []string{"-timeout 5 p", "--timeout 5 p", "-timeout=5 p", "--timeout=5 p", "--timeout=5s p", "-timeout 5000ms p"} {
		cfg, err := parse(strings.Fields(words))
		if err != nil || cfg.timeout != 5*time.Second || len(cfg.apps) != 1 || cfg.apps[0].argv[0] != "p" {
			t.Errorf("%s: %+v, %v", words, cfg, err)
		}
	}
	cfg, err := parse([]string{"-x", "A=b=c", "--x=D=", "-n=3", "-", "-n", "9"})
	if err != nil || cfg.apps[0].ranks != 3 || !slices.Equal(cfg.apps[0].argv, []string{"-", "-n", "9"}) || !slices.Equal(cfg.apps[0].env.sets, []string{"A=b=c", "D="}) {
		t.Errorf("%+v, %v", cfg.apps[0], err)
	}
}

func TestEnvironment(t *testing.T) {
	own := []string{"A=1", "B=2", "C=x=y", "BB=3"}
	for _, tt := range []struct {
		all, one environ
		want     string
	}{
		{environ{}, environ{}, "A=1 B=2 C=x=y BB=3"},
		{environ{mode: envNone}, environ{}, ""},
		{environ{mode: envNone}, environ{mode: envAll}, "A=1 B=2 C=x=y BB=3"},
		{environ{mode: envList, list: []string{"B", "Z"}}, environ{}, "B=2"},
		{environ{mode: envList, list: []string{"B"}}, environ{mode: envList, list: []string{"A"}}, "A=1"},
		{environ{mode: envNone, extra: []string{"BB"}}, environ{extra: []string{"C"}}, "C=x=y BB=3"},
		{environ{sets: []string{"B=7", "N=8"}}, environ{sets: []string{"N=9"}}, "A=1 C=x=y BB=3 B=7 N=9"},
		{environ{mode: envNone, sets: []string{"A=7"}}, environ{}, "A=7"},
	} {
		got := environment(own, tt.all, tt.one)
		if strings.Join(got, " ") != tt.want || got == nil {
			t.Errorf("%+v %+v: %q, want %q", tt.all, tt.one, got, tt.want)
		}
	}
	if own[1] != "B=2" || len(own) != 4 {
		t.Errorf("the original was changed: %q", own)
	}
}

func TestSplitLines(t *testing.T) {
	for _, tt := range []struct {
		text string
		want string // words separated by |, lines by ;, each with its number
	}{
		{"", ""},
		{"a b\nc", "1:a|b;2:c"},
		{"  a\t b  \r\n\n# c\n d # e\n f#g", "1:a|b;4:d;5:f#g"},
		{"a \\\nb\nc", "1:a|b;3:c"},
		{"a\\\nb", "1:ab"},
		{`a\ b "c d" 'e f'`, "1:a b|c d|e f"},
		{`"a\"b" "a\b" 'a\b' a\'b`, `1:a"b|a\b|a\b|a'b`},
		{`'' x""`, "1:|x"},
		{"'a\nb' c\nd", "1:a\nb|c;3:d"},
		{`a\`, `1:a\`},
	} {
		lines, err := splitLines(tt.text)
		var got []string
		for _, l := range lines {
			got = append(got, string(rune('0'+l.number))+":"+strings.Join(l.words, "|"))
		}
		if g := strings.Join(got, ";"); g != tt.want || err != nil {
			t.Errorf("%q: %q %v, want %q", tt.text, g, err, tt.want)
		}
	}
	for _, bad := range []string{`"a`, `'a`, "a\n'b\nc", `"a\"`} {
		if lines, err := splitLines(bad); err == nil {
			t.Errorf("%q gave %v", bad, lines)
		}
	}
}

func TestIsLocal(t *testing.T) {
	own, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	short, _, _ := strings.Cut(own, ".")
	for _, name := range []string{"localhost", "LOCALHOST.", "127.0.0.1", "127.1.2.3", "::1", own, strings.ToUpper(short), short + "."} {
		if !isLocal(name) {
			t.Errorf("%s is not taken for this machine", name)
		}
	}
	for _, name := range []string{"example.org", "10.0.0.1", own + "x", "x" + own, ""} {
		if isLocal(name) {
			t.Errorf("%q is taken for this machine", name)
		}
	}
}

func onH(int) located { return located{name: "h"} }

func TestPatterns(t *testing.T) {
	if got := string(expand(nil, "a%r-%h-%g%p-%t%%", 12, located{"node", 3}, time.Now().Add(-2500*time.Millisecond))); got != "a12-node-03-2%" {
		t.Error(got)
	}
	for _, bad := range []string{"%", "a%", "%q", "%%%"} {
		if checkPattern(bad) == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
	c := &config{outputDir: "D"}
	for n, want := range map[int]string{1: "D/1/rank.0/stdout", 10: "D/1/rank.0/stdout", 11: "D/1/rank.00/stdout", 1000: "D/1/rank.000/stdout"} {
		if got, _ := c.files(onH, n, time.Now())(0); got != want {
			t.Errorf("%d ranks: %s, want %s", n, got, want)
		}
	}
	if (&config{}).labels(onH, time.Now()) != nil || (&config{}).files(onH, 1, time.Now()) != nil {
		t.Error("labels or files that nobody asked for")
	}
	l := (&config{label: labelTag}).labels(onH, time.Now())
	if got := string(l(nil, 3, launch.Stderr)); got != "[1,3]<stderr>:" {
		t.Error(got)
	}
}

func TestSuggestions(t *testing.T) {
	for name, want := range map[string]string{
		"timeuot": "timeout", "bindto": "bind-to", "machine-file": "machinefile", "n4": "-n 4", "np16": "-np 16",
		"zzzzzz": "", "report-binding": "report-bindings",
	} {
		got := suggestion(name)
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"-n 2 p", "-x A=b -genv C d p : -n 3 q r", "-host localhost:2 p", "--timeout=5 -bind-to core p", "-n", "-- p", ": :"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		args := strings.Split(line, " ")
		for _, a := range args { // these would read files
			for _, name := range []string{"configfile", "app", "hostfile", "machinefile", "f", "default-hostfile"} {
				if strings.HasPrefix(strings.TrimLeft(a, "-"), name) {
					t.Skip()
				}
			}
		}
		cfg, err := parse(args)
		switch {
		case somethingElse(err):
		case err != nil:
			var u *usageError
			if !errors.As(err, &u) {
				t.Fatalf("%q: %T %v", line, err, err)
			}
		case len(cfg.apps) == 0:
			t.Fatalf("%q: no program and no error", line)
		default:
			for _, a := range cfg.apps {
				if len(a.argv) == 0 || a.ranks < 0 || a.ranks > maxRanks {
					t.Fatalf("%q: %+v", line, a)
				}
			}
		}
	})
}

func FuzzSplitLines(f *testing.F) {
	for _, s := range []string{"-n 2 a\n-n 3 b 'c d' \\\n e # f\n", `"a\"b" '' x\`, "\r\n#"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		lines, err := splitLines(text)
		if err != nil {
			return
		}
		last := 0
		for _, l := range lines {
			if len(l.words) == 0 || l.number <= last || l.number > strings.Count(text, "\n")+1 {
				t.Fatalf("%q: %v", text, lines)
			}
			last = l.number
		}
	})
}

// TestResolve: programs are found where they run, then here.
func TestResolve(t *testing.T) {
	here := t.TempDir()
	t.Chdir(here)
	write := func(name string, mode os.FileMode) string {
		t.Helper()
		path := filepath.Join(here, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	inWork, only, inPath, inDir := write("work/prog", 0o755), write("only", 0o755), write("bin/tool", 0o755), write("more/tool", 0o755)
	write("prog", 0o755)
	write("bin/data", 0o644)
	t.Setenv("PATH", filepath.Join(here, "bin"))
	b := &builder{}
	work := filepath.Join(here, "work")
	for _, tt := range []struct{ word, dir, search, want string }{
		{"./prog", work, "", inWork}, {"./only", work, "", only}, {only, work, "", only},
		{"tool", "", "", inPath}, {"tool", "", filepath.Join(here, "more"), inDir}, {"tool", here, "more", inDir},
		{"bin/tool", "", "", inPath},
	} {
		if got, err := b.resolve(tt.word, tt.dir, tt.search); err != nil || !sameFile(got, tt.want) {
			t.Errorf("%+v: %s, %v", tt, got, err)
		}
	}
	for word, want := range map[string]string{
		"data": "the file in PATH is not executable", "only": "write ./only", "work": "a folder of this name", "./work": "without Go files", "./none": "no such file",
	} {
		if got, err := b.resolve(word, "", ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %s, %v, want %q", word, got, err, want)
		}
	}
}

func sameFile(a, b string) bool {
	x, err1 := os.Stat(a)
	y, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}
