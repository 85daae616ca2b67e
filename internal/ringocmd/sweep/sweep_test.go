package sweep

import (
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ringo-mpi/ringo/internal/csvline"
)

func TestParseValues(t *testing.T) {
	for text, want := range map[string]string{
		"5":                                 "5",
		"blue, grey":                        "blue grey",
		"0:3":                               "0 1 2 3",
		"3:0:-1":                            "3 2 1 0",
		"0:1:0.25":                          "0 0.25 0.5 0.75 1",
		"0:1:0.1":                           "0 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 1",
		"0:1:0.3":                           "0 0.3 0.6 0.9",
		"-1:1:.5":                           "-1 -0.5 0 0.5 1",
		"1e3:2e3:5e2":                       "1000 1500 2000",
		"1e-3:3e-3:1e-3":                    "0.001 0.002 0.003",
		"7:7":                               "7",
		"7:7:-1":                            "7",
		"1:16:*2,100":                       "1 2 4 8 16 100",
		"1:100:*10":                         "1 10 100",
		"100:1:*0.1":                        "100 10 1",
		"1:0.1:*.5":                         "1 0.5 0.25 0.125",
		"3:3:*2":                            "3",
		"x,1:2,-":                           "x 1 2 -",
		"+1:2":                              "1 2",
		"9007199254740993:9007199254740994": "9007199254740993 9007199254740994",
	} {
		got, err := ParseValues(text)
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s: %v, %v; want %s", text, got, err, want)
		}
	}
}

func TestParseValuesErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                "there are no values",
		"  ":              "there are no values",
		"1,,2":            "has an empty value",
		"1,":              "has an empty value",
		"1:x":             `"1:x" is not a range`,
		":":               "is not a range",
		"a:b":             "is not a range",
		"1:2:3:4":         "is not a range",
		"1:2:":            "is not a range",
		"1:2:*":           "is not a range",
		"1/2:3":           "is not a range",
		"0x1:3":           "is not a range",
		"1:inf":           "is not a range",
		"1:1e999":         "is not a range",
		"1:2:0":           "the step of \"1:2:0\" is 0",
		"2:1":             "its step leads away from its end",
		"1:2:-1":          "its step leads away from its end",
		"0:1e9":           "more than 100000 values",
		"1:99999,0:99999": "more than 100000 values",
		"0:8:*2":          "needs positive numbers",
		"1:8:*1":          "a factor other than 1",
		"1:8:*-2":         "needs positive numbers",
		"8:1:*2":          "leads away",
		"1:8:*0.5":        "leads away",
		"1:1e50:*1.0001":  "too many values",
		"1,2,1":           `the value "1" is given twice`,
		"1:3,2":           `the value "2" is given twice`,
	} {
		got, err := ParseValues(text)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %.40v, %v; want %s", text, got, err, want)
		}
	}
}

// A range with integer bounds has the values a loop would give.
func TestIntegerRanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from, n := rapid.IntRange(-1000, 1000).Draw(t, "from"), rapid.IntRange(0, 50).Draw(t, "n")
		step := rapid.OneOf(rapid.IntRange(-20, -1), rapid.IntRange(1, 20)).Draw(t, "step")
		rest := rapid.IntRange(0, max(step, -step)-1).Draw(t, "rest")
		if step < 0 {
			rest = -rest
		}
		var want []string
		for i := range n + 1 {
			want = append(want, fmt.Sprint(from+i*step))
		}
		got, err := ParseValues(fmt.Sprintf("%d:%d:%d", from, from+n*step+rest, step))
		if err != nil || !cmp.Equal(got, want) {
			t.Fatalf("%v, %v; want %v", got, err, want)
		}
	})
}

