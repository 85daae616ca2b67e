//go:build unix

package launch

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

func rankLabel(dst []byte, rank int, s Stream) []byte {
	return fmt.Appendf(dst, "[%d:%v] ", rank, s)
}

func TestLabels(t *testing.T) {
	for _, tt := range []struct {
		say  []string
		want string
	}{
		{[]string{"one\ntwo\n"}, "[0:stdout] one\n[0:stdout] two\n"},
		{[]string{"no end"}, "[0:stdout] no end"},
		{[]string{"a", "b", "c\n"}, "[0:stdout] abc\n"},
		{[]string{"\n\n"}, "[0:stdout] \n[0:stdout] \n"},
		{[]string{strings.Repeat("x", 100_000) + "\n", "y\n"}, "[0:stdout] " + strings.Repeat("x", 100_000) + "\n[0:stdout] y\n"},
	} {
		var both bytes.Buffer
		if _, _, _, err := run(t, Job{Stdout: &both, Stderr: &both, Label: rankLabel}, 1, append([]string{"say"}, tt.say...)...); err != nil {
			t.Fatal(err)
		}
		if got := both.String(); got != tt.want {
			t.Errorf("%.80q\n got %.200q\nwant %.200q", tt.say, got, tt.want)
		}
	}
}

// A watcher is an output that hands a line to the rank's input each time one
// more of its texts has appeared.
type watcher struct {
	out     strings.Builder
	answers io.Writer
	awaited []string
}

func (w *watcher) Write(p []byte) (int, error) {
	w.out.Write(p)
	for len(w.awaited) > 0 && strings.HasSuffix(w.out.String(), w.awaited[0]) {
		w.awaited = w.awaited[1:]
		fmt.Fprintln(w.answers, "go on")
	}
	return len(p), nil
}

// TestPartialLines: text without a line's end appears, and when the other
// stream writes meanwhile, its line is ended. The rank goes on only after the
// text has appeared.
func TestPartialLines(t *testing.T) {
	for _, tt := range []struct {
		say, awaited []string
		want         string
	}{
		{[]string{"prompt: ", "<", "answer\n", "next\n"}, []string{"prompt: "}, "[0:stdout] prompt: answer\n[0:stdout] next\n"},
		{[]string{"a", "<", "b", "<", "c"}, []string{"a", "b"}, "[0:stdout] abc"},
		{[]string{"out ", "<", "2:err\n", "<", "put\n"}, []string{"out ", "err\n"}, "[0:stdout] out \n[0:stderr] err\n[0:stdout] put\n"},
		{[]string{"one\ntwo", "<", "2:err", "<", "\n"}, []string{"two", "err"}, "[0:stdout] one\n[0:stdout] two\n[0:stderr] err\n[0:stdout] \n"},
	} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		x := &watcher{answers: w, awaited: tt.awaited}
		if _, _, _, err := run(t, Job{Stdin: r, Stdout: x, Stderr: x, Label: rankLabel}, 1, append([]string{"say"}, tt.say...)...); err != nil {
			t.Fatal(err)
		}
		if got := x.out.String(); got != tt.want {
			t.Errorf("%q\n got %q\nwant %q", tt.say, got, tt.want)
		}
		r.Close()
		w.Close()
	}
}

// TestLinesStayWhole: many ranks write at the same time, no line is cut or lost.
func TestLinesStayWhole(t *testing.T) {
	const ranks, count = 5, 2000
	for _, label := range []func([]byte, int, Stream) []byte{nil, rankLabel} {
		_, stdout, _, err := run(t, Job{Label: label}, ranks, "lines", fmt.Sprint(count), "40")
		if err != nil {
			t.Fatal(err)
		}
		next := make([]int, ranks)
		form := regexp.MustCompile(`^(\[(\d):stdout\] )?(\d) (\d+) x{40}$`)
		for line := range strings.Lines(stdout) {
			m := form.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
			if m == nil || (m[1] == "") != (label == nil) || label != nil && m[2] != m[3] {
				t.Fatalf("line %q", line)
			}
			r := int(m[3][0] - '0')
			if m[4] != fmt.Sprint(next[r]) {
				t.Fatalf("rank %d: line %s, want %d", r, m[4], next[r])
			}
			next[r]++
		}
		for r, n := range next {
			if n != count {
				t.Errorf("rank %d: %d lines", r, n)
			}
		}
	}
}

