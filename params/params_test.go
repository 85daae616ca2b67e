package params

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

type region struct {
	Xmin, Xmax float64
}

type config struct {
	N       int `param:"n" env:"N" min:"1" max:"1000000" help:"numbers per rank"`
	Max     uint8
	Ratio   float64 `min:"0"`
	Name    string  `choices:"red,green,blue"`
	Plot    bool
	Wait    time.Duration `value:"length" help:"pause"`
	Sizes   []int         `min:"1"`
	Names   []string
	Addr    netip.Addr
	Region  region
	Hidden  int `param:"-"`
	MaxIter int32
	private int //nolint:unused // shows that unexported fields are left alone
}

func defaults() config {
	return config{N: 20, Max: 10, Ratio: 1.5, Name: "red", Sizes: []int{1, 2}, Region: region{-2, 1}, Hidden: 7}
}

// newSet makes the set with an environment of its own.
func newSet(cfg *config, env map[string]string) *Set {
	s := New("count", cfg)
	s.LookupEnv = func(k string) (string, bool) { v, ok := env[k]; return v, ok }
	s.Output = io.Discard
	return s
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPrecedence(t *testing.T) {
	file := write(t, "c.toml", "n = 2\nmax = 2\nratio = 2\n")
	env := map[string]string{"N": "3", "COUNT_MAX": "3", "COUNT_CONFIG": file}
	cfg := defaults()
	s := newSet(&cfg, env)
	if err := s.Parse([]string{"--n", "4"}); err != nil {
		t.Fatal(err)
	}
	want := defaults()
	want.N, want.Max, want.Ratio = 4, 3, 2
	if d := cmp.Diff(want, cfg, cmp.AllowUnexported(config{}), cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); d != "" {
		t.Error(d)
	}
	for name, source := range map[string]string{
		"n":      "option --n",
		"max":    "environment variable COUNT_MAX",
		"ratio":  file + `:3: key "ratio"`,
		"name":   "default of --name",
		"config": "environment variable COUNT_CONFIG",
	} {
		if got := s.Source(name); got != source {
			t.Errorf("Source(%s) = %s, want %s", name, got, source)
		}
	}
	if err := s.Errorf("ratio", "too %s", "big"); err.Error() != file+`:3: key "ratio": too big` {
		t.Error(err)
	}
}

func TestConfigOptionOverridesVariable(t *testing.T) {
	a, b := write(t, "a.toml", "n = 1\n"), write(t, "b.yaml", "n: 2\n")
	cfg := defaults()
	s := newSet(&cfg, map[string]string{"COUNT_CONFIG": a})
	if err := s.Parse([]string{"--config=" + b}); err != nil || cfg.N != 2 {
		t.Errorf("n = %d, %v; want 2", cfg.N, err)
	}
}

func TestEveryTypeFromEverySource(t *testing.T) {
	want := config{
		N: 1000, Max: 255, Ratio: 0.25, Name: "blue", Plot: true, Wait: 90 * time.Second,
		Sizes: []int{3, 4, 5}, Names: []string{"a", "b"}, Addr: netip.MustParseAddr("10.0.0.1"),
		Region: region{-1.5, 2}, Hidden: 7, MaxIter: -5,
	}
	const tomlText = `n = 1000
max = 255
ratio = 0.25
name = "blue"
plot = true
wait = "1m30s"
sizes = [3, 4, 5]
names = ["a", "b"]
addr = "10.0.0.1"
max_iter = -5
[region]
xmin = -1.5
xmax = 2
`
	const yamlText = `n: 1000
max: 255
ratio: 0.25
name: blue
plot: true
wait: 1m30s
sizes: [3, 4, 5]
names:
  - a
  - b
addr: 10.0.0.1
max-iter: -5
region:
  xmin: -1.5
  xmax: 2
`
	env := map[string]string{
		"N": "1e3", "COUNT_MAX": "255", "COUNT_RATIO": "0.25", "COUNT_NAME": "blue", "COUNT_PLOT": "true",
		"COUNT_WAIT": "1m30s", "COUNT_SIZES": "3,4, 5", "COUNT_NAMES": "a,b", "COUNT_ADDR": "10.0.0.1",
		"COUNT_MAX_ITER": "-5", "COUNT_REGION_XMIN": "-1.5", "COUNT_REGION_XMAX": "2",
	}
	flags := []string{
		"-n", "1_000", "--max", "255", "--ratio=0.25", "--name", "blue", "--plot", "--wait", "1m30s",
		"--sizes", "3,4", "--sizes", "5", "--names", "a,b", "--addr", "10.0.0.1", "--max-iter", "-5",
		"--region-xmin", "-1.5", "--region-xmax", "2",
	}
	cases := map[string]struct {
		args []string
		env  map[string]string
	}{
		"options":     {flags, nil},
		"environment": {nil, env},
		"TOML":        {[]string{"--config", write(t, "c.toml", tomlText)}, nil},
		"YAML":        {[]string{"--config", write(t, "c.yaml", yamlText)}, nil},
	}
	for name, c := range cases {
		cfg := defaults()
		if err := newSet(&cfg, c.env).Parse(c.args); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d := cmp.Diff(want, cfg, cmp.AllowUnexported(config{}), cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestErrorsNameTheirPlace(t *testing.T) {
	cases := []struct {
		file, text string // file name and content, if any
		env        map[string]string
		args       []string
		want       string // FILE stands for the path of the file
	}{
		{"c.toml", "n = 1\nfnd = 1\n", nil, nil, `FILE:2: key "fnd": unknown (the keys are n, max, ratio, name, plot, wait, sizes, names, addr, region-xmin, region-xmax, max-iter)`},
		{"c.toml", "\nratoi = 1\n", nil, nil, `FILE:2: key "ratoi": unknown (did you mean "ratio"?)`},
		{"c.yaml", "region:\n  xmn: 1\n", nil, nil, `FILE:2: key "region.xmn": unknown (did you mean "region-xmin"?)`},
		{"c.toml", "n = \"ten\"\n", nil, nil, `FILE:1: key "n": want an integer, have a string "ten"`},
		{"c.toml", "n = 3.0\n", nil, nil, `FILE:1: key "n": want an integer, have a floating-point number 3.0`},
		{"c.yaml", "# x\nmax: 256\n", nil, nil, `FILE:2: key "max": 256 is outside the range of the parameter`},
		{"c.yaml", "max: -1\n", nil, nil, `FILE:1: key "max": -1 is outside the range of the parameter`},
		{"c.yaml", "name: 5\n", nil, nil, `FILE:1: key "name": want a string, have an integer 5`},
		{"c.yaml", "name:\n", nil, nil, `FILE:1: key "name": want a string, have no value`},
		{"c.yaml", "plot: \"yes\"\n", nil, nil, `FILE:1: key "plot": want true or false, have a string "yes"`},
		{"c.yaml", "sizes: 5\n", nil, nil, `FILE:1: key "sizes": want a list, have an integer 5`},
		{"c.yaml", "sizes: [1, a]\n", nil, nil, `FILE:1: key "sizes": element 2: want an integer, have a string "a"`},
		{"c.yaml", "sizes: [1, 0]\n", nil, nil, `FILE:1: key "sizes": element 2: 0 is below the smallest value allowed, 1`},
		{"c.yaml", "wait: 5\n", nil, nil, `FILE:1: key "wait": want a duration such as 1m30s, have an integer 5`},
		{"c.yaml", "ratio: .nan\n", nil, nil, `FILE:1: key "ratio": NaN is below the smallest value allowed, 0`},
		{"c.yaml", "max-iter: 1\nmax_iter: 2\n", nil, nil, `FILE:2: key "max_iter": given twice, here and at FILE:1`},
		{"c.toml", "n = \n", nil, nil, `FILE:1: not valid TOML: `},
		{"", "", map[string]string{"N": "ten"}, nil, `environment variable N: want an integer, have "ten"`},
		{"", "", map[string]string{"N": "0"}, []string{"-n5"}, `environment variable N: 0 is below the smallest value allowed, 1`},
		{"", "", nil, []string{"--n", "1.5"}, `option --n: want an integer, have "1.5"`},
		{"", "", nil, []string{"--n", "2000000"}, `option --n: 2000000 is above the largest value allowed, 1000000`},
		{"", "", nil, []string{"--n", "1e30"}, `option --n: "1e30" is outside the range of the parameter`},
		{"", "", nil, []string{"--max", "1e3"}, `option --max: "1e3" is outside the range of the parameter`},
		{"", "", nil, []string{"--max", "-1"}, `option --max: "-1" is outside the range of the parameter`},
		{"", "", nil, []string{"--max", "x"}, `option --max: want an integer, have "x"`},
		{"", "", nil, []string{"--ratio", "1e999"}, `option --ratio: "1e999" is outside the range of the parameter`},
		{"", "", nil, []string{"--ratio", "a"}, `option --ratio: want a number, have "a"`},
		{"", "", nil, []string{"--wait", "5"}, `option --wait: want a duration such as 1m30s, have "5"`},
		{"", "", nil, []string{"--plot=maybe"}, `option --plot: want true or false, have "maybe"`},
		{"", "", nil, []string{"--name", "pink"}, `option --name: "pink" is none of red, green, blue`},
		{"", "", nil, []string{"--addr", "pink"}, `option --addr: "pink": ParseAddr("pink"): unable to parse IP`},
		{"", "", nil, []string{"--sizes", "1,,2"}, `option --sizes: want an integer, have ""`},
		{"", "", nil, []string{"--size"}, `unknown option --size: did you mean --sizes? (count --help lists the options)`},
		{"", "", nil, []string{"--elephant"}, `unknown option --elephant (count --help lists the options)`},
		{"", "", nil, []string{"-ż"}, `unknown shorthand flag: `},
		{"", "", nil, []string{"--n"}, `flag needs an argument: --n (count --help lists the options)`},
		{"", "", nil, []string{"stray"}, `unexpected argument "stray" (count --help lists the options)`},
		{"", "", nil, []string{"--config", "/nonexistent/c.toml"}, `cannot read the configuration file: open /nonexistent/c.toml: `},
		{"", "", nil, []string{"--config", "c.json"}, `c.json: unknown extension ".json"`},
	}
	for _, c := range cases {
		args := c.args
		if c.file != "" {
			path := write(t, c.file, c.text)
			args = append(args, "--config", path)
			c.want = strings.ReplaceAll(c.want, "FILE", path)
		}
		cfg := defaults()
		err := newSet(&cfg, c.env).Parse(args)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%v %v %q:\n got %v\nwant %v", c.args, c.env, c.text, err, c.want)
			continue
		}
		if strings.Contains(err.Error(), "\n") {
			t.Errorf("more than one line: %q", err)
		}
		if d := cmp.Diff(defaults(), cfg, cmp.AllowUnexported(config{}), cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); d != "" {
			t.Errorf("%v: the struct was changed although Parse failed: %s", c.args, d)
		}
	}
}

func TestEmptyVariableCountsAsNotSet(t *testing.T) {
	cfg := defaults()
	if err := newSet(&cfg, map[string]string{"N": ""}).Parse(nil); err != nil || cfg.N != 20 {
		t.Errorf("n = %d, %v", cfg.N, err)
	}
}

func TestEmptyListOption(t *testing.T) {
	cfg := defaults()
	if err := newSet(&cfg, nil).Parse([]string{"--sizes="}); err != nil || len(cfg.Sizes) != 0 {
		t.Errorf("sizes = %v, %v", cfg.Sizes, err)
	}
}

func TestArguments(t *testing.T) {
	cfg := defaults()
	s := newSet(&cfg, nil)
	s.Args = "FILE..."
	err := s.Parse([]string{"a", "-n", "5", "--", "-b"})
	if rest := s.Rest(); err != nil || cfg.N != 5 || !cmp.Equal(rest, []string{"a", "-b"}) {
		t.Errorf("rest = %v, n = %d, %v", rest, cfg.N, err)
	}
	if err := s.Parse([]string{"b", "-n", "ten"}); err == nil || len(s.Rest()) != 0 {
		t.Errorf("after an error: rest = %v, %v", s.Rest(), err)
	}
}

func TestHelp(t *testing.T) {
	for _, option := range []string{"--help", "-h"} {
		cfg := defaults()
		s := newSet(&cfg, nil)
		s.About = "Counts."
		var out bytes.Buffer
		s.Output = &out
		if err := s.Parse([]string{option}); !errors.Is(err, ErrHelp) {
			t.Fatalf("error %v, want ErrHelp", err)
		}
		for _, want := range []string{
			"Usage: count [options]\n\nCounts.\n",
			"-n, --n int", "numbers per rank [$N] (default 20)",
			"--max-iter int", "[$COUNT_MAX_ITER]",
			"--plot ", "--wait length", "--sizes int,...", "(default 1,2)",
			`one of: red, green, blue [$COUNT_NAME] (default "red")`,
			"--config file", "[$COUNT_CONFIG]",
			"-h, --help",
			"An option overrides the environment variable",
		} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("help has no %q:\n%s", want, out.String())
			}
		}
		if strings.Contains(out.String(), "hidden") {
			t.Error("help lists a field that is left out")
		}
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestHelpOnFullDisc(t *testing.T) {
	cfg := defaults()
	s := newSet(&cfg, nil)
	s.Output = failingWriter{}
	if err := s.Parse([]string{"--help"}); err == nil || errors.Is(err, ErrHelp) {
		t.Errorf("error %v, want the writer's", err)
	}
}

func TestShortHIsFreeForTheProgram(t *testing.T) {
	var cfg struct {
		Height int `short:"h"`
	}
	s := New("x", &cfg)
	if err := s.Parse([]string{"-h", "3"}); err != nil || cfg.Height != 3 {
		t.Errorf("height = %d, %v", cfg.Height, err)
	}
}

func TestStandardFlagPackage(t *testing.T) {
	cfg := defaults()
	s := newSet(&cfg, map[string]string{"COUNT_MAX": "7"})
	fs := flag.NewFlagSet("count", flag.ContinueOnError)
	var usage bytes.Buffer
	fs.SetOutput(&usage)
	s.BindFlags(fs)
	fs.PrintDefaults()
	if !strings.Contains(usage.String(), "numbers per rank [$N] (default 20)") || strings.Contains(usage.String(), "default false") {
		t.Errorf("usage:\n%s", usage.String())
	}
	if err := fs.Parse([]string{"-n", "5", "-plot", "-sizes=9", "rest"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Load(); err != nil {
		t.Fatal(err)
	}
	if cfg.N != 5 || !cfg.Plot || cfg.Max != 7 || !cmp.Equal(cfg.Sizes, []int{9}) || fs.Arg(0) != "rest" {
		t.Errorf("%+v", cfg)
	}
}

func TestCobra(t *testing.T) {
	cfg := defaults()
	s := newSet(&cfg, nil)
	ran := false
	cmd := &cobra.Command{Use: "count", RunE: func(*cobra.Command, []string) error {
		ran = true
		return s.Load()
	}}
	s.BindPFlags(cmd.Flags())
	cmd.SetArgs([]string{"-n", "5", "--plot"})
	if err := cmd.Execute(); err != nil || !ran || cfg.N != 5 || !cfg.Plot {
		t.Errorf("%v %+v", err, cfg)
	}
}

func TestLoadTwiceGivesTheSame(t *testing.T) {
	cfg := defaults()
	s := newSet(&cfg, nil)
	file := write(t, "c.toml", "max = 3\n")
	if err := s.Parse([]string{"--config", file}); err != nil {
		t.Fatal(err)
	}
	if err := s.Load(); err != nil || cfg.Max != 3 {
		t.Errorf("max = %d, %v", cfg.Max, err)
	}
}

func TestValues(t *testing.T) {
	cfg := defaults()
	s := newSet(&cfg, nil)
	if err := s.Parse([]string{"--n", "5"}); err != nil {
		t.Fatal(err)
	}
	got := s.Values()
	if got[0] != (Value{"n", "5", "option --n"}) || got[6] != (Value{"sizes", "1,2", "default of --sizes"}) {
		t.Errorf("%v", got)
	}
}

func TestMistakesInTheStructPanic(t *testing.T) {
	cases := map[string]any{
		"wants a pointer to a struct": config{},
		"cannot be a parameter": &struct {
			F func()
		}{},
		"two parameters have the option --x": &struct {
			A int `param:"x"`
			B int `param:"x"`
		}{},
		"lower case": &struct {
			A int `param:"MaxIter"`
		}{},
		"tag min": &struct {
			A int `min:"low"`
		}{},
		"has no order": &struct {
			A bool `max:"true"`
		}{},
		"longer than one letter": &struct {
			A int `short:"ab"`
		}{},
	}
	for want, cfg := range cases {
		func() {
			defer func() {
				if r := recover(); r == nil || !strings.Contains(r.(string), want) {
					t.Errorf("panic %v, want %q", r, want)
				}
			}()
			New("x", cfg)
		}()
	}
}

func TestKebab(t *testing.T) {
	for in, want := range map[string]string{
		"N": "n", "MaxIter": "max-iter", "CSVFile": "csv-file", "X0": "x0", "UseGPU": "use-gpu", "Xmin": "xmin",
	} {
		if got := kebab(in); got != want {
			t.Errorf("kebab(%s) = %s, want %s", in, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"abc", "", 3}, {"kitten", "sitting", 3}, {"find", "fnd", 1}} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("distance(%s, %s) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

// FuzzOption: no text on the command line panics, and an accepted integer lies
// within its bounds.
func FuzzOption(f *testing.F) {
	for _, s := range []string{"1", "1e6", "1_0", "-1", "9e99", "NaN", "", "0x10", "1e-1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		cfg := defaults()
		if err := newSet(&cfg, nil).Parse([]string{"--n=" + text, "--ratio=" + text, "--sizes=" + text}); err == nil {
			if cfg.N < 1 || cfg.N > 1000000 || math.IsNaN(cfg.Ratio) || cfg.Ratio < 0 {
				t.Errorf("%q was accepted as %d and %g", text, cfg.N, cfg.Ratio)
			}
		}
	})
}
