package mpi_test

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/ringo-mpi/ringo/mpi"
)

// programs are what the test binary runs instead of the tests when
// MPI_TEST_PROGRAM names one.
var programs = map[string]func(){
	"sum": func() {
		mpi.Main(func(c *mpi.Comm) error {
			sum, err := mpi.AllreduceValue(c, c.Rank(), mpi.Sum)
			if c.Rank() == 0 {
				fmt.Println("sum", sum)
			}
			return err
		})
		fmt.Println("after Main")
	},
	"error": func() {
		mpi.Main(func(c *mpi.Comm) error {
			if c.Rank() == 1 {
				return errors.New("no more paper")
			}
			_, err := mpi.Recv(c, []int{0}, 1, 0)
			return err
		})
	},
	"panic": func() {
		mpi.Main(func(c *mpi.Comm) error {
			if c.Rank() == 1 {
				panicHere(nil)
			}
			return c.Barrier()
		})
	},
	"goexit": func() {
		mpi.Main(func(c *mpi.Comm) error {
			if c.Rank() == 1 {
				runtime.Goexit()
			}
			return c.Barrier()
		})
	},
	"stuck": func() { // a rank that never looks up does not keep the job alive
		mpi.Main(func(c *mpi.Comm) error {
			if c.Rank() == 1 {
				return errors.New("gone")
			}
			select {}
		})
	},
	"left": func() { // the others have ended well; nobody but this rank can say what is wrong
		mpi.Main(func(c *mpi.Comm) error {
			if c.Rank() == 1 {
				return nil
			}
			_, err := mpi.Recv(c, []int{0}, 1, 0)
			return err
		})
	},
	"abort": func() {
		mpi.Main(func(c *mpi.Comm) error {
			if c.Rank() == 1 {
				c.Abort(42)
			}
			return c.Barrier()
		})
	},
	"init": func() {
		world, err := mpi.Init()
		if err != nil {
			fmt.Println(err)
			os.Exit(3)
		}
		_, again := mpi.Init()
		fmt.Println("size", world.Size(), errors.Is(again, mpi.ErrOther))
		fmt.Println(mpi.Finalize(), world.Barrier(), mpi.Finalize())
	},
}

func panicHere(m map[string]int) { m["x"] = 1 }

