package csvline

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// collect reads text and lists "timer=… column=…" per record and the errors.
func collect(text string) (records []Record, bad []string, err error) {
	err = Read(strings.NewReader(text), "x.log", func(r *Record) error {
		records = append(records, *r)
		return nil
	}, func(err error) error {
		bad = append(bad, err.Error())
		return nil
	})
	return records, bad, err
}

func TestLinesAmongOtherOutput(t *testing.T) {
	text := `hello
#csv,timer,status,time
#csv,a,ok,1.5
some #csv without a comma
  [3] #csv,"b, with ""quotes""",failed,2
# csv,timer,time,new
# csv,c,3,x
`
	got, bad, err := collect(text)
	if err != nil || len(bad) != 0 {
		t.Fatal(err, bad)
	}
	old := []string{"timer", "status", "time"}
	want := []Record{
		{"x.log", 3, old, []string{"a", "ok", "1.5"}},
		{"x.log", 5, old, []string{`b, with "quotes"`, "failed", "2"}},
		{"x.log", 7, []string{"timer", "time", "new"}, []string{"c", "3", "x"}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if got[2].Get("new") != "x" || got[2].Get("status") != "" {
		t.Error("Get")
	}
}

func TestCloudmeshLog(t *testing.T) {
	text := "# csv,timer,status,time,sum,start,tag,msg,uname.node,user,uname.system,platform.version\r\n" +
		"# csv,Result: 6,ok,0.045,0.045,2021-06-24 04:27:07,,3 60 6 8,alienware,gregor,Linux,#19-Ubuntu SMP Fri May 7 14:22:03 UTC 2021\r\n"
	got, bad, err := collect(text)
	if err != nil || len(bad) != 0 || len(got) != 1 {
		t.Fatal(got, bad, err)
	}
	if got[0].Get("timer") != "Result: 6" || got[0].Get("platform.version") != "#19-Ubuntu SMP Fri May 7 14:22:03 UTC 2021" {
		t.Errorf("%+v", got[0])
	}
}

func TestBrokenLines(t *testing.T) {
	text := `#csv,a,1
#csv,timer,time
#csv,a
#csv,a,1,2
#csv,"a
#csv,timer,x,x
#csv,timer,,y
#csv,b,2
#csv,` + strings.Repeat("x", maxLine) + `
#csv,c,3`
	got, bad, err := collect(text)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"x.log:1: #csv line without the line before it that names the columns",
		"x.log:3: broken #csv line: 1 values for 2 columns",
		"x.log:4: broken #csv line: 3 values for 2 columns",
		`x.log:5: broken #csv line: extraneous or missing " in quoted-field`,
		`x.log:6: broken #csv line: column 3 is named "x" like another, or not at all`,
		`x.log:7: broken #csv line: column 2 is named "" like another, or not at all`,
		"x.log:9: broken #csv line: line too long",
	}
	if d := cmp.Diff(want, bad); d != "" {
		t.Error(d)
	}
	if len(got) != 2 || got[0].Values[0] != "b" || got[1].Values[0] != "c" {
		t.Errorf("%+v", got)
	}
	// Without a handler the first broken line ends the reading.
	err = Read(strings.NewReader(text), "x.log", nil, nil)
	var le *LineError
	if !errors.As(err, &le) || le.Line != 1 {
		t.Errorf("error %v", err)
	}
}

func TestReadErrors(t *testing.T) {
	cause := errors.New("cause")
	if err := Read(iotest.ErrReader(cause), "x.log", nil, nil); !errors.Is(err, cause) || !strings.HasPrefix(err.Error(), "x.log: ") {
		t.Errorf("error %v", err)
	}
	err := Read(strings.NewReader("#csv,timer\n#csv,a\n"), "x.log", func(*Record) error { return cause }, nil)
	if !errors.Is(err, cause) {
		t.Errorf("error %v", err)
	}
}

// What Line writes is one line, and Read gives it back.
func TestLineRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.String(), 2, 5).Draw(t, "values")
		if values[0] == "timer" {
			values[0] = "x"
		}
		columns := []string{"timer"}
		for i := range values[1:] {
			columns = append(columns, fmt.Sprint(i))
		}
		line := Line(values)
		if strings.ContainsAny(line, "\n\r") {
			t.Fatalf("more than one line: %q", line)
		}
		got, bad, err := collect(Header(columns) + "\n" + line + "\n")
		if err != nil || len(bad) != 0 || len(got) != 1 {
			t.Fatal(got, bad, err)
		}
		for i, v := range values {
			if got[0].Values[i] != clean(v) {
				t.Fatalf("value %d: %q became %q", i, v, got[0].Values[i])
			}
		}
	})
}

func TestTagsRoundTrip(t *testing.T) {
	if got := FormatTags([]Tag{{"n", "100"}, {"run", ""}, {"a;b", "50%=half"}}); got != "n=100;run;a%3Bb=50%25%3Dhalf" {
		t.Error(got)
	}
	if got := ParseTags("100%;;a=%zz"); !cmp.Equal(got, []Tag{{"100%", ""}, {"a", "%zz"}}) {
		t.Error(got)
	}
	rapid.Check(t, func(t *rapid.T) {
		tags := rapid.SliceOf(rapid.Custom(func(t *rapid.T) Tag {
			return Tag{rapid.StringN(1, -1, -1).Draw(t, "key"), rapid.String().Draw(t, "value")}
		})).Draw(t, "tags")
		if len(tags) == 0 {
			tags = nil
		}
		if d := cmp.Diff(tags, ParseTags(FormatTags(tags))); d != "" {
			t.Fatal(d)
		}
	})
}

func FuzzRead(f *testing.F) {
	f.Add("#csv,timer,time\n#csv,a,1\n")
	f.Add("# csv,timer,\"time\"\r\nx #csv,a,\"1\n\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		_ = Read(strings.NewReader(text), "f", func(r *Record) error {
			if len(r.Values) != len(r.Columns) || r.Columns[0] != "timer" {
				t.Errorf("%+v", r)
			}
			ParseTags(r.Get("tag"))
			return nil
		}, func(err error) error {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("error of more than one line: %q", err)
			}
			return nil
		})
	})
}
