//go:build unix

package launch

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestStdin(t *testing.T) {
	big := strings.Repeat("0123456789abcde\n", 40_000)
	name := filepath.Join(t.TempDir(), "input")
	if err := os.WriteFile(name, []byte(big), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		rank int
		want []int // which ranks read it
	}{{0, []int{0}}, {2, []int{2}}, {StdinAll, []int{0, 1, 2}}, {StdinNone, nil}} {
		for _, kind := range []string{"file", "reader"} {
			var src io.Reader = strings.NewReader(big)
			if kind == "file" {
				f, err := os.Open(name)
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				src = f
			}
			_, stdout, stderr, err := run(t, Job{Stdin: src, StdinRank: tt.rank, Label: rankLabel}, 3, "cat")
			if err != nil {
				t.Fatal(err)
			}
			for r := range 3 {
				want := 0
				for _, w := range tt.want {
					if w == r {
						want = len(big)
					}
				}
				if !strings.Contains(stderr, fmt.Sprintf("[%d:stderr] %d <nil>\n", r, want)) {
					t.Errorf("%s to %d: rank %d did not read %d bytes:\n%s", kind, tt.rank, r, want, stderr)
				}
			}
			if n := strings.Count(stdout, "0123456789abcde\n"); n != 40_000*len(tt.want) {
				t.Errorf("%s to %d: %d lines came back", kind, tt.rank, n)
			}
		}
	}
}

// TestStdinNotRead: a rank that ends, or that does not read, hinders nobody.
func TestStdinNotRead(t *testing.T) {
	big := strings.Repeat("0123456789abcde\n", 40_000)
	_, stdout, _, err := run(t, Job{Stdin: strings.NewReader(big), StdinRank: StdinAll}, 3, "head")
	if err != nil || stdout != strings.Repeat("0123456789abcde\n", 3) {
		t.Errorf("%.100q %v", stdout, err)
	}
	r, w := io.Pipe() // never has anything to say, never ends
	defer w.Close()
	if _, _, _, err := run(t, Job{Stdin: r}, 2, "exit", "0", "0"); err != nil {
		t.Error(err)
	}
}

// endless is an input without an end; it counts what has been taken.
type endless struct{ taken atomic.Int64 }

func (e *endless) Read(p []byte) (int, error) { e.taken.Add(int64(len(p))); return len(p), nil }

// TestInputIsBounded: of an input for all ranks the launcher does not hold more
// than it must when one of them does not read.
func TestInputIsBounded(t *testing.T) {
	in := &endless{}
	j := Job{Apps: []App{{Path: "/bin/sh", Args: []string{"-c", "[ $RINGO_RANK = 0 ] || exec sleep 1; exec head -c 100000000 > /dev/null"}, Ranks: 2}}, Stdin: in, StdinRank: StdinAll, Grace: time.Millisecond}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		time.Sleep(800 * time.Millisecond)
		if n := in.taken.Load(); n > 2*maxFeed {
			t.Errorf("%d bytes were taken", n)
		}
	}()
	_, _ = j.Run(ctx)
	<-done
}
