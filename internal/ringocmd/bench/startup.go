package bench

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringo-mpi/ringo/internal/ringocmd/cli"
	"github.com/ringo-mpi/ringo/internal/sysinfo"
	"github.com/ringo-mpi/ringo/mpi"
)

func startupCommand() *cobra.Command {
	o := &options{}
	ranks, times := []int{1, 2, 4, 16}, 10
	launcher := ""
	cmd := &cobra.Command{
		Use:   "startup [flags] [PROGRAM [ARGUMENT...]]",
		Short: "Launch time: from the start of mpiexec to its end",
		Long: `Starts a program under mpiexec with several numbers of ranks, -i times each, and
prints how long it takes from the start of mpiexec to its end. Without a program
that is "ringo bench empty", which enters and leaves MPI and nothing more.

It is started by itself, not under mpiexec.`,
		Example: `  ringo bench startup -n 2,16
  ringo bench startup -n 2 --launcher mpiexec.hydra ./empty`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(); err != nil {
				return err
			}
			for _, n := range ranks {
				if n < 1 {
					return cli.Usagef("-n %d: at least one rank", n)
				}
			}
			if times < 1 {
				return cli.Usagef("-i %d: at least one start", times)
			}
			path, err := findLauncher(launcher)
			if err != nil {
				return err
			}
			if len(args) == 0 {
				self, err := os.Executable()
				if err != nil {
					return fmt.Errorf("cannot find the program file of ringo: %w", err)
				}
				args = []string{self, "bench", "empty"}
			}
			r := &rows{
				out: &lines{w: cmd.OutOrStdout()}, format: o.format,
				title:   fmt.Sprintf("Launch time of %s with %s on %s", filepath.Base(path), filepath.Base(args[0]), sysinfo.LocalUname().Node),
				columns: []column{{"ranks", "ranks", 0}, {"median_ms", "median (ms)", 2}, {"min_ms", "least (ms)", 2}, {"max_ms", "greatest (ms)", 2}},
				shared:  []column{{"benchmark", "", 0}}, same: []any{"startup"},
			}
			for _, n := range ranks {
				var took []float64
				for range times {
					ms, err := launch(cmd.Context(), append([]string{path, "-n", strconv.Itoa(n)}, args...))
					if err != nil {
						return err
					}
					took = append(took, ms)
				}
				slices.Sort(took)
				if err := r.add(n, middle(took), took[0], took[len(took)-1]); err != nil {
					return err
				}
			}
			return r.finish(o)
		},
	}
	f := cmd.Flags()
	f.SetInterspersed(false) // what follows the program is its own
	f.IntSliceVarP(&ranks, "ranks", "n", ranks, "numbers of ranks")
	f.IntVarP(&times, "iterations", "i", times, "starts for each number of ranks")
	f.StringVar(&launcher, "launcher", "", "the launcher (default: mpiexec beside ringo, or in PATH)")
	o.outputFlags(cmd)
	return cmd
}

// findLauncher returns the path of the launcher.
func findLauncher(name string) (string, error) {
	if name != "" {
		path, err := exec.LookPath(name)
		if err != nil {
			return "", cli.Usagef("--launcher: %v", err)
		}
		return path, nil
	}
	if self, err := os.Executable(); err == nil {
		if beside := filepath.Join(filepath.Dir(self), "mpiexec"+filepath.Ext(self)); executable(beside) {
			return beside, nil
		}
	}
	path, err := exec.LookPath("mpiexec")
	if err != nil {
		return "", cli.Usagef("there is no mpiexec beside ringo or in PATH: name one by --launcher")
	}
	return path, nil
}

func executable(path string) bool {
	_, err := exec.LookPath(path)
	return err == nil
}

// launch runs a command and returns the milliseconds it took.
func launch(ctx context.Context, command []string) (float64, error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	start := now()
	if err := cmd.Run(); err != nil {
		text, _, _ := strings.Cut(strings.TrimSpace(stderr.String()), "\n")
		return 0, fmt.Errorf("%s failed: %w: %s", strings.Join(command, " "), err, text)
	}
	return float64(now()-start) / 1e6, nil
}

// middle returns the median of sorted values.
func middle(sorted []float64) float64 {
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

func emptyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "empty",
		Short: "Enter and leave MPI",
		Long:  `Enters MPI and leaves it again: the program that startup times.`,
		Args:  cli.Args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return job(cmd.Context(), func(*mpi.Comm) error { return nil })
		},
	}
}
