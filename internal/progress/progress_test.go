package progress

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// buffer is a bytes.Buffer for several goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) lines() (out []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for line := range strings.Lines(b.b.String()) {
		_, rest, _ := strings.Cut(strings.TrimSpace(line), " ") // without the time
		out = append(out, rest)
	}
	return out
}

func TestLogLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out buffer
		b := Start(&out, "sweep", 10, 30*time.Second)
		time.Sleep(31 * time.Second)
		b.Add(2)
		time.Sleep(30 * time.Second)
		b.Add(8)
		b.Stop()
		b.Stop()
		time.Sleep(time.Hour)
		want := []string{
			"level=INFO msg=sweep done=0 of=10",
			"level=INFO msg=sweep done=2 of=10 left=4m0s",
		}
		got := out.lines()
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%q, want %q", got, want)
		}
		if b.Done() != 10 {
			t.Errorf("done %d", b.Done())
		}
	})
}

func TestShortJobIsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out buffer
		for _, interval := range []time.Duration{DefaultInterval, 0} {
			b := Start(&out, "x", 1, interval)
			time.Sleep(DefaultInterval - time.Second)
			b.Add(1)
			if b.Writer(&out) != &out {
				t.Error("messages go elsewhere")
			}
			b.Stop()
		}
		if got := out.lines(); got != nil {
			t.Errorf("%q", got)
		}
	})
}

func TestManyGoroutines(t *testing.T) {
	var out buffer
	b := Start(&out, "x", 1000, time.Millisecond)
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			for range 100 {
				b.Add(1)
			}
		})
	}
	wg.Wait()
	b.Stop()
	if b.Done() != 1000 {
		t.Errorf("done %d", b.Done())
	}
}
