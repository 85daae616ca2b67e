package sweep

import (
	"fmt"
	"strings"
)

// Script returns a POSIX shell script that runs the points one after another,
// one line each. A point whose log exists is skipped; a log gets its name when
// its command has succeeded; what a command prints is repeated on the script's
// own output, so that sh sweep.sh | tee result.log has everything. The script's
// status is 1 if a point failed.
func (p *Plan) Script() string {
	points := p.Points()
	var b strings.Builder
	names := make([]string, len(p.Params))
	for i, q := range p.Params {
		names[i] = q.Name
	}
	fmt.Fprintf(&b, "#!/bin/sh\n")
	fmt.Fprintf(&b, "# %d points of %s over %s. Run it with: sh sweep.sh | tee result.log\n", len(points), comment(p.Name), strings.Join(names, ", "))
	fmt.Fprintf(&b, "# A point whose log exists is skipped; remove the log to run it again.\n")
	fmt.Fprintf(&b, "status=0\n")
	fmt.Fprintf(&b, "mkdir -p -- %s || exit 1\n", quoteWord(p.Dir))
	for _, pt := range points {
		log, part, failed := pathWord(pt.path(logExt)), pathWord(pt.path(partExt)), pathWord(pt.path(failedExt))
		fmt.Fprintf(&b, "test -e %s || { ringo banner %s; RINGO_TAGS=%s %s >%s 2>&1 && mv %s %s && cat %s || { status=1; test -e %s && mv %s %s && cat %s; }; }\n",
			log, quoteWord(p.title(pt)), quoteWord(pt.Tags()), commandLine(pt.Args()), part, part, log, log, part, part, failed, failed)
	}
	fmt.Fprintf(&b, "exit $status\n")
	return b.String()
}

// title is the text of the point's banner: f: x=0 y=1.
func (p *Plan) title(pt Point) string {
	if len(pt.Values) == 0 {
		return p.Name
	}
	return p.Name + ": " + pt.String()
}

// pathWord quotes a path that is not to be taken for an option.
func pathWord(path string) string {
	if strings.HasPrefix(path, "-") {
		path = "./" + path
	}
	return quoteWord(path)
}

// commandLine quotes a command. The name of a program with a = in it would be
// read as an assignment if it stood there plainly.
func commandLine(args []string) string {
	first := quoteWord(args[0])
	if strings.Contains(first, "=") && !strings.HasPrefix(first, "'") {
		first = "'" + first + "'"
	}
	return strings.TrimSpace(first + " " + shellQuote(args[1:]))
}

func comment(s string) string { return strings.Join(strings.Fields(s), " ") }
