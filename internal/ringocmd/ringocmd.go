package ringocmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/ringo-mpi/ringo/internal/envvars"
	"github.com/ringo-mpi/ringo/internal/ringocmd/banner"
	"github.com/ringo-mpi/ringo/internal/ringocmd/bench"
	"github.com/ringo-mpi/ringo/internal/ringocmd/cli"
	"github.com/ringo-mpi/ringo/internal/ringocmd/doctor"
	"github.com/ringo-mpi/ringo/internal/ringocmd/logs"
	"github.com/ringo-mpi/ringo/internal/ringocmd/man"
	"github.com/ringo-mpi/ringo/internal/ringocmd/simulate"
	"github.com/ringo-mpi/ringo/internal/ringocmd/sweep"
	"github.com/ringo-mpi/ringo/internal/ringocmd/sysinfocmd"
)

// Root returns the command ringo with all its sub-commands.
func Root() *cobra.Command {
	root := &cobra.Command{
		Use:   "ringo",
		Short: "The toolbox of Ringo, MPI for Go",
		Long: `ringo is the toolbox of Ringo, MPI for Go.

It describes the machine and checks whether MPI programs run well on it, runs a
program over ranges of parameters, and turns the timings in the logs into tables
and plots. Programs are started by mpiexec. ringo help environment lists the
environment variables of both.`,
		Version:       versionLine(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cli.Args(cobra.NoArgs),
		RunE:          help,
	}
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return cli.Usage(err) })
	root.AddCommand(
		banner.Command(),
		bench.Command(),
		doctor.Command(),
		doctor.RankCommand(),
		logs.Command(),
		man.Command(),
		simulate.Command(),
		sweep.Command(),
		sysinfocmd.Command(),
		versionCommand(),
		// Without a run function it is a page of the help.
		&cobra.Command{
			Use:   "environment",
			Short: "The environment variables of Ringo",
			Long:  strings.TrimSpace(envvars.Text()),
		},
	)
	root.InitDefaultCompletionCmd()
	if completion, _, err := root.Find([]string{"completion"}); err == nil {
		completion.Args = cli.Args(cobra.NoArgs)
		completion.RunE = help
	}
	root.InitDefaultHelpCmd()
	if c, _, err := root.Find([]string{"help"}); err == nil {
		c.Run, c.RunE = nil, helpOn
	}
	return root
}

// helpOn is ringo help COMMAND.
func helpOn(cmd *cobra.Command, args []string) error {
	page, rest, err := cmd.Root().Find(args)
	if err != nil || len(rest) > 0 {
		return cli.Usagef("ringo has no command %q", strings.Join(args, " "))
	}
	page.InitDefaultHelpFlag()
	return page.Help()
}

func help(cmd *cobra.Command, _ []string) error { return cmd.Help() }

// Main runs ringo with the arguments args (without the program's name) and
// returns its exit status. Errors are one line on stderr.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	out := cli.NewOutput(stdout)
	root := Root()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(out)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	if flushErr := out.Flush(); flushErr != nil && (err == nil || errors.Is(err, flushErr)) {
		err = fmt.Errorf("cannot write the output: %w", cli.Bare(flushErr))
	}
	status, print := cli.Status(err)
	if status == cli.StatusUsage && laterRank() {
		print = false // rank 0 has the same command line and says it
	}
	if print {
		hint := ""
		if status == cli.StatusUsage {
			hint = fmt.Sprintf(" (%s --help)", cmd.CommandPath())
		}
		fmt.Fprintf(stderr, "ringo: %s%s\n", strings.TrimSpace(firstLine(err.Error())), hint)
	}
	return status
}

// firstLine keeps an error to one line; cobra adds suggestions on lines of
// their own.
func firstLine(s string) string {
	lines := strings.Fields(strings.ReplaceAll(s, "\n", " \n "))
	return strings.Join(lines, " ")
}

// laterRank reports whether a launcher started this process as a rank other
// than the first.
func laterRank() bool {
	for _, name := range []string{"RINGO_RANK", "PMI_RANK", "OMPI_COMM_WORLD_RANK", "PMIX_RANK", "SLURM_PROCID"} {
		if rank := os.Getenv(name); rank != "" {
			return rank != "0"
		}
	}
	return false
}
