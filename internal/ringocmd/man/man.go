// Package man is ringo man: the manual pages, made from the same texts as
// --help.
package man

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/ringo-mpi/ringo/atomicfile"
	mpiexec "github.com/ringo-mpi/ringo/internal/launch/cli"
	"github.com/ringo-mpi/ringo/internal/ringocmd/cli"
)

// Command returns ringo man.
func Command() *cobra.Command {
	dir := ""
	cmd := &cobra.Command{
		Use:   "man [COMMAND...]",
		Short: "Print the manual page of a command, or write all pages",
		Long: `Prints the manual page of ringo, of the sub-command that the arguments name, or
of mpiexec, in the format of man(7). With --dir it writes the pages of all
commands and of mpiexec to a folder, one file each, as a package installs them
to share/man/man1.`,
		Example: `  ringo man sweep | man -l -
  ringo man mpiexec | man -l -
  ringo man --dir ~/.local/share/man/man1`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if dir != "" {
				if len(args) > 0 {
					return cli.Usagef("--dir writes the pages of all commands: name none")
				}
				if err := all(cmd.Root(), dir); err != nil {
					return err
				}
				return atomicfile.WriteFile(filepath.Join(dir, "mpiexec.1"), []byte(mpiexec.ManPage()))
			}
			if len(args) == 1 && args[0] == "mpiexec" {
				_, err := io.WriteString(cmd.OutOrStdout(), mpiexec.ManPage())
				return err
			}
			page, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return cli.Usagef("ringo has no command %q", strings.Join(args, " "))
			}
			return write(page, cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVarP(&dir, "dir", "d", "", "write the pages of all commands to this folder")
	_ = cmd.MarkFlagDirname("dir")
	return cmd
}

func all(cmd *cobra.Command, dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	if !cmd.IsAvailableCommand() && cmd.HasParent() {
		return nil
	}
	for _, c := range cmd.Commands() {
		if err := all(c, dir); err != nil {
			return err
		}
	}
	name := strings.ReplaceAll(cmd.CommandPath(), " ", "-") + ".1"
	return atomicfile.Write(filepath.Join(dir, name), func(w io.Writer) error { return write(cmd, w) })
}

func write(cmd *cobra.Command, w io.Writer) error {
	cmd.InitDefaultHelpFlag()
	cmd.DisableAutoGenTag = true
	// A page is the same whenever it is made, since packages are compared byte
	// by byte; so it has no date.
	date := time.Unix(0, 0).UTC()
	var b bytes.Buffer
	if err := doc.GenMan(cmd, &doc.GenManHeader{Section: "1", Source: "Ringo", Manual: "Ringo", Date: &date}, &b); err != nil {
		return err
	}
	_, err := w.Write(bytes.Replace(b.Bytes(), []byte(`"Jan 1970"`), []byte(`""`), 1))
	return err
}
