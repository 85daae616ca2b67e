//go:build unix

package native

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// playScene does what a test about the life of a job asks of its ranks.
func playScene(d *driver, scene string) int {
	w := d.world
	block := func() { w.Recv(engine.OfBytes(make([]byte, 1)), engine.AnySource, 1, nil) }
	switch scene {
	case "hello":
		fmt.Printf("rank %d of %d, %s, library %s\n", w.rank, w.size, d.transport(), d.path)
	case "abort":
		if w.rank == w.size-1 {
			time.Sleep(50 * time.Millisecond)
			d.Abort(7, "that is enough")
		}
		block()
	case "fail":
		if w.rank == 0 {
			time.Sleep(50 * time.Millisecond)
			d.Fail("something went wrong")
		}
		block()
	case "killed":
		if w.rank == 0 {
			time.Sleep(50 * time.Millisecond)
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
		block()
	case "unreceived":
		finishTimeout = 300 * time.Millisecond
		if w.rank == 0 {
			if _, err := w.Isend(engine.OfBytes(make([]byte, 10)), 1, 5, engine.Synchronous); err != nil {
				fmt.Println(err)
			}
			fmt.Println("finalize:", d.Finalize())
			return 1
		}
		time.Sleep(time.Second)
	}
	if err := d.Finalize(); err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

// play runs a scene.
func (in installation) play(t *testing.T, n int, scene string, env ...string) result {
	t.Helper()
	return in.run(t, n, append(env, envScene+"="+scene))
}

// line finds the line of an output that contains all of the texts.
func line(t *testing.T, out string, texts ...string) string {
	t.Helper()
	for l := range strings.Lines(out) {
		all := true
		for _, s := range texts {
			all = all && strings.Contains(l, s)
		}
		if all {
			return strings.TrimSpace(l)
		}
	}
	t.Errorf("no line with %q in:\n%s", texts, out)
	return ""
}

func TestLife(t *testing.T) {
	if job != nil {
		return
	}
	for _, in := range installations(t) {
		t.Run(in.name, func(t *testing.T) {
			t.Run("hello", func(t *testing.T) {
				r := in.play(t, 2, "hello")
				if r.status != 0 {
					t.Errorf("exit status %d", r.status)
				}
				line(t, r.output, "rank 0 of 2", "ABI", "MPI_THREAD_MULTIPLE")
				line(t, r.output, "rank 1 of 2")
				if n := strings.Count(strings.TrimSpace(r.output), "\n"); n != 1 {
					t.Errorf("there is output that nobody asked for:\n%s", r.output)
				}
			})
			t.Run("abort", func(t *testing.T) {
				r := in.play(t, 2, "abort")
				if r.status != 7 {
					t.Errorf("exit status %d, want 7", r.status)
				}
				line(t, r.output, "rank 1", "that is enough")
			})
			t.Run("fail", func(t *testing.T) {
				if r := in.play(t, 3, "fail"); r.status != 1 {
					t.Errorf("exit status %d, want 1\n%s", r.status, r.output)
				}
			})
			t.Run("killed", func(t *testing.T) {
				if r := in.play(t, 2, "killed"); r.status == 0 {
					t.Errorf("exit status 0 with a killed rank\n%s", r.output)
				}
			})
			t.Run("unreceived", func(t *testing.T) {
				r := in.play(t, 2, "unreceived")
				if r.status == 0 {
					t.Error("exit status 0")
				}
				line(t, r.output, "finalize:", "rank 1, tag 5", "have not completed")
			})
			t.Run("bad library", func(t *testing.T) { badLibraries(t, in) })
		})
	}
}

// badLibraries checks that each thing that is no usable library gives one clear
// line, on every rank, and nothing crashes.
func badLibraries(t *testing.T, in installation) {
	real, err := os.ReadFile(in.file(t))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	cases := []struct{ path, text string }{
		{"/no/such/libmpi.so", "no such file"},
		{"libnosuch.so.99", "cannot open"},
		{dir, "is a directory"},
		{file("empty.so", nil), "not a shared library"},
		{file("text.so", []byte("this is no library, it is text\n")), "not a shared library"},
		{os.Args[0], "not"}, // a program
		{"libc.so.6", "not an MPI library"},
	}
	for _, part := range []int{100, 5000, len(real) / 2} {
		cases = append(cases, struct{ path, text string }{file(fmt.Sprintf("cut%d.so", part), real[:part]), ""})
	}
	for _, c := range cases {
		r := in.play(t, 1, "hello", "RINGO_LIBMPI="+c.path)
		if r.status == 0 {
			t.Errorf("RINGO_LIBMPI=%s: exit status 0", c.path)
		}
		l := line(t, r.output, "RINGO_LIBMPI="+c.path+" cannot be used", c.text)
		if strings.Count(l, "RINGO_LIBMPI=") != 1 || strings.Contains(r.output, "goroutine ") || strings.Contains(r.output, "SIG") {
			t.Errorf("RINGO_LIBMPI=%s: not one clear line:\n%s", c.path, r.output)
		}
	}
}

// file is the file of the installation's library.
func (in installation) file(t *testing.T) string {
	t.Helper()
	l := line(t, in.play(t, 1, "hello").output, "library ")
	_, path, _ := strings.Cut(l, "library ")
	return path
}

// A launcher with the library of another one: every rank would be a world of
// one. It says so instead.
func TestMismatch(t *testing.T) {
	if job != nil {
		return
	}
	all := installations(t)
	if len(all) < 2 {
		return // there is nothing to mix, as installations has said
	}
	for i, in := range all[:2] {
		other := all[1-i].file(t)
		t.Run(in.name+" with "+all[1-i].name, func(t *testing.T) {
			r := in.play(t, 2, "hello", "RINGO_LIBMPI="+other, "OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1")
			if r.status == 0 {
				t.Error("exit status 0")
			}
			line(t, r.output, "started 2 processes", "world of one", "RINGO_LIBMPI")
			if strings.Contains(r.output, "rank 0 of 1") {
				t.Errorf("a world of one ran:\n%s", r.output)
			}
		})
	}
}
