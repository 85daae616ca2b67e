package doctor

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringo-mpi/ringo/internal/ringocmd/cli"
)

// State is the verdict of a check.
type State string

// The verdicts.
const (
	OK   State = "ok"
	Note State = "note" // worth knowing; nothing has to be done
	Mend State = "mend" // programs fail or are slow until it is mended
)

// Finding is what a check found.
type Finding struct {
	Check  string
	State  State
	Text   string
	Remedy string // how to mend it, or to make more of it
}

// check is one check; each has at least one finding.
type check struct {
	name string
	run  func(ctx context.Context, m *machine) []Finding
}

var checks = []check{
	{"cores", checkCores},
	{"memory", checkMemory},
	{"job", checkJob},
	{"process_vm_readv", checkReach},
	{"shared memory", checkSharedMemory},
	{"limits", checkLimits},
	{"temporary folder", checkTemp},
	{"MPI libraries", checkLibraries},
	{"mpiexec", checkLaunchers},
	{"environment", checkEnvironment},
	{"host name", checkHostName},
	{"ssh", checkSSH},
}

// Command returns ringo doctor.
func Command() *cobra.Command {
	var format string
	var hosts []string
	quiet := false
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check whether MPI programs run well on this machine",
		Long: `Checks this machine and prints what it finds, with a remedy where something is
wrong. It starts a job of two ranks that exchange messages and try to read each
other's memory (process_vm_readv), and looks at cores, memory, shared memory,
limits of the user and the cgroup, MPI libraries, launchers, variables that
launchers set, the host name and ssh. MPI libraries are examined, not loaded.

A line begins with ok, note (worth knowing) or mend (programs fail or are slow
until it is mended). The exit status is 1 if something needs mending.`,
		Example: `  ringo doctor
  ringo doctor --host red0,red1
  ringo doctor --format json`,
		Args: cli.Args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := cli.CheckFormat(format); err != nil {
				return err
			}
			m := local()
			m.hosts = hosts
			findings := examine(cmd.Context(), m)
			if err := print(cmd.OutOrStdout(), findings, format, quiet); err != nil {
				return err
			}
			if sick(findings) {
				return cli.Reported(cli.StatusFailed)
			}
			return nil
		},
	}
	cli.FormatFlag(cmd, &format)
	cmd.Flags().StringSliceVar(&hosts, "host", nil, "computers that ssh is to reach without a password")
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "print only what needs mending")
	return cmd
}

// examine makes all checks.
func examine(ctx context.Context, m *machine) []Finding {
	var out []Finding
	for _, c := range checks {
		for _, f := range c.run(ctx, m) {
			f.Check = c.name
			out = append(out, f)
		}
	}
	return out
}

func sick(findings []Finding) bool {
	for _, f := range findings {
		if f.State == Mend {
			return true
		}
	}
	return false
}

func print(out io.Writer, findings []Finding, format string, quiet bool) error {
	t := cli.Table{Columns: []string{"check", "state", "finding", "remedy"}}
	var b strings.Builder
	for _, f := range findings {
		if quiet && f.State != Mend {
			continue
		}
		t.Rows = append(t.Rows, []any{f.Check, string(f.State), f.Text, f.Remedy})
		fmt.Fprintf(&b, "%-4s  %s: %s\n", f.State, f.Check, f.Text)
		if f.Remedy != "" {
			fmt.Fprintf(&b, "      -> %s\n", f.Remedy)
		}
	}
	if format != "table" {
		return t.Write(out, format)
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func ok(format string, args ...any) Finding {
	return Finding{State: OK, Text: fmt.Sprintf(format, args...)}
}

func note(remedy, format string, args ...any) Finding {
	return Finding{State: Note, Text: fmt.Sprintf(format, args...), Remedy: remedy}
}

func mend(remedy, format string, args ...any) Finding {
	return Finding{State: Mend, Text: fmt.Sprintf(format, args...), Remedy: remedy}
}
