package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/ringo-mpi/ringo/internal/envvars"
)

const helpHead = `mpiexec starts the ranks of an MPI program and ends with their exit status.

  mpiexec [options] PROGRAM [arguments] [: [options] PROGRAM [arguments]]...

PROGRAM is an executable, or a Go package: a folder, an import path or a .go
file, which is built first and removed afterwards. The first word that is no
option is the program. Long options may have one dash or two, and their value
may follow a space or "=".

Examples
  mpiexec -n 4 ./prog                       four ranks
  mpiexec -n 4 ./examples/usage/helloworld  a folder with a Go program
  mpiexec -n 1 ./manager : -n 3 ./worker    two programs in one job
  mpiexec -l -n 4 ./prog                    lines with their rank in front
  mpiexec -n 8 -bind-to core ./prog         each rank on a core of its own
  mpiexec --timeout 60 -n 4 ./prog          end it after a minute
  mpiexec -host a:2,b:2 ./prog              two ranks on each of two hosts
`

const helpTail = `
Exit status
  0    every rank ended well
  N    the status of the first rank that failed; the code of Abort modulo 256
  128+S  the first rank that failed was killed by signal S, or mpiexec passed on
         the signal S (INT, TERM, QUIT, HUP), no rank had failed before, and
         the ranks did not end well: 130 after Ctrl-C
  110  --timeout
  2    the command line is wrong, or the program could not be built or started

Environment
  MPIEXEC_TIMEOUT   as --timeout
  HYDRA_HOST_FILE   as -hostfile
  HYDRA_LAUNCHER, HYDRA_LAUNCHER_EXEC, HYDRA_IFACE
                    as -launcher, -launcher-exec and -iface
  GOMAXPROCS        passed on if set; else each rank gets its share of the
                    usable cores, at least 2
  RINGO_…           mpiexec --help=environment lists all of them

When a rank fails, the others may end by themselves for 2 seconds (programs
other than Ringo's, which cannot know of it: 1/4 second), then get SIGTERM, and
after 2 more seconds SIGKILL. Signals INT, TERM, QUIT, HUP, USR1,
USR2, TSTP and CONT are passed on; the second INT, TERM, QUIT or HUP kills.
At the time-out, and at INT, TERM and HUP if a rank is in a call, mpiexec says
where the ranks stand. QUIT has programs in Go write all goroutines' stacks.
Each rank is bound to its share of the cores, unless there are more ranks than
cores; -bind-to none binds none.
`

// printTopic writes what --help, --help=TOPIC or --man asks for.
func printTopic(w io.Writer, topic string) error {
	switch topic {
	case "environment":
		_, err := io.WriteString(w, envvars.Text())
		return err
	case "man":
		_, err := io.WriteString(w, ManPage())
		return err
	}
	return printHelp(w)
}

func printHelp(w io.Writer) error {
	var b strings.Builder
	b.WriteString(helpHead)
	for _, g := range groups {
		fmt.Fprintf(&b, "\n%s\n", g)
		for _, o := range options {
			if o.group == g && o.help != "" {
				writeOption(&b, &o)
			}
		}
	}
	b.WriteString(helpTail)
	_, err := io.WriteString(w, b.String())
	return err
}

// writeOption writes one option, its explanation in a column of its own.
func writeOption(b *strings.Builder, o *option) {
	const column, width = 34, 80
	names := make([]string, 0, len(o.names))
	for _, n := range o.names {
		names = append(names, dashed(n))
	}
	left := "  " + strings.Join(names, ", ")
	if o.values != "" {
		left += " " + o.values
	}
	b.WriteString(left)
	at := len(left)
	if at > column-2 {
		b.WriteByte('\n')
		at = 0
	}
	first := true
	for word := range strings.FieldsSeq(o.help) {
		switch {
		case first:
			b.WriteString(strings.Repeat(" ", column-at))
			at = column
		case at+1+len(word) > width:
			b.WriteByte('\n')
			b.WriteString(strings.Repeat(" ", column))
			at = column
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += len(word)
		first = false
	}
	b.WriteByte('\n')
}

// dashed writes an option's name as the help shows it: names of several words
// that come from Open MPI with two dashes, the others with one.
func dashed(name string) string {
	switch name {
	case "tag-output", "timestamp-output", "output-filename", "stdin", "report-bindings", "use-hwthread-cpus", "output", "display",
		"oversubscribe", "timeout", "get-stack-traces", "report-state-on-timeout", "version", "help", "completion", "man", "allow-run-as-root", "mca", "app", "verbose", "quiet",
		"host-timeout", "preload-binary":
		return "--" + name
	}
	return "-" + name
}