// TestOutputIsTheLaunchers: a rank does not hold the launcher's own file, or two
// that write to it would overwrite each other's lines. What nobody reads costs
// nothing.
func TestOutputIsTheLaunchers(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	null, err := nullDevice()
	if err != nil {
		t.Fatal(err)
	}
	if o, err := newOutput(&Job{Stdout: null}, 2, nil); err != nil || len(o.sources) != 0 {
		t.Errorf("%d pipes, %v", len(o.sources), err)
	}
	script := "echo one; echo two > /dev/stdout; echo three >> /dev/stderr"
	if _, err := os.Stat("/dev/stdout"); err != nil {
		script = "echo one; echo two; echo three >&2"
	}
	const ranks = 4
	j := Job{Apps: []App{{Path: "/bin/sh", Args: []string{"-c", script}, Ranks: ranks}}, Stdout: f, Stderr: f}
	if _, err := j.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	text, _ := os.ReadFile(f.Name())
	for _, line := range []string{"one\n", "two\n", "three\n"} {
		if n := strings.Count(string(text), line); n != ranks {
			t.Errorf("%d times %q in %q", n, line, text)
		}
	}
}

// TestPiecesOfLines: lines that ranks write in pieces are whole, with labels and
// without, and in files.
func TestPiecesOfLines(t *testing.T) {
	const script = `for i in 1 2 3; do printf '%s' $RINGO_RANK; sleep 0.1; printf '%s' -; sleep 0.15; echo $RINGO_RANK; done; printf end`
	for _, label := range []func([]byte, int, Stream) []byte{nil, rankLabel} {
		for _, tty := range []bool{false, true} {
			var out bytes.Buffer
			j := Job{Apps: []App{{Path: "/bin/sh", Args: []string{"-c", script}, Ranks: 3}}, Stdout: &out, Label: label}
			if tty { // rank 0 may be asking for input
				r, w, err := os.Pipe()
				if err != nil {
					t.Fatal(err)
				}
				defer r.Close()
				defer w.Close()
				j.Stdin = r
			}
			if _, err := j.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			for r := range 3 {
				want := fmt.Sprintf("%d-%d\n", r, r)
				if label != nil {
					want = fmt.Sprintf("[%d:stdout] ", r) + want
				}
				if n := strings.Count(out.String(), want); n != 3 {
					t.Errorf("labels %v, input %v: %d times %q in\n%s", label != nil, tty, n, want, out.String())
				}
			}
		}
	}
}

// TestBytesPassUnchanged: without labels nothing is added to what ranks write.
func TestBytesPassUnchanged(t *testing.T) {
	_, stdout, _, err := run(t, Job{}, 3, "say", "a\x01", "b")
	if err != nil || stdout != strings.Repeat("a\x01b", 3) {
		t.Errorf("%q %v", stdout, err)
	}
}

// slowWriter takes its time.
type slowWriter struct{ bytes.Buffer }

func (w *slowWriter) Write(p []byte) (int, error) {
	if w.Len() == 0 {
		time.Sleep(700 * time.Millisecond)
	}
	return w.Buffer.Write(p)
}

// TestSlowReader: what ranks have written before their end is waited for.
func TestSlowReader(t *testing.T) {
	var out slowWriter
	if _, _, _, err := run(t, Job{Stdout: &out}, 2, "lines", "2000", "60"); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "\n"); n != 4000 {
		t.Errorf("%d lines of 4000", n)
	}
}

func TestOutputFiles(t *testing.T) {
	dir := t.TempDir()
	j := Job{Files: func(r int) (string, string) {
		return fmt.Sprintf("%s/%d/out", dir, r), filepath.Join(dir, "errors")
	}}
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
		}
		return string(text)
	}
	_, stdout, stderr, err := run(t, j, 2, "say", "hello\n", "2:oops\n")
	if err != nil || stdout != "" || stderr != "" {
		t.Errorf("%q %q %v", stdout, stderr, err)
	}
	if read("0/out") != "hello\n" || read("1/out") != "hello\n" || read("errors") != "oops\noops\n" {
		t.Errorf("%q %q %q", read("0/out"), read("1/out"), read("errors"))
	}
	j.Tee, j.Label = true, rankLabel
	_, stdout, stderr, err = run(t, j, 2, "say", "hello\n", "2:oops\n")
	if err != nil || sorted(stdout) != "[0:stdout] hello\n[1:stdout] hello" || sorted(stderr) != "[0:stderr] oops\n[1:stderr] oops" {
		t.Errorf("%q %q %v", stdout, stderr, err)
	}
	if read("1/out") != "[1:stdout] hello\n" || sorted(read("errors")) != "[0:stderr] oops\n[1:stderr] oops" {
		t.Errorf("%q %q", read("1/out"), read("errors"))
	}
}
