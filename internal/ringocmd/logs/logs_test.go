package logs

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/plot/vg"
	"pgregory.net/rapid"
)

// collect reads texts as the logs a, b, c …
func collect(t *testing.T, texts ...string) *Data {
	t.Helper()
	c := &Collector{}
	for i, text := range texts {
		if err := c.Read(strings.NewReader(text), string(rune('a'+i))); err != nil {
			t.Fatal(err)
		}
	}
	return c.Data()
}

func text(d *Data) string {
	var b strings.Builder
	for _, row := range append([][]string{d.Columns}, d.Rows...) {
		b.WriteString(strings.Join(row, ",") + "\n")
	}
	return b.String()
}

func want(t *testing.T, d *Data, want string) {
	t.Helper()
	if diff := cmp.Diff(strings.TrimPrefix(want, "\n"), text(d)); diff != "" {
		t.Error(diff)
	}
}

func TestColumnsOfDifferentLogs(t *testing.T) {
	d := collect(t,
		"x\n#csv,timer,time,tag\n#csv,s,1,n=1;warm\n#csv,s,2,n=2;time=late\n",
		"#csv,timer,status,time\n#csv,s,ok,3\n",
	)
	want(t, d, `
file,line,timer,time,tag,status,n,tag.time
a,3,s,1,warm,,1,
a,4,s,2,,,2,late
b,2,s,3,,ok,,
`)
}

func TestTagColumnGoesWhenEveryTagHasOne(t *testing.T) {
	want(t, collect(t, "#csv,timer,tag\n#csv,s,n=1\n"), "file,line,timer,n\na,2,s,1\n")
}

const scaling = `#csv,timer,status,time,tag
#csv,s,ok,8,n=10;np=2
#csv,s,ok,16,n=10;np=1
#csv,s,ok,12,n=10;np=2
#csv,s,ok,2,n=10;np=10
#csv,s,ok,3,n=9;np=4
#csv,s,ok,2,n=9;np=8
`

func TestGroupAndSpeedup(t *testing.T) {
	d, err := collect(t, scaling).Group([]string{"n", "np"}, "time")
	if err != nil {
		t.Fatal(err)
	}
	want(t, d, `
n,np,runs,mean,sd,min,max
9,4,1,3,,3,3
9,8,1,2,,2,2
10,1,1,16,,16,16
10,2,2,10,2.828427125,8,12
10,10,1,2,,2,2
`)
	if err := d.Speedup([]string{"n", "np"}, "np"); err != nil {
		t.Fatal(err)
	}
	if err := d.Select([]string{"np", "n", "speedup", "efficiency"}); err != nil {
		t.Fatal(err)
	}
	want(t, d, `
np,n,speedup,efficiency
4,9,1.000,1.000
8,9,1.500,0.750
1,10,1.000,1.000
2,10,1.600,0.800
10,10,8.000,0.800
`)
}

func TestGroupErrors(t *testing.T) {
	for _, c := range []struct {
		by    []string
		value string
		want  string
	}{
		{[]string{"n"}, "tiem", `there is no column "tiem"; the columns are file, line, timer, status, time, n, np`},
		{[]string{"m"}, "time", `there is no column "m"`},
		{[]string{"n", "n"}, "time", `the column "n" is named twice`},
		{[]string{"n"}, "status", `a:2: the value "ok" in column status is not a number`},
	} {
		if _, err := collect(t, scaling).Group(c.by, c.value); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("error %v, want %s", err, c.want)
		}
	}
	d, err := collect(t, "#csv,timer,time,tag\n#csv,s,0,p=x\n#csv,s,0,p=0\n").Group([]string{"p"}, "time")
	if err != nil {
		t.Fatal(err)
	}
	for _, over := range []string{"q", "mean", "p"} {
		if err := d.Speedup([]string{"p"}, over); err == nil {
			t.Errorf("speed-up over %s: no error", over)
		}
	}
}

