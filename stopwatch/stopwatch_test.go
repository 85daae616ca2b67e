package stopwatch

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ringo-mpi/ringo/internal/csvline"
)

const (
	ms = time.Millisecond
	s1 = time.Second
)

// get returns the timer without its start time, which has a test of its own.
func get(t *testing.T, w *Watch, name string) Timer {
	t.Helper()
	x, ok := w.Get(name)
	if !ok {
		t.Fatalf("no timer %q", name)
	}
	x.Start = time.Time{}
	return x
}

func check(t *testing.T, w *Watch, want Timer) {
	t.Helper()
	if d := cmp.Diff(want, get(t, w, want.Name), cmpopts.EquateEmpty()); d != "" {
		t.Error(d)
	}
}

func TestRepeatedMeasurements(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w Watch
		begin := time.Now()
		for _, d := range []time.Duration{30, 10, 20} {
			s := w.Start("a")
			time.Sleep(d * ms)
			if got := s.Stop(); got != d*ms {
				t.Errorf("Stop = %v, want %v", got, d*ms)
			}
			time.Sleep(s1) // is not measured
		}
		check(t, &w, Timer{Name: "a", Status: OK, Count: 3, Last: 20 * ms, Sum: 60 * ms, Min: 10 * ms, Max: 30 * ms})
		x, _ := w.Get("a")
		if x.Mean() != 20*ms || !x.Start.Equal(begin.Add(2*s1+40*ms)) {
			t.Errorf("mean %v, start %v after the beginning", x.Mean(), x.Start.Sub(begin))
		}
	})
}

func TestNestedMeasurements(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w Watch
		w.Start("outer")
		w.Start("inner")
		time.Sleep(1 * ms)
		w.Start("inner")
		time.Sleep(2 * ms)
		for i, want := range []time.Duration{2 * ms, 3 * ms} { // the one started last ends first
			if got, err := w.Stop("inner"); err != nil || got != want {
				t.Errorf("%d: %v, %v; want %v", i, got, err, want)
			}
		}
		time.Sleep(4 * ms)
		if got, err := w.Stop("outer"); err != nil || got != 7*ms {
			t.Errorf("outer %v, %v", got, err)
		}
		check(t, &w, Timer{Name: "inner", Status: OK, Count: 2, Last: 3 * ms, Sum: 5 * ms, Min: 2 * ms, Max: 3 * ms})
	})
}

func TestRecursiveMeasurements(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w Watch
		var f func(n int)
		f = func(n int) {
			defer w.Start("f").Stop()
			time.Sleep(ms)
			if n > 1 {
				f(n - 1)
			}
		}
		f(3)
		check(t, &w, Timer{Name: "f", Status: OK, Count: 3, Last: 3 * ms, Sum: 6 * ms, Min: ms, Max: 3 * ms})
	})
}

func TestRunningTimerCountsUntilNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w Watch
		w.Add("a", 10*ms)
		s := w.Start("a")
		time.Sleep(2 * ms)
		for range 2 { // looking does not change anything
			check(t, &w, Timer{Name: "a", Status: Running, Count: 2, Last: 2 * ms, Sum: 12 * ms, Min: 2 * ms, Max: 10 * ms})
		}
		time.Sleep(3 * ms)
		s.Stop()
		check(t, &w, Timer{Name: "a", Status: OK, Count: 2, Last: 5 * ms, Sum: 15 * ms, Min: 5 * ms, Max: 10 * ms})
	})
}

func TestStopErrors(t *testing.T) {
	var w Watch
	for range 2 {
		_, err := w.Stop("a")
		if !errors.Is(err, ErrNotRunning) || err.Error() != `stopwatch: timer "a": not running` {
			t.Errorf("error %v", err)
		}
		w.Start("a").Stop()
	}
	if got := get(t, &w, "a").Count; got != 2 {
		t.Errorf("%d measurements, want 2", got)
	}
}

func TestSpanEndsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w Watch
		s := w.Start("a")
		time.Sleep(ms)
		s.Stop()
		time.Sleep(ms)
		if s.Stop() != ms || s.Fail(errors.New("late")) != ms {
			t.Error("a second Stop measured again")
		}
		check(t, &w, Timer{Name: "a", Status: OK, Count: 1, Last: ms, Sum: ms, Min: ms, Max: ms})
	})
}

func TestStatus(t *testing.T) {
	var w Watch
	cause := errors.New("no convergence")
	if err := w.Time("a", func() error { return cause }); err != cause {
		t.Errorf("error %v", err)
	}
	if err := w.Time("a", func() error { return nil }); err != nil {
		t.Error(err)
	}
	if x := get(t, &w, "a"); x.Status != Failed || x.Message != "no convergence" || x.Count != 2 {
		t.Errorf("%+v", x)
	}
	w.SetStatus("a", OK)
	w.SetStatus("a", Running)
	w.SetMessage("a", "")
	if x := get(t, &w, "a"); x.Status != OK || x.Message != "" {
		t.Errorf("%+v", x)
	}
	w.Start("b").Fail(nil)
	if x := get(t, &w, "b"); x.Status != Failed || x.Message != "" {
		t.Errorf("%+v", x)
	}
	w.SetStatus("c", Failed)
	if x := get(t, &w, "c"); x.Status != Failed || x.Count != 0 || x.Mean() != 0 {
		t.Errorf("%+v", x)
	}
}

func TestPanicIsAFailure(t *testing.T) {
	var w Watch
	func() {
		defer func() {
			if recover() != "x" {
				t.Error("the panic was swallowed")
			}
		}()
		_ = w.Time("a", func() error { panic("x") })
	}()
	if x := get(t, &w, "a"); x.Status != Failed || x.Message != "panicked" || x.Count != 1 {
		t.Errorf("%+v", x)
	}
}

func TestTags(t *testing.T) {
	t.Setenv(TagsVariable, "np=4;host=a%3Bb")
	w := New()
	w.Tag("n", "1")
	w.Tag("n", "2")
	w.TagTimer("a", "n", "3")
	w.TagTimer("a", "warm", "")
	w.Start("b").Stop()
	if d := cmp.Diff([]Tag{{"np", "4"}, {"host", "a;b"}, {"n", "3"}, {"warm", ""}}, get(t, w, "a").Tags); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]Tag{{"np", "4"}, {"host", "a;b"}, {"n", "2"}}, get(t, w, "b").Tags); d != "" {
		t.Error(d)
	}
}

func TestOrderAndReset(t *testing.T) {
	var w Watch
	span := w.Start("z")
	w.Add("a", 1)
	w.SetMessage("m", "x")
	names := func() (out []string) {
		for _, x := range w.Timers() {
			out = append(out, x.Name)
		}
		return out
	}
	if d := cmp.Diff([]string{"z", "a", "m"}, names()); d != "" {
		t.Error(d)
	}
	w.Reset()
	span.Stop()
	w.Start("a").Stop()
	if d := cmp.Diff([]string{"a"}, names()); d != "" {
		t.Error(d)
	}
}

func TestGoroutines(t *testing.T) {
	const goroutines, rounds = 16, 200
	var w Watch
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for range rounds {
				outer := w.Start("outer")
				w.Start("shared")
				w.Timers()
				if _, err := w.Stop("shared"); err != nil {
					t.Error(err)
				}
				w.Tag("k", "v")
				outer.Stop()
			}
		})
	}
	wg.Wait()
	for _, name := range []string{"outer", "shared"} {
		if x := get(t, &w, name); x.Count != goroutines*rounds || x.Status != OK || x.Min > x.Mean() || x.Mean() > x.Max {
			t.Errorf("%+v", x)
		}
	}
}

// The clock must resolve what a call costs: some differences of neighbouring
// readings lie below a microsecond.
func TestResolution(t *testing.T) {
	var w Watch
	for range 10000 {
		w.Start("nothing").Stop()
	}
	if x := get(t, &w, "nothing"); x.Min >= time.Microsecond {
		t.Errorf("the shortest of 10000 empty measurements took %v", x.Min)
	}
}