func FuzzParseValues(f *testing.F) {
	for _, s := range []string{"0:10:2", "1:1024:*2", "a,b", "1e-9:1e9", "-:-", "0:1:0.1,5"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		values, err := ParseValues(text)
		if err != nil {
			return
		}
		if len(values) == 0 || len(values) > maxPoints+1 {
			t.Errorf("%d values", len(values))
		}
		if from, ok := number(strings.Split(text, ":")[0]); ok && strings.Contains(text, ":") {
			first, ok := new(big.Rat).SetString(values[0])
			if !ok || first.Cmp(from) != 0 {
				t.Errorf("%q begins with %s", text, values[0])
			}
		}
	})
}

// plan makes a finished plan in a folder of its own.
func plan(t *testing.T, p Plan) *Plan {
	t.Helper()
	if p.Dir == "" {
		p.Dir = t.TempDir()
	}
	p.Repeat, p.Jobs = max(p.Repeat, 1), max(p.Jobs, 1)
	if err := p.finish(); err != nil {
		t.Fatal(err)
	}
	return &p
}

func TestPointsAndCommands(t *testing.T) {
	p := plan(t, Plan{Command: []string{"./f.py", "--x={x}", "{y}{x}", "{{z}}", "{}"}, Params: []Param{{"x", []string{"1", "{y}"}}, {"y", []string{"a b", "c"}}}, Repeat: 2})
	var got []string
	for _, pt := range p.Points() {
		got = append(got, pt.String()+": "+shellQuote(pt.Args())+": "+pt.FileName()+": "+pt.Tags())
	}
	want := []string{
		`x=1 y=a b run=1: ./f.py --x=1 'a b1' '{z}' '{}': f-x=1-y=a%20b-run=1: x=1;y=a b;run=1`,
		`x=1 y=a b run=2: ./f.py --x=1 'a b1' '{z}' '{}': f-x=1-y=a%20b-run=2: x=1;y=a b;run=2`,
		`x=1 y=c run=1: ./f.py --x=1 c1 '{z}' '{}': f-x=1-y=c-run=1: x=1;y=c;run=1`,
		`x=1 y=c run=2: ./f.py --x=1 c1 '{z}' '{}': f-x=1-y=c-run=2: x=1;y=c;run=2`,
		`x={y} y=a b run=1: ./f.py '--x={y}' 'a b{y}' '{z}' '{}': f-x=%7by%7d-y=a%20b-run=1: x={y};y=a b;run=1`,
		`x={y} y=a b run=2: ./f.py '--x={y}' 'a b{y}' '{z}' '{}': f-x=%7by%7d-y=a%20b-run=2: x={y};y=a b;run=2`,
		`x={y} y=c run=1: ./f.py '--x={y}' 'c{y}' '{z}' '{}': f-x=%7by%7d-y=c-run=1: x={y};y=c;run=1`,
		`x={y} y=c run=2: ./f.py '--x={y}' 'c{y}' '{z}' '{}': f-x=%7by%7d-y=c-run=2: x={y};y=c;run=2`,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestParametersBecomeOptions(t *testing.T) {
	p := plan(t, Plan{Command: []string{"f"}, Params: []Param{{"x", []string{"1"}}, {"max-iter", []string{"2"}}}})
	if got := shellQuote(p.Points()[0].Args()); got != "f --x 1 --max-iter 2" {
		t.Error(got)
	}
	if got := plan(t, Plan{Command: []string{"f"}}).Points(); len(got) != 1 || got[0].String() != "f" || got[0].FileName() != "f" {
		t.Errorf("%v", got)
	}
}

func TestPlanErrors(t *testing.T) {
	x := []Param{{"x", []string{"1"}}}
	many := make([]string, 1000)
	cases := []struct {
		plan Plan
		want string
	}{
		{Plan{}, "there is no command to run"},
		{Plan{Command: []string{""}}, "there is no command to run"},
		{Plan{Command: []string{"f"}, Name: "a/b"}, "cannot start the name of a file"},
		{Plan{Command: []string{"f"}, Name: ".a"}, "cannot start the name of a file"},
		{Plan{Command: []string{"f"}, Repeat: -1}, "the number of repeats, -1, is not between 1 and"},
		{Plan{Command: []string{"f"}, Jobs: -1}, "the number of jobs, -1, is below 1"},
		{Plan{Command: []string{"f"}, Timeout: -1}, "is negative"},
		{Plan{Command: []string{"f"}, Params: []Param{{"1x", nil}}}, "cannot be the name of a parameter"},
		{Plan{Command: []string{"f"}, Params: []Param{{"", nil}}}, "cannot be the name of a parameter"},
		{Plan{Command: []string{"f"}, Params: append(x, x...)}, `the parameter "x" is given twice`},
		{Plan{Command: []string{"f"}, Params: []Param{{"run", []string{"1"}}}, Repeat: 2}, `the parameter "run" is made by repeating`},
		{Plan{Command: []string{"f", "{x}"}, Params: []Param{{"x", []string{"1"}}, {"y", []string{"1"}}}}, `the command does not use the parameter "y"`},
		{Plan{Command: []string{"f"}, Params: []Param{{"x", many}, {"y", many}}}, "more than 100000 points"},
	}
	for _, c := range cases {
		if c.plan.Repeat == 0 {
			c.plan.Repeat = 1
		}
		if c.plan.Jobs == 0 {
			c.plan.Jobs = 1
		}
		if err := c.plan.finish(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %s", err, c.want)
		}
	}
}

// Different points have different log names, whatever their values are, also
// where a file system ignores case, and the names are short enough for any.
func TestFileNamesAreDistinct(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(rapid.StringMatching(`[aAbB=%/ -]{0,5}`), rapid.String(), rapid.StringN(100, 120, -1))
		values := func(label string) []string {
			return rapid.SliceOfNDistinct(value, 1, 4, rapid.ID[string]).Draw(t, label)
		}
		p := Plan{Name: "f", Command: []string{"f"}, Params: []Param{{"x", values("x")}, {"y", values("y")}}, Repeat: 1, Jobs: 1}
		if err := p.finish(); err != nil {
			t.Fatal(err)
		}
		seen := map[string]Point{}
		for _, pt := range p.Points() {
			name := pt.FileName()
			if other, ok := seen[strings.ToLower(name)]; ok {
				t.Fatalf("%q and %q are both %s", pt.Values, other.Values, name)
			}
			seen[strings.ToLower(name)] = pt
			if len(name) > 200 || strings.ContainsAny(name, "/\\:*?\"<>| \x00") {
				t.Fatalf("name %q", name)
			}
		}
	})
}

