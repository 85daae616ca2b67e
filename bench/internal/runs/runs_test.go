package runs

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseFigures(t *testing.T) {
	for text, want := range map[string][]Figure{
		"size,latency_us\n0,0.5\n8,0.6\n":                                   {{"", "latency_us", 0, 0.5}, {"", "latency_us", 8, 0.6}},
		"benchmark,ranks,collective,size,avg_us\nc,2,bcast,4,1.5\n":         {{"bcast", "avg_us", 4, 1.5}},
		"size,mb_per_s,messages_per_s\n8,1,2\n":                             {{"", "mb_per_s", 8, 1}, {"", "messages_per_s", 8, 2}},
		"rank,percent_of_core\n1,1\n2,3\n3,5\n":                             {{"", "percent_of_core", 0, 3}},
		"size,latency_us\n0,0.5\n8,0.":                                      {{"", "latency_us", 0, 0.5}}, // ended in the middle
		"benchmark,call,size,allocs,bytes\nallocs,send and recv,8,0.5,16\n": {{"send and recv", "allocs", 8, 0.5}, {"send and recv", "bytes", 8, 16}},
	} {
		got, err := ParseFigures(text, false)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q: %s", text, d)
		}
	}
	got, err := ParseFigures("benchmark,ranks,all_ms\nranks,1000,5\n", true)
	if err != nil || len(got) != 1 || got[0].Size != 1000 {
		t.Errorf("ranks: %v, %v", got, err)
	}
	for _, text := range []string{"", "size,latency_us", "size,latency_us\nx,1\n", "size,latency_us\n1,x\n", "size,latency_us\n1,NaN\n", "size,latency_us\n1\n", "\"\n"} {
		if got, err := ParseFigures(text, false); err == nil {
			t.Errorf("%q gives %v", text, got)
		}
	}
}

// A program that does not end in its time is ended with all it has started,
// and what it had printed counts.
func TestTimeBox(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("LEFT OUT: descendants are only followed on Linux")
	}
	Adopt()
	pidFile := filepath.Join(t.TempDir(), "pid")
	script := "echo size,latency_us; echo 8,0.5; (setsid sh -c 'echo $$ >" + pidFile + "; sleep 100') & while ! test -s " + pidFile + "; do sleep 0.01; done; sleep 100"
	text, _, err := Output(context.Background(), 500*time.Millisecond, os.Environ(), []string{"sh", "-c", script})
	if err == nil || !strings.Contains(err.Error(), "did not end in its time of 500ms") {
		t.Errorf("error %v", err)
	}
	if figures, err := ParseFigures(text, false); err != nil || len(figures) != 1 {
		t.Errorf("figures %v, %v", figures, err)
	}
	pid, err := os.ReadFile(pidFile)
	if err != nil {
		t.Skipf("LEFT OUT: the machine did not get to start the child in time (%v)", err)
	}
	for range 200 { // its number is free when it has been waited for
		if _, err := os.Stat("/proc/" + strings.TrimSpace(string(pid))); err != nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("process %s is still there", pid)
}

func TestFailureOfARun(t *testing.T) {
	_, _, err := Output(context.Background(), time.Minute, os.Environ(), []string{"sh", "-c", "echo -----; echo what is wrong >&2; exit 3"})
	if err == nil || !strings.Contains(err.Error(), "exit status 3: what is wrong") {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := Output(ctx, time.Minute, os.Environ(), []string{"sh", "-c", "sleep 10"}); err != context.Canceled {
		t.Errorf("error %v", err)
	}
}