func TestCSV(t *testing.T) {
	w := &Watch{Node: "red0", User: "ada"}
	w.Tag("n", "10")
	w.Add("fast", 1)
	w.Add("slow", 2*s1)
	w.Add("slow", 3*s1+123456789)
	w.SetMessage("slow", "a, \"b\"\nc")
	w.SetStatus("slow", Failed)
	var b bytes.Buffer
	if err := w.WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(b.String(), "\n")
	if len(lines) != 4 || lines[0] != "#csv,"+strings.Join(csvline.Columns, ",") {
		t.Fatalf("%s", b.String())
	}
	var got []map[string]string
	err := csvline.Read(&b, "log", func(r *csvline.Record) error {
		m := map[string]string{}
		for i, c := range r.Columns {
			m[c] = r.Values[i]
		}
		got = append(got, m)
		return nil
	}, nil)
	if err != nil || len(got) != 2 {
		t.Fatal(err, got)
	}
	for i, want := range []map[string]string{
		{"timer": "fast", "status": "ok", "time": "0.000000001", "sum": "0.000000001", "tag": "n=10", "msg": "", "uname.node": "red0", "user": "ada", "count": "1", "min": "0.000000001", "max": "0.000000001", "mean": "0.000000001"},
		{"timer": "slow", "status": "failed", "time": "3.123456789", "sum": "5.123456789", "msg": `a, "b" c`, "count": "2", "min": "2.000000000", "max": "3.123456789", "mean": "2.561728394"},
	} {
		for k, v := range want {
			if got[i][k] != v {
				t.Errorf("timer %d: %s = %q, want %q", i, k, got[i][k], v)
			}
		}
		if start, err := time.Parse(time.RFC3339Nano, got[i]["start"]); err != nil || time.Since(start) > time.Hour || time.Since(start) < 0 {
			t.Errorf("start %q, %v", got[i]["start"], err)
		}
		if got[i]["uname.system"] == "" || got[i]["platform.version"] == "" {
			t.Errorf("%v", got[i])
		}
	}
	b.Reset()
	if err := new(Watch).WriteCSV(&b); err != nil || b.Len() != 0 {
		t.Errorf("%v %q; want nothing for no timers", err, b.String())
	}
}

func TestBenchmark(t *testing.T) {
	w := &Watch{Node: "red0", User: "ada"}
	w.Add("solve", 1500*ms)
	var b bytes.Buffer
	if err := w.Benchmark(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| Timer | Status | Time | Sum  | Count |", "| solve | ok     | 1.5s | 1.5s |     1 |",
		"| Attribute ", "| cpu_cores ", "| uname.node ", "| red0 ", "| ada ",
		"\n#csv,timer,", "\n#csv,solve,ok,1.500000000,",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestFullDisc(t *testing.T) {
	var w Watch
	w.Add("a", 1)
	for name, f := range map[string]func() error{
		"Benchmark":    func() error { return w.Benchmark(full{}) },
		"WriteTable":   func() error { return w.WriteTable(full{}) },
		"WriteMachine": func() error { return w.WriteMachine(full{}) },
		"WriteCSV":     func() error { return w.WriteCSV(full{}) },
	} {
		if err := f(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := os.Stat("/dev/full"); err == nil {
		if err := w.Save("/dev/full"); err == nil || err.Error() != "stopwatch: cannot write /dev/full: no space left on device" {
			t.Errorf("error %v", err)
		}
	}
}

func TestSaveAndResume(t *testing.T) {
	path := filepath.Join(t.TempDir(), "timers.json")
	for run := range 3 {
		w := New()
		if err := w.Resume(path); err != nil {
			t.Fatal(err)
		}
		w.Add("a", time.Duration(run+1)*s1)
		w.TagTimer("a", "run", string(rune('0'+run)))
		if run == 1 {
			w.SetStatus("a", Failed)
			w.SetMessage("a", "second run")
		}
		if err := w.Save(path); err != nil {
			t.Fatal(err)
		}
	}
	w := New()
	if err := w.Resume(path); err != nil {
		t.Fatal(err)
	}
	check(t, w, Timer{Name: "a", Status: Failed, Count: 3, Last: 3 * s1, Sum: 6 * s1, Min: 1 * s1, Max: 3 * s1, Message: "second run", Tags: []Tag{{"run", "2"}}})
	// Timers of the Watch and of the file are put together.
	if err := w.Resume(path); err != nil {
		t.Fatal(err)
	}
	w.Add("b", 1)
	check(t, w, Timer{Name: "a", Status: Failed, Count: 6, Last: 3 * s1, Sum: 12 * s1, Min: 1 * s1, Max: 3 * s1, Message: "second run", Tags: []Tag{{"run", "2"}}})
}

// A measurement may begin in one run and end in a later one.
func TestResumeARunningTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "timers.json")
		first := New()
		first.Start("a")
		time.Sleep(s1)
		if err := first.Save(path); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * s1)
		second := New()
		if err := second.Resume(path); err != nil {
			t.Fatal(err)
		}
		inner := second.Start("a")
		time.Sleep(s1)
		inner.Stop()
		if d, err := second.Stop("a"); err != nil || d != 12*s1 {
			t.Errorf("%v, %v; want 12s", d, err)
		}
		check(t, second, Timer{Name: "a", Status: OK, Count: 2, Last: 12 * s1, Sum: 13 * s1, Min: s1, Max: 12 * s1})
	})
}