// program runs one of the programs in a process of its own.
func program(t *testing.T, name string, env ...string) (stdout, stderr string, status int) {
	t.Helper()
	var out, errs strings.Builder
	cmd := command(t, name, env...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func TestMainRuns(t *testing.T) {
	for env, want := range map[string]string{"RINGO_RANKS=4": "sum 6\nafter Main\n", "RINGO_RANKS=": "sum 0\nafter Main\n"} {
		if out, errs, status := program(t, "sum", env); out != want || errs != "" || status != 0 {
			t.Errorf("%s: status %d\n%s%s", env, status, out, errs)
		}
		if out, errs, status := program(t, "sum", env, "RINGO_CHECK=1"); out != want || errs != "" || status != 0 {
			t.Errorf("%s, checked: status %d\n%s%s", env, status, out, errs)
		}
	}
	_, errs, _ := program(t, "sum", "RINGO_RANKS=2", "RINGO_VERBOSE=1")
	if strings.Count(errs, "\n") != 2 || !strings.Contains(errs, "ringo: rank 1 of 2 on ") || !strings.Contains(errs, ": RINGO_RANKS=2\n") {
		t.Errorf("verbose: %q", errs)
	}
}

func TestMainFails(t *testing.T) {
	for _, k := range []struct {
		program string
		env     string
		status  int
		lines   []string // what the lines of the standard error stream contain
	}{
		{"error", "RINGO_RANKS=3", 1, []string{": no more paper"}},
		{"panic", "RINGO_RANKS=3", 1, []string{"panic: assignment to entry in nil map", "mpi_test.panicHere", "program_test.go:", "mpi_test.init.func", "program_test.go:"}},
		{"goexit", "RINGO_RANKS=3", 1, []string{"runtime.Goexit"}},
		{"stuck", "RINGO_RANKS=3", 1, []string{": gone"}},
		{"left", "RINGO_RANKS=2", 1, []string{"ringo: rank 0 of 2 on "}},
		{"sum", "RINGO_RANKS=none", 2, []string{"ringo: invalid argument: RINGO_RANKS=none: it is the number"}},
		{"sum", "RINGO_CHECK=maybe", 2, []string{"ringo: invalid argument: RINGO_CHECK=maybe"}},
		{"sum", "RINGO_ENGINE=swift", 2, []string{"RINGO_ENGINE=swift: it is auto, embedded or native"}},
		{"sum", "RINGO_ENGINE=native", 1, []string{"ringo: launched wrongly: RINGO_ENGINE=native: this program has no native engine"}},
		{"sum", "OMPI_COMM_WORLD_SIZE=4", 1, []string{"Open MPI's mpirun (OMPI_COMM_WORLD_SIZE is set) has started this process, and cannot be used: its PMIx server is not to be found"}},
		{"sum", "PMI_PORT=127.0.0.1:1", 1, []string{"an mpiexec that speaks PMI (PMI_PORT is set) has started this process, and cannot be used: PMI_ID"}},
		{"init", "RINGO_RANKS=2", 3, nil},
	} {
		t.Run(k.program+" "+k.env, func(t *testing.T) {
			_, errs, status := program(t, k.program, k.env)
			lines := strings.Split(strings.TrimSuffix(errs, "\n"), "\n")
			if status != k.status || k.lines != nil && len(lines) != len(k.lines) {
				t.Fatalf("status %d, want %d\n%s", status, k.status, errs)
			}
			for i, want := range k.lines {
				if !strings.Contains(lines[i], want) {
					t.Errorf("line %d %q: want %q", i, lines[i], want)
				}
			}
			if strings.HasPrefix(k.env, "RINGO_RANKS=3") && !strings.HasPrefix(errs, "ringo: rank 1 of 3 on ") {
				t.Errorf("the rank is not named: %q", errs)
			}
		})
	}
}

func TestAbort(t *testing.T) {
	if _, errs, status := program(t, "abort", "RINGO_RANKS=3"); status != 42 || !strings.Contains(errs, "Abort(42) was called by rank 1 of world") {
		t.Errorf("status %d, %q", status, errs)
	}
}

func TestInit(t *testing.T) {
	out, errs, status := program(t, "init")
	lines := strings.Split(out, "\n")
	if status != 0 || errs != "" || lines[0] != "size 1 true" || !strings.HasPrefix(lines[1], "<nil> mpi: Barrier: not initialised or already finalised: after Finalize [rank 0 of world") ||
		!strings.Contains(lines[1], "mpi: Finalize: not initialised or already finalised") {
		t.Errorf("status %d\n%s%s", status, out, errs)
	}
}

func TestRunReports(t *testing.T) {
	why := errors.New("why")
	err := mpi.Run(4, func(c *mpi.Comm) error {
		switch c.Rank() {
		case 1:
			return why
		case 2:
			panicHere(nil)
		}
		return c.Barrier()
	})
	var p *mpi.PanicError
	if !errors.Is(err, why) || !errors.As(err, &p) || !strings.Contains(p.Stack, "panicHere") || errors.Is(err, mpi.ErrProcFailed) {
		t.Errorf("%v", err)
	}
	if n := strings.Count(err.Error(), "\n"); n != 1 {
		t.Errorf("%d ranks are reported besides the first: %v", n, err)
	}
	err = mpi.Run(2, func(c *mpi.Comm) error { panic(why) })
	if !errors.Is(err, why) {
		t.Errorf("a panic with an error: %v", err)
	}
	err = mpi.Run(3, func(c *mpi.Comm) error {
		if c.Rank() == 2 {
			runtime.Goexit()
		}
		return c.Barrier()
	})
	var r *mpi.RankError
	if !errors.As(err, &r) || r.Rank != 2 || !strings.Contains(err.Error(), "runtime.Goexit") {
		t.Errorf("Goexit: %v", err)
	}
}

// Worlds of one process have nothing to do with each other.
func TestRunAtOnce(t *testing.T) {
	errs := make(chan error)
	for n := 1; n <= 4; n++ {
		go func() {
			errs <- mpi.Run(n, func(c *mpi.Comm) error {
				for range 20 {
					sum, err := mpi.AllreduceValue(c, 1, mpi.Sum)
					if err != nil || sum != n {
						return fmt.Errorf("%d of %d, %v", sum, n, err)
					}
				}
				return nil
			})
		}()
	}
	for range 4 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}
