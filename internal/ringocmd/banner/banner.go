// Package banner is ringo banner: a frame around a text, so that the parts of
// a long log are easily told apart.
package banner

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringo-mpi/ringo/internal/ringocmd/cli"
)

// DefaultWidth is the number of characters in the lines above and below the text.
const DefaultWidth = 70

// Command returns ringo banner.
func Command() *cobra.Command {
	char, width := "#", DefaultWidth
	cmd := &cobra.Command{
		Use:   "banner TEXT...",
		Short: "Print a text between two lines, to set off parts of a log",
		Long: `Prints the text between two lines, to set off the parts of a long log. Every
line starts with "# ", so that programs that read the log take it for a comment.`,
		Example: "  ringo banner 'f(0,0)'; ./f --x 0 --y 0",
		Args:    cli.Args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len([]rune(char)) != 1 {
				return cli.Usagef("--char %q is not one character", char)
			}
			if width < 1 || width > 1000 {
				return cli.Usagef("--width %d is not between 1 and 1000", width)
			}
			return Write(cmd.OutOrStdout(), strings.Join(args, " "), char, width)
		},
	}
	cmd.Flags().StringVarP(&char, "char", "c", char, "character the lines are made of")
	cmd.Flags().IntVarP(&width, "width", "w", width, "length of the lines")
	return cmd
}

// Write writes text, which may have several lines, between two lines of width
// times char.
func Write(out io.Writer, text, char string, width int) error {
	line := "# " + strings.Repeat(char, width) + "\n"
	var b strings.Builder
	b.WriteString(line)
	for part := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		fmt.Fprintln(&b, strings.TrimRight("# "+part, " \r"))
	}
	b.WriteString(line)
	_, err := io.WriteString(out, b.String())
	return err
}
