// Package envvars is the list of the environment variables of Ringo: what
// mpiexec --help=environment, ringo help environment and docs/environment.md
// say, and what ringo doctor takes for a setting. A test compares it with the
// variables that the code names.
package envvars

import (
	"fmt"
	"strings"
)

// A Group is a section of the list.
type Group int

// The groups.
const (
	Setting Group = iota // set by the user
	Rank                 // given by mpiexec to the ranks of a job
	Other                // of others, read or set by Ringo
	Test                 // read by the tests and measurements of Ringo
	Inner                // given by a test to the processes it starts
)

var titles = [...]string{
	Setting: "To be set by you",
	Rank:    "Set by mpiexec for each rank",
	Other:   "Of others",
	Test:    "For the tests of Ringo itself",
	Inner:   "From a test to the processes that it starts",
}

// Title is the heading of the section.
func (g Group) Title() string { return titles[g] }

// A Variable is one row.
type Variable struct {
	Name    string
	Group   Group
	Values  string
	Meaning string
}

// Settings returns the names of the variables that a user sets.
func Settings() []string {
	var names []string
	for _, v := range Variables {
		if v.Group == Setting {
			names = append(names, v.Name)
		}
	}
	return names
}

// Text returns the groups Setting, Rank and Other for a terminal of 80 columns.
func Text() string {
	const column, width = 28, 80
	var b strings.Builder
	for g := Setting; g <= Other; g++ {
		if g > Setting {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s\n", g.Title())
		for _, v := range Variables {
			if v.Group != g {
				continue
			}
			at := len("  " + v.Name)
			b.WriteString("  " + v.Name)
			if at > column-2 {
				b.WriteByte('\n')
				at = 0
			}
			b.WriteString(strings.Repeat(" ", column-at))
			at = column
			for i, word := range strings.Fields(v.Plain()) {
				switch {
				case i == 0:
				case at+1+len([]rune(word)) > width:
					b.WriteString("\n" + strings.Repeat(" ", column))
					at = column
				default:
					b.WriteByte(' ')
					at++
				}
				b.WriteString(word)
				at += len([]rune(word))
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// Plain is the row without its name, on one line without markup.
func (v Variable) Plain() string {
	text := v.Meaning
	if v.Values != "" {
		text = v.Values + ": " + text
	}
	return strings.ReplaceAll(text, "`", "")
}

// Markdown returns the tables of docs/environment.md.
func Markdown() string {
	var b strings.Builder
	for g := Setting; g <= Inner; g++ {
		if g > Setting {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "## %s\n\n| Variable | Value | Meaning |\n|---|---|---|\n", g.Title())
		for _, v := range Variables {
			if v.Group == g {
				fmt.Fprintf(&b, "| `%s` | %s | %s |\n", v.Name, v.Values, v.Meaning)
			}
		}
	}
	return b.String()
}
