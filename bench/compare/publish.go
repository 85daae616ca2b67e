package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/ringo-mpi/ringo/atomicfile"
)

// record writes the report, the raw values and the figures to dir, as
// NAME.md, NAME.csv and NAME/*.svg. It returns the path of the report.
func (r *results) record(dir, name string) (string, error) {
	base := filepath.Join(dir, name)
	if err := os.MkdirAll(base, 0o777); err != nil {
		return "", err
	}
	links := map[string]string{}
	for figure, f := range r.figures() {
		file := figure + ".svg"
		if err := f.Draw(filepath.Join(base, file)); err != nil {
			return "", err
		}
		links[figure] = name + "/" + file
	}
	if err := atomicfile.Write(base+".csv", r.writeRaw); err != nil {
		return "", err
	}
	report := base + ".md"
	return report, atomicfile.Write(report, func(w io.Writer) error {
		_, err := io.WriteString(w, r.report(links))
		return err
	})
}

// freeName returns a name for a record of today on this machine that has not
// been used.
func freeName(dir, date, machine string) string {
	clean := strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' {
			return c
		}
		return '-'
	}, machine)
	name := date + "-" + clean
	for n := 2; ; n++ {
		if _, err := os.Stat(filepath.Join(dir, name+".md")); err != nil {
			return name
		}
		name = fmt.Sprintf("%s-%s-%d", date, clean, n)
	}
}

// The lines between which publish puts the table of bars.
const beginMark, endMark = "<!-- bars: begin -->", "<!-- bars: end -->"

// published are the files of the repository that show the table: README.md the
// bars that come first, the chapter all of them.
var published = []struct {
	file  string
	table func(*results) string
}{
	{"README.md", firstTable},
	{filepath.Join("docs", "performance.md"), barTable},
}

// publishAll brings the published files up to date.
func (r *results) publishAll(root, report string) error {
	for _, p := range published {
		if err := r.publish(filepath.Join(root, p.file), report, p.table(r)); err != nil {
			return err
		}
	}
	return nil
}

// publish replaces what is between the marks of a Markdown file by a table and a
// link to the report.
func (r *results) publish(file, report, table string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(text), beginMark)
	_, after, ok2 := strings.Cut(rest, endMark)
	if !ok || !ok2 {
		return fmt.Errorf("%s has no lines %s and %s", file, beginMark, endMark)
	}
	link, err := filepath.Rel(filepath.Dir(file), report)
	if err != nil {
		return err
	}
	link = filepath.ToSlash(link)
	shown := fmt.Sprintf("%s\n\n%s\nMeasured on %s, %s ([all figures](%s)).\n\n", beginMark, table, r.attribute("date"), r.attribute("processor"), link)
	return atomicfile.WriteFile(file, []byte(before+shown+endMark+after))
}
