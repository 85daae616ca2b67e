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
	over := ""
	for i, q := range p.Params {
		over += [...]string{" over ", ", "}[min(i, 1)] + q.Name
	}
	var b strings.Builder
	fmt.Fprintf(&b, scriptHead, oneLine(p.Name), over, len(points), pathWord(p.Dir))
	for _, pt := range points {
		fmt.Fprintf(&b, "test -e %s || { ringo banner %s; run %s %s %s; }\n",
			pathWord(pt.path(logExt)), quoteWord(p.title(pt)), pathWord(pt.path("")), quoteWord(pt.Tags()), shellQuote(pt.Args()))
	}
	b.WriteString("exit $status\n")
	return b.String()
}

const scriptHead = `#!/bin/sh
# Sweep of %s%s, points: %d. Start it with: sh sweep.sh | tee result.log
# A point whose log exists is skipped; remove the log to run it again.
status=0
mkdir -p %s || exit 1
run() { # LOG TAGS COMMAND...
	log=$1 RINGO_TAGS=$2
	export RINGO_TAGS
	shift 2
	if "$@" >"$log.part" 2>&1
	then mv "$log.part" "$log.log" && rm -f "$log.failed" && cat "$log.log" || status=1
	else status=1; mv "$log.part" "$log.failed" && cat "$log.failed"
	fi
}
`

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

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
