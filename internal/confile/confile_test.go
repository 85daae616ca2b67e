package confile

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBothFormatsGiveTheSameEntries(t *testing.T) {
	const tomlText = `# a comment
n = 20
ratio = 2.5
name = "ring"
on = true

list = [1, 2, 4]
[region]
xmin = -2
[region.deep]
x = "y"
`
	const yamlText = `# a comment
n: 20
ratio: 2.5
name: ring
on: true

list: [1, 2, 4]
region:
  xmin: -2
  deep:
    x: y
`
	want := []Entry{
		{[]string{"n"}, 2, int64(20)},
		{[]string{"ratio"}, 3, 2.5},
		{[]string{"name"}, 4, "ring"},
		{[]string{"on"}, 5, true},
		{[]string{"list"}, 7, []any{int64(1), int64(2), int64(4)}},
		{[]string{"region", "xmin"}, 9, int64(-2)},
		{[]string{"region", "deep", "x"}, 11, "y"},
	}
	got, err := Parse("a.toml", []byte(tomlText))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("TOML: %s", d)
	}
	got, err = Parse("a.yaml", []byte(yamlText))
	if err != nil {
		t.Fatal(err)
	}
	want[5].Line, want[6].Line = 9, 11
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("YAML: %s", d)
	}
}

func TestValues(t *testing.T) {
	cases := []struct {
		path, text string
		want       any
	}{
		{"a.toml", "k = 1979-05-27", "1979-05-27 00:00:00 +0000 UTC"},
		{"a.toml", "k = [[1],[2]]", []any{[]any{int64(1)}, []any{int64(2)}}},
		{"a.toml", "k = [{a=1}]", []any{map[string]any{"a": int64(1)}}},
		{"a.toml", "[[k]]\na=1", []any{map[string]any{"a": int64(1)}}},
		{"a.toml", "k = inf", math.Inf(1)},
		{"a.yaml", "k: .inf", math.Inf(1)},
		{"a.yaml", "k:", nil},
		{"a.yaml", "k: null", nil},
		{"a.yaml", "k: 18446744073709551615", uint64(math.MaxUint64)},
		{"a.yaml", "k: |\n  a\n  b\n", "a\nb\n"},
		{"a.yaml", "k:\n  - 1\n  - a: b\n", []any{int64(1), map[string]any{"a": "b"}}},
		{"a.yml", "k: 0x10", int64(16)},
	}
	for _, c := range cases {
		got, err := Parse(c.path, []byte(c.text))
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if len(got) != 1 {
			t.Errorf("%s: %d entries, want 1", c.text, len(got))
			continue
		}
		got[0].Value = strings0(got[0].Value)
		if d := cmp.Diff(c.want, got[0].Value); d != "" {
			t.Errorf("%s: %s", c.text, d)
		}
	}
}

// strings0 drops the zone name of TOML's local dates, which follows the machine.
func strings0(v any) any {
	if s, ok := v.(string); ok && strings.HasPrefix(s, "1979-05-27 00:00:00") {
		return "1979-05-27 00:00:00 +0000 UTC"
	}
	return v
}

func TestEmptyFiles(t *testing.T) {
	for _, path := range []string{"a.toml", "a.yaml"} {
		for _, text := range []string{"", "\n\n", "# only a comment\n"} {
			got, err := Parse(path, []byte(text))
			if err != nil || len(got) != 0 {
				t.Errorf("%s %q: %v, %v", path, text, got, err)
			}
		}
	}
}

// TestByteOrderMark has what editors on Windows begin a file with.
func TestByteOrderMark(t *testing.T) {
	for path, text := range map[string]string{"a.toml": "\ufeffn = 3\r\n", "a.yaml": "\ufeffn: 3\r\n"} {
		want := []Entry{{Path: []string{"n"}, Line: 1, Value: int64(3)}}
		if got, err := Parse(path, []byte(text)); err != nil || !cmp.Equal(got, want) {
			t.Errorf("%s: %v, %v; want %v", path, got, err, want)
		}
	}
}

func TestErrorsNameFileLineAndKey(t *testing.T) {
	cases := []struct {
		path, text string
		line       int
		contains   string
	}{
		{"a.toml", "n = 1\nmax = \n", 2, "not valid TOML"},
		{"a.toml", "n = 1\nn = 2\n", 2, "already been defined"},
		{"a.toml", "n = 99999999999999999999\n", 1, "not valid TOML"},
		{"a.toml", strings.Repeat("x", MaxSize+1), 0, "larger than"},
		{"a.yaml", "n: 1\nmax: [1, 2\n", 2, "not valid YAML"},
		{"a.yaml", "n: 1\nn: 2\n", 2, "not valid YAML"},
		{"a.yaml", "n: 1\n---\nm: 2\n", 3, "more than one YAML document"},
		{"a.yaml", "- 1\n- 2\n", 1, "want lines of the form key: value"},
		{"a.yaml", "just text", 1, "want lines of the form key: value"},
		{"a.yaml", "a: &x 1\nb: *x\n", 1, "anchors"},
		{"a.yaml", "n: 1\nk: " + strings.Repeat("[", 200), 2, "nested too deeply"},
	}
	for _, c := range cases {
		_, err := Parse(c.path, []byte(c.text))
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%.40q: error %v, want an *Error", c.text, err)
			continue
		}
		if e.File != c.path || e.Line != c.line || !strings.Contains(err.Error(), c.contains) {
			t.Errorf("%.40q: %v; want line %d and %q", c.text, err, c.line, c.contains)
		}
		if strings.Contains(err.Error(), "\n") {
			t.Errorf("%.40q: more than one line: %q", c.text, err)
		}
	}
}

func TestReadFiles(t *testing.T) {
	dir := t.TempDir()
	good := filepath.Join(dir, "good.toml")
	if err := os.WriteFile(good, []byte("n = 1\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if got, err := Read(good); err != nil || len(got) != 1 {
		t.Errorf("Read = %v, %v", got, err)
	}
	if _, err := Read(filepath.Join(dir, "missing.toml")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if _, err := Read(filepath.Join(dir, "a.json")); err == nil || !strings.Contains(err.Error(), ".toml, .yaml or .yml") {
		t.Errorf("unknown extension: %v", err)
	}
	sub := filepath.Join(dir, "dir.toml")
	if err := os.Mkdir(sub, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(sub); err == nil {
		t.Error("a directory was read as a file")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(true, "n = 1\n[t]\nx = [1, 'a', {b=2}]\n")
	f.Add(false, "n: 1\nt:\n  x: [1, a, {b: 2}]\n")
	f.Add(false, "a: &x 1\nb: *x\n<<: *x\n")
	f.Fuzz(func(t *testing.T, isTOML bool, text string) {
		path := "f.yaml"
		if isTOML {
			path = "f.toml"
		}
		if len(text) > 4096 {
			return
		}
		entries, err := Parse(path, []byte(text))
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("error of more than one line: %q", err)
			}
			return
		}
		for _, e := range entries {
			if len(e.Path) == 0 || e.Line < 1 {
				t.Errorf("entry without key or line: %+v", e)
			}
			Show(e.Value)
			Kind(e.Value)
		}
	})
}