func TestSpeedupOfTimesOfZeroIsEmpty(t *testing.T) {
	d, err := collect(t, "#csv,timer,time,tag\n#csv,s,0,p=1\n#csv,s,0,p=2\n").Group([]string{"p"}, "time")
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Speedup([]string{"p"}, "p"); err != nil {
		t.Fatal(err)
	}
	want(t, d, "p,runs,mean,sd,min,max,speedup,efficiency\n1,1,0,,0,0,,\n2,1,0,,0,0,,\n")
}

func TestSortNumbersBeforeTexts(t *testing.T) {
	d := &Data{Columns: []string{"x"}, Rows: [][]string{{"b"}, {"10"}, {""}, {"9.5"}, {"a"}, {"-1"}}}
	if err := d.Sort("x"); err != nil {
		t.Fatal(err)
	}
	want(t, d, "x\n-1\n9.5\n10\n\na\nb\n")
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true}, {"a", "a", true}, {"a", "b", false}, {"a", "ab", false}, {"*", "", true}, {"*", "a/b", true},
		{"s*e", "solve", true}, {"s*e", "solver", false}, {"*:f", "sweep:f", true}, {"a*b*c", "aXbXbc", true}, {"?", "ä", true}, {"?", "", false}, {"a**", "a", true},
	} {
		if got := match(c.pattern, c.s); got != c.want {
			t.Errorf("match(%q, %q) = %v", c.pattern, c.s, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) { // a text matches what is made of it
		s := []rune(rapid.StringMatching(`[ab*?]{0,8}`).Draw(t, "s"))
		p := make([]rune, 0, len(s))
		for _, c := range s {
			switch rapid.IntRange(0, 3).Draw(t, "as") {
			case 0:
				p = append(p, '?')
			case 1:
				p = append(p, '*')
			default:
				p = append(p, c)
			}
		}
		if !match(string(p), string(s)) {
			t.Fatalf("match(%q, %q) = false", string(p), string(s))
		}
	})
}

func TestTableKeepsDigits(t *testing.T) {
	d := &Data{Columns: []string{"a", "b", "c", "d"}, Rows: [][]string{{"0.100000000", "", "007", "true"}}}
	var b bytes.Buffer
	if err := d.Table().Write(&b, "json"); err != nil {
		t.Fatal(err)
	}
	if want := `  {"a": 0.100000000, "b": null, "c": "007", "d": "true"}`; !strings.Contains(b.String(), want) {
		t.Errorf("%s, want %s", b.String(), want)
	}
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b.log", "a.log", "c.failed", ".a.log.tmp-0123456789abcdef", ".h.log"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	a, b, c := filepath.Join(dir, "a.log"), filepath.Join(dir, "b.log"), filepath.Join(dir, "c.failed")
	got, err := Files([]string{c, "-", dir, filepath.Join(dir, "*.log"), a})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{c, "-", a, b}, got[:4]); d != "" {
		t.Error(d)
	}
	empty := t.TempDir()
	for arg, want := range map[string]string{
		filepath.Join(dir, "x.log"):   "no such file",
		filepath.Join(dir, "x*.log"):  "no file matches",
		filepath.Join(dir, "[x*.log"): "is broken",
		empty:                         "there is no *.log file in " + empty,
	} {
		if _, err := Files([]string{arg}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", arg, err, want)
		}
	}
}

