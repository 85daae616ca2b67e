//go:build linux

package enginetest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringo-mpi/ringo/mpi"
)

// traces is what a process or a machine may be left with.
type traces struct {
	goroutines int
	fds        []string
	shm        []string
	children   []string
}

func takeTraces() traces {
	tr := traces{goroutines: runtime.NumGoroutine()}
	fds, _ := os.ReadDir("/proc/self/fd")
	for _, fd := range fds {
		if to, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil {
			tr.fds = append(tr.fds, to)
		}
	}
	shm, _ := os.ReadDir("/dev/shm")
	for _, e := range shm {
		if strings.Contains(e.Name(), "ringo") {
			tr.shm = append(tr.shm, e.Name())
		}
	}
	lists, _ := filepath.Glob("/proc/self/task/*/children")
	for _, l := range lists {
		b, _ := os.ReadFile(l)
		tr.children = append(tr.children, strings.Fields(string(b))...)
	}
	return tr
}

// left compares with what was there before; it waits a while for what ends by
// itself.
func (before traces) left() string {
	var report []string
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		now := takeTraces()
		report = nil
		if now.goroutines > before.goroutines {
			report = append(report, fmt.Sprintf("%d goroutines more:\n%s", now.goroutines-before.goroutines, everyStack()))
		}
		for _, s := range []struct {
			what      string
			was, have []string
		}{{"descriptors", before.fds, now.fds}, {"files in /dev/shm", before.shm, now.shm}, {"child processes", before.children, now.children}} {
			was := slices.Clone(s.was)
			for _, x := range s.have {
				if i := slices.Index(was, x); i >= 0 {
					was = slices.Delete(was, i, i+1)
				} else if !strings.HasPrefix(x, "anon_inode:") && !strings.HasPrefix(x, "/proc/") || s.what != "descriptors" {
					report = append(report, s.what+": "+x)
				}
			}
		}
		if len(report) == 0 || time.Now().After(end) {
			return strings.Join(report, "\n")
		}
	}
}

func everyStack() string {
	b := make([]byte, 1<<20)
	return string(b[:runtime.Stack(b, true)])
}

// exercise uses a world in many ways and leaves it clean.
func exercise(world *mpi.Comm) error {
	n, me := world.Size(), world.Rank()
	d, err := world.Dup()
	if err != nil {
		return err
	}
	for _, size := range []int{1, 5000, 200000} {
		r := mpi.Irecv(d, make([]byte, size), (me+n-1)%n, 1)
		if err := mpi.Send(d, make([]byte, size), (me+1)%n, 1); err != nil {
			return err
		}
		if _, err := r.Wait(); err != nil {
			return err
		}
		if err := mpi.Allreduce(d, make([]byte, size), make([]byte, size), mpi.Sum); err != nil {
			return err
		}
		if _, err := mpi.Iallgather(d, make([]byte, size), make([]byte, size*n)).Wait(); err != nil {
			return err
		}
		if _, err := mpi.AllgatherObject(d, make([]byte, size)); err != nil {
			return err
		}
	}
	ctx, stop := context.WithTimeout(context.Background(), time.Millisecond)
	defer stop()
	mpi.Recv(d.WithContext(ctx), make([]int, 1), me, 3)
	return d.Free()
}

// After the end of a world nothing is left of it: no goroutine, descriptor,
// file in /dev/shm or process, also when a rank has failed.
func TestNothingIsLeft(t *testing.T) {
	t.Run("inproc", func(t *testing.T) {
		before := takeTraces()
		for _, n := range []int{1, 2, 5} {
			if err := mpi.Run(n, exercise); err != nil {
				t.Error(err)
			}
			err := mpi.Run(n, func(world *mpi.Comm) error {
				if world.Rank() == 0 {
					panic("a rank fails")
				}
				return world.Barrier()
			})
			if err == nil {
				t.Error("no error of a world with a panic")
			}
		}
		if left := before.left(); left != "" {
			t.Error(left)
		}
	})
	t.Run("shm", func(t *testing.T) {
		var before traces
		env := readEnvironment()
		env.harness, env.dir = "shm", t.TempDir()
		for i, names := range [][]string{
			{"6.3 Barrier"}, // the launcher keeps a thread that starts processes
			{"a process is left with nothing after Finalize"}, {"a rank that is killed is seen by all others"},
		} {
			if i == 1 {
				before = takeTraces()
			}
			stacks, err := startShm(context.Background(), 3, names, env, func(r result) {
				for _, f := range r.Fails {
					t.Errorf("rank %d: %s", r.Rank, f)
				}
			})
			if failed := err != nil; failed != strings.Contains(names[0], "killed") {
				t.Errorf("%s: %v\n%s", names[0], err, stacks)
			}
		}
		if left := before.left(); left != "" {
			t.Error(left)
		}
	})
}

func init() {
	Define(Case{
		Name: "a process is left with nothing after Finalize", World: true, Needs: ownProcess, Run: nothingAfterFinalize,
		Rule: "Finalize gives goroutines and descriptors back.",
	})
}

func nothingAfterFinalize(t *T, world *mpi.Comm) {
	if err := exercise(world); err != nil {
		t.Fatalf("%v", err)
	}
	if err := mpi.Finalize(); err != nil {
		t.Fatalf("%v", err)
	}
	var wrong []string
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		now := takeTraces()
		wrong = nil
		for _, to := range now.fds {
			if strings.Contains(to, "memfd") || strings.HasPrefix(to, "socket:") {
				wrong = append(wrong, "descriptor of "+to)
			}
		}
		if now.goroutines > 1 {
			wrong = append(wrong, everyStack())
		}
		if len(wrong) == 0 || time.Now().After(end) {
			break
		}
	}
	for _, w := range wrong {
		t.Errorf("after Finalize: %s", w)
	}
}