func TestDefaultName(t *testing.T) {
	for command, want := range map[string]string{
		"./f": "f", "/usr/bin/mpiexec": "mpiexec", "f.py": "f", "{x}": "%7bx%7d", "..": "sweep", ".hidden": "hidden", "my prog.exe": "my%20prog",
	} {
		if got := defaultName(command); got != want {
			t.Errorf("%s: %s, want %s", command, got, want)
		}
	}
}

func TestLoad(t *testing.T) {
	want := Plan{
		Name: "f", Command: []string{"./f", "--x", "{x}", "{y}"}, Dir: "out", Jobs: 2, Repeat: 3, Timeout: 10 * time.Minute,
		Params: []Param{{"y", []string{"0", "1", "2"}}, {"x", []string{"1", "2.5", "a:b", "true"}}, {"z", []string{"7"}}},
	}
	for name, text := range map[string]string{
		"s.toml": "name = \"f\"\ndir = \"out\"\njobs = 2\nrepeat = 3\ntimeout = \"10m\"\ncommand = [\"./f\", \"--x\", \"{x}\", \"{y}\"]\n[parameters]\ny = \"0:2\"\nx = [1, 2.5, \"a:b\", true]\nz = 7\n",
		"s.yaml": "name: f\ndir: out\njobs: 2\nrepeat: 3\ntimeout: 10m\ncommand: ./f --x {x} {y}\nparameters:\n  y: 0:2\n  x: [1, 2.5, \"a:b\", true]\n  z: 7\n",
	} {
		var p Plan
		if err := Load(write(t, name, text), &p); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d := cmp.Diff(want, p); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoadErrors(t *testing.T) {
	for text, want := range map[string]string{
		"nmae = 'f'":                 `:1: key "nmae": unknown (the keys are`,
		"name = 5":                   `:1: key "name": want a string, have an integer`,
		"dir = 5":                    `:1: key "dir": want a string, have an integer`,
		"\njobs = '2'":               `:2: key "jobs": want an integer, have a string`,
		"repeat = 1.5":               `:1: key "repeat": want an integer, have a floating-point number`,
		"timeout = 5":                `:1: key "timeout": want a duration such as "10m", have an integer`,
		"timeout = 'soon'":           `:1: key "timeout": want a duration such as 10m, have "soon"`,
		"command = 5":                `:1: key "command": want a string or a list of words, have an integer`,
		"command = 'echo $x'":        `:1: key "command": a command with quotes or special characters`,
		"command = ['f', [1]]":       `:1: key "command": element 2: want a string or a number, have a list`,
		"parameters = 5":             `:1: key "parameters": want a table of parameters, have an integer`,
		"[parameters]\nx = '2:1'":    `:2: key "parameters.x": "2:1" has no values`,
		"[parameters]\nx = []":       `:2: key "parameters.x": there are no values`,
		"[parameters]\nx = [1, 1]":   `:2: key "parameters.x": the value "1" is given twice`,
		"[parameters]\nx = [1, [2]]": `:2: key "parameters.x": element 2: want a string or a number, have a list`,
		"[parameters]\nx = 1\nx = 2": `:3: not valid TOML`,
	} {
		path := write(t, "s.toml", text)
		err := Load(path, new(Plan))
		if err == nil || !strings.HasPrefix(err.Error(), path+want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: error %v, want %s", text, err, want)
		}
	}
	if err := Load("/nonexistent/s.toml", new(Plan)); err == nil {
		t.Error("a missing file was read")
	}
}

func TestState(t *testing.T) {
	p := plan(t, Plan{Command: []string{"f"}, Params: []Param{{"x", []string{"1"}}}})
	pt := p.Points()[0]
	check := func(want State, wantErr string) {
		t.Helper()
		s, err := pt.State()
		if s != want || (err == nil) != (wantErr == "") || err != nil && !strings.Contains(err.Error(), wantErr) {
			t.Errorf("%q, %v; want %q %s", s, err, want, wantErr)
		}
	}
	put := func(ext, text string) {
		t.Helper()
		if err := os.WriteFile(pt.path(ext), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	check(Open, "")
	put(partExt, "half")
	check(Open, "")
	put(failedExt, "# a\n# command: f --x 2\n")
	check(Open, "") // another command failed
	put(failedExt, "# a\n# command: f --x 1\n")
	check(Failed, "")
	put(logExt, "output of a script")
	check(Done, "")
	put(logExt, strings.Repeat("x", 2<<20))
	check(Done, "")
	put(logExt, "# ####\n# f: x=1\n# command: f --x 1\n# ###\n")
	check(Done, "")
	put(logExt, "# ####\n# f: x=1\n# command: g --x 1\n# ###\n")
	check("", "holds the output of another command, g --x 1")
}

func TestQuoting(t *testing.T) {
	if got := shellQuote([]string{"a", "", "b c", "it's", "$x", "--k=v", "{x}", "a\nb"}); got != `a '' 'b c' 'it'\''s' '$x' --k=v '{x}' 'a`+"\n"+`b'` {
		t.Error(got)
	}
	if got := pathWord("-d/x"); got != "./-d/x" {
		t.Error(got)
	}
}

func TestTagsAreParsable(t *testing.T) {
	p := plan(t, Plan{Command: []string{"f"}, Params: []Param{{"x", []string{"a;b=c"}}}})
	if d := cmp.Diff([]csvline.Tag{{Key: "x", Value: "a;b=c"}}, csvline.ParseTags(p.Points()[0].Tags())); d != "" {
		t.Error(d)
	}
}
