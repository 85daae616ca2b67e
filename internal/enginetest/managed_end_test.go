//go:build linux

package enginetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/ringo-mpi/ringo/internal/enginetest/installed"
	"github.com/ringo-mpi/ringo/mpi"
)

// How jobs of other launchers end. The test binary is their program.

const varScene = "RINGO_TEST_PROGRAM"

// scenes are the programs.
var scenes = map[string]func(w *mpi.Comm) error{
	// All is well.
	"well": func(w *mpi.Comm) error {
		if err := w.Barrier(); err != nil {
			return err
		}
		return say(w, "here")
	},
	// Rank 1 aborts while the others wait for it.
	"abort": func(w *mpi.Comm) error {
		if err := w.Barrier(); err != nil {
			return err
		}
		if w.Rank() == 1 {
			w.Abort(7)
		}
		return w.Barrier()
	},
	// Rank 1 ends without a word, and the others see it.
	"exit": func(w *mpi.Comm) error {
		if err := w.Barrier(); err != nil {
			return err
		}
		if w.Rank() == 1 {
			os.Exit(3)
		}
		if err := w.Barrier(); !errors.Is(err, mpi.ErrProcFailed) {
			return fmt.Errorf("Barrier without rank 1: %w", err)
		}
		return say(w, "saw it")
	},
	// All wait for a message that never comes.
	"wait": func(w *mpi.Comm) error {
		if err := say(w, "waits"); err != nil {
			return err
		}
		var x [1]int64
		_, err := mpi.Recv(w, x[:], mpi.AnySource, 1)
		return err
	},
	// A rank starts this program.
	"inner": func(w *mpi.Comm) error {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), varScene+"=well")
		out, err := cmd.CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		for line := range strings.Lines(string(out)) {
			fmt.Printf("inner %s", line)
		}
		return w.Barrier()
	},
}

func say(w *mpi.Comm, what string) error {
	_, err := fmt.Printf("rank %d of %d %s\n", w.Rank(), w.Size(), what)
	return err
}

func init() {
	act = func() {
		if f := scenes[os.Getenv(varScene)]; f != nil {
			mpi.Main(f)
			os.Exit(0)
		}
	}
}

// play runs a scene on two ranks, and returns what they wrote and the errors of their
// processes.
func (l launcher) play(t *testing.T, scene string, env ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out output
	l.to = &out
	errs, err := l.run(ctx, 2, append(append(os.Environ(), varScene+"="+scene), env...), nil, os.Args[0])
	if ctx.Err() != nil {
		t.Fatalf("%s does not end: %v\n%s", scene, err, errs)
	}
	return out.text() + errs, err
}

// playable are the launchers that the tests play.
func playable() map[string]launcher {
	return map[string]launcher{
		"pmi": {server: newHydra(false)}, "pmi port": {server: newHydra(true)}, "pmix": {server: newPMIx}, "srun": {server: newSrun(1)},
		"pmi on hosts": {server: newHydra(false), place: onHosts(2)},
	}
}

func TestManagedEnds(t *testing.T) {
	for name, l := range playable() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, c := range []struct {
				scene, text string
				status      string // of the processes, none if empty
			}{
				{"well", "rank 1 of 2 here", ""},
				{"exit", "rank 0 of 2 saw it", "rank 1: exit status 3"},
				{"abort", "", "rank 1: "},
				{"inner", "world of one rank", ""},
			} {
				out, err := l.play(t, c.scene)
				if !strings.Contains(out, c.text) || (err == nil) != (c.status == "") || err != nil && !strings.Contains(err.Error(), c.status) {
					t.Errorf("%s: %v\n%s", c.scene, err, out)
				}
				if c.scene == "abort" && err != nil && !strings.Contains(err.Error(), "rank 0: ") {
					t.Errorf("abort: rank 0 goes on: %v", err)
				}
			}
		})
	}
}

// Without a manager rank 0 sees to it that all end with the status of the abort.
func TestSrunAborts(t *testing.T) {
	if out, err := playable()["srun"].play(t, "abort"); err == nil || strings.Count(err.Error(), "exit status 7") != 2 {
		t.Errorf("%v\n%s", err, out)
	}
}

// Ranks end when their launcher has gone.
func TestManagedOrphans(t *testing.T) {
	for _, name := range []string{"pmi", "pmix"} {
		t.Run(name, func(t *testing.T) {
			l := playable()[name]
			l.vanish = "rank 1 of 2 waits"
			if out, err := l.play(t, "wait"); err == nil || strings.Count(err.Error(), "signal: killed") != 2 {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// Settings of the user hold under other launchers.
func TestManagedSettings(t *testing.T) {
	l := playable()["pmix"]
	for _, c := range []struct {
		env, text string
		fails     bool
	}{
		{"RINGO_TRANSPORT=tcp", "transport tcp", false},
		{"RINGO_TRANSPORT=shm", "transport shm: started by a launcher that speaks PMIx (PMIX_NAMESPACE is set)", false},
		{"RINGO_TRANSPORT=mail", `RINGO_TRANSPORT="mail": there are shm and tcp`, true},
		{"PMIX_SERVER_URI41=x;tcp4://127.0.0.1:1", "cannot be used: its PMIx server at 127.0.0.1:1", true},
		{"PMIX_RANK=2", "refuses the connection", true},
	} {
		l.place = func(int) []string { return []string{"RINGO_VERBOSE=1", c.env} }
		out, err := l.play(t, "well")
		if !strings.Contains(out, c.text) || (err != nil) != c.fails {
			t.Errorf("%s: %v\n%s", c.env, err, out)
		}
	}
}

// The launchers that are installed end with the status of an abort.
func TestInstalledAbort(t *testing.T) {
	for _, l := range installed.Find(t) {
		if l.File != "" {
			continue
		}
		t.Run(l.Name, func(t *testing.T) {
			line := l.Command(2, os.Args[0])
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, line[0], line[1:]...)
			cmd.Env = append(os.Environ(), varScene+"=abort", "RINGO_ENGINE=embedded")
			cmd.WaitDelay = 10 * time.Second
			out, err := cmd.CombinedOutput()
			if cmd.ProcessState.ExitCode() != 7 {
				t.Errorf("%v, want exit status 7\n%s", err, out)
			}
		})
	}
}