// Every kind of data gives a picture or an error, never a panic.
func TestPictures(t *testing.T) {
	rows := func(values ...string) (out [][]string) {
		for i := 0; i < len(values); i += 2 {
			out = append(out, []string{values[i], values[i+1], fmt.Sprint(i / 4), "0.5"})
		}
		return out
	}
	for name, c := range map[string]struct {
		rows [][]string
		pic  Picture
		err  string
	}{
		"one point":      {rows("1", "1"), Picture{}, ""},
		"zeros":          {rows("0", "0", "0", "0"), Picture{}, ""},
		"equal values":   {rows("2", "3", "2", "3"), Picture{}, ""},
		"negative":       {rows("-2", "-3", "2", "3"), Picture{}, ""},
		"huge range":     {rows("1e-99", "1e-99", "1e99", "1e99"), Picture{LogX: true, LogY: true}, ""},
		"large":          {rows("1", "1e99", "2", "-1e99"), Picture{}, ""},
		"too large":      {rows("1", "1e308"), Picture{}, "x=1, y=1e308 is too large to be plotted"},
		"log, one point": {rows("2", "3"), Picture{LogX: true, LogY: true}, ""},
		"log errors":     {rows("2", "0.1", "3", "0.2"), Picture{LogY: true, Error: "e"}, ""},
		"errors":         {rows("2", "1", "3", "2", "4", "1", "5", "2"), Picture{Error: "e", Series: []string{"s"}, Title: "Title"}, ""},
		"words":          {rows("blue", "1", "grey", "2"), Picture{}, ""},
		"many":           {rows(strings.Fields(strings.Repeat("1 2 3 4 ", 100))...), Picture{Series: []string{"s"}}, ""},
		"some empty":     {rows("1", "", "2", "2"), Picture{}, ""},
		"none":           {rows("1", ""), Picture{}, "there is nothing to plot: the column y is empty"},
		"no number":      {rows("1", "fast"), Picture{}, `a line: the value "fast" in column y is not a number`},
		"log of zero":    {rows("1", "0"), Picture{LogY: true}, "x=1, y=0 cannot be shown on a logarithmic axis"},
		"log of words":   {rows("blue", "1"), Picture{LogX: true}, "cannot have a logarithmic axis"},
		"no x":           {rows("1", "1"), Picture{X: "z"}, `there is no column "z"`},
		"no y":           {rows("1", "1"), Picture{Y: "z"}, `there is no column "z"`},
		"no error":       {rows("1", "1"), Picture{Error: "z"}, `there is no column "z"`},
		"no series":      {rows("1", "1"), Picture{Series: []string{"z"}}, `there is no column "z"`},
	} {
		if c.pic.X == "" {
			c.pic.X = "x"
		}
		if c.pic.Y == "" {
			c.pic.Y = "y"
		}
		d := &Data{Columns: []string{"x", "y", "s", "e"}, Rows: c.rows}
		c.pic.Width, c.pic.Height = 5*vg.Centimeter, 4*vg.Centimeter
		for _, ext := range PictureFormats {
			if ext != ".png" && name != "errors" {
				continue // the formats differ in how they are written, not in what
			}
			path := filepath.Join(t.TempDir(), "p"+ext)
			err := d.Draw(path, c.pic)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("%s: error %v, want %s", name, err, c.err)
				}
				if _, err := os.Stat(path); err == nil {
					t.Errorf("%s: a picture was left", name)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			switch ext {
			case ".png":
				img, err := png.Decode(bytes.NewReader(data))
				if err != nil || img.Bounds().Dx() != 295 {
					t.Errorf("%s: %v", name, err)
				} else if at, ok := inked(img, 4); ok && name != "many" { // whose legend is higher than so small a picture
					t.Errorf("%s: the plot reaches the edge of the picture at %v", name, at)
				}
			case ".svg":
				if !bytes.Contains(data, []byte("</svg>")) {
					t.Errorf("%s: not an SVG picture", name)
				}
			}
		}
	}
}

// inked looks for a pixel that is not white among those so near to the edge.
func inked(img image.Image, rim int) (at image.Point, ok bool) {
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			p := image.Pt(x, y)
			if p.In(b.Inset(rim)) {
				continue
			}
			if r, g, b, _ := img.At(x, y).RGBA(); min(r, g, b) < 0xffff {
				return p, true
			}
		}
	}
	return at, false
}
