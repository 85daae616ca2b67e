package cli

import (
	"fmt"
	"strings"

	"github.com/ringo-mpi/ringo/internal/envvars"
)

// ManPage returns the manual page of mpiexec in the format of man(7), made from
// the texts of --help and --help=environment. It has no date, since packages are
// compared byte by byte.
func ManPage() string {
	var b strings.Builder
	b.WriteString(".TH \"MPIEXEC\" \"1\" \"\" \"Ringo\" \"Ringo\"\n")
	b.WriteString(".SH NAME\nmpiexec \\- start the ranks of an MPI program\n.SH SYNOPSIS\n")
	head, examples, _ := strings.Cut(helpHead, "\nExamples\n")
	tail, environment, _ := strings.Cut(helpTail, "\nEnvironment\n")
	environment, notes, _ := strings.Cut(environment, "\n\n")
	tail = strings.TrimPrefix(tail, "\nExit status\n")

	what, rest, _ := strings.Cut(head, "\n\n")
	synopsis, description, _ := strings.Cut(rest, "\n\n")
	fmt.Fprintf(&b, "%s\n.SH DESCRIPTION\n%s\n.PP\n%s\n", roff(strings.TrimSpace(synopsis)), roff(what), roff(description))
	b.WriteString(".SH OPTIONS\n")
	for _, g := range groups {
		fmt.Fprintf(&b, ".SS %s\n", roff(string(g)))
		for i := range options {
			if o := &options[i]; o.group == g && o.help != "" {
				var names []string
				for _, n := range o.names {
					names = append(names, "\\fB"+roff(dashed(n))+"\\fR")
				}
				left := strings.Join(names, ", ")
				if o.values != "" {
					left += " \\fI" + roff(o.values) + "\\fR"
				}
				fmt.Fprintf(&b, ".TP\n%s\n%s\n", left, roff(o.help))
			}
		}
	}
	fmt.Fprintf(&b, ".SH EXAMPLES\n%s.SH EXIT STATUS\n%s", verbatim(examples), verbatim(tail))
	fmt.Fprintf(&b, ".SH ENVIRONMENT\n%s", verbatim(environment))
	for g := envvars.Setting; g <= envvars.Other; g++ {
		fmt.Fprintf(&b, ".SS %s\n", roff(g.Title()))
		for _, v := range envvars.Variables {
			if v.Group == g {
				fmt.Fprintf(&b, ".TP\n\\fB%s\\fR\n%s\n", roff(v.Name), roff(v.Plain()))
			}
		}
	}
	fmt.Fprintf(&b, ".SH NOTES\n%s\n.SH SEE ALSO\n\\fBringo\\fR(1)\n", roff(strings.TrimSpace(notes)))
	return b.String()
}

// verbatim keeps the lines of a text as they are.
func verbatim(text string) string {
	return ".PP\n.nf\n" + roff(strings.TrimRight(text, "\n")) + "\n.fi\n"
}

// roff escapes what a line of man(7) would take for a request.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "…", "...").Replace(text)
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, ".") || strings.HasPrefix(l, "'") {
			lines[i] = `\&` + l
		}
	}
	return strings.Join(lines, "\n")
}