func TestResumeBrokenFiles(t *testing.T) {
	for name, text := range map[string]string{
		"not JSON":      "hello",
		"cut":           `{"ringo_stopwatch": 1, "timers": [{"name"`,
		"other JSON":    `{"timers": []}`,
		"newer":         `{"ringo_stopwatch": 2}`,
		"empty":         "",
		"negative":      `{"ringo_stopwatch":1,"timers":[{"name":"a","count":-1}]}`,
		"contradiction": `{"ringo_stopwatch":1,"timers":[{"name":"a","count":2,"last_ns":5,"sum_ns":6,"min_ns":5,"max_ns":6}]}`,
	} {
		path := filepath.Join(t.TempDir(), "timers.json")
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		w := New()
		err := w.Resume(path)
		if err == nil || !strings.HasPrefix(err.Error(), "stopwatch: cannot resume from "+path+": ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v", name, err)
		}
		if len(w.Timers()) != 0 {
			t.Errorf("%s: timers were made", name)
		}
	}
	if err := New().Resume(t.TempDir()); err == nil {
		t.Error("a folder was resumed from")
	}
}

func TestShort(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 999: "999ns", 12345: "12.35µs", 123456789: "123.5ms", 90*s1 + 123*ms: "1m30.12s", 100 * time.Hour: "100h0m0s",
	} {
		if got := short(d); got != want {
			t.Errorf("short(%d) = %s, want %s", d, got, want)
		}
	}
}

// FuzzResume: whatever the file holds, Resume fails or gives timers whose
// numbers fit each other.
func FuzzResume(f *testing.F) {
	f.Add([]byte(`{"ringo_stopwatch":1,"timers":[{"name":"a","count":2,"last_ns":4,"sum_ns":6,"min_ns":2,"max_ns":4,"start":"2026-01-01T00:00:00Z","running":["2026-01-01T00:00:00Z"],"tags":[{"Key":"k","Value":"v"}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		in, err := decode(data)
		if err != nil {
			return
		}
		w := New()
		for _, s := range in.Timers {
			w.mu.Lock()
			w.merge(s)
			w.mu.Unlock()
		}
		for _, x := range w.Timers() {
			if x.Count < 0 || x.Min > x.Max {
				t.Errorf("%+v", x)
			}
		}
		if err := w.WriteTable(new(bytes.Buffer)); err != nil {
			t.Error(err)
		}
	})
}

func BenchmarkStartStop(b *testing.B) {
	var w Watch
	b.ReportAllocs()
	for b.Loop() {
		w.Start("a").Stop()
	}
}
