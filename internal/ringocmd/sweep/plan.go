package sweep

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ringo-mpi/ringo/internal/csvline"
)

// Param is one parameter with all its values.
type Param struct {
	Name   string
	Values []string
}

// Plan is a sweep: what is run, over what, and where the logs go.
type Plan struct {
	Name    string   // starts the names of the logs
	Command []string // with {NAME} where values go
	Params  []Param
	Repeat  int // runs of every point; above 1 they are a parameter of their own
	Dir     string
	Jobs    int
	Timeout time.Duration // of one run; 0: none
}

// runParam is the parameter that counts the runs of a repeated point.
const runParam = "run"

// Point is one combination of values.
type Point struct {
	plan   *Plan
	Values []string // in the order of the plan's Params
}

var paramName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)

// finish checks the plan and fills in what follows from the rest.
func (p *Plan) finish() error {
	if len(p.Command) == 0 || p.Command[0] == "" {
		return fmt.Errorf("there is no command to run")
	}
	if p.Name == "" {
		p.Name = defaultName(p.Command[0])
	}
	if strings.ContainsAny(p.Name, `/\`) || strings.HasPrefix(p.Name, ".") {
		return fmt.Errorf("the name %q cannot start the name of a file", p.Name)
	}
	if p.Repeat < 1 || p.Repeat > maxPoints {
		return fmt.Errorf("the number of repeats, %d, is not between 1 and %d", p.Repeat, maxPoints)
	}
	if p.Jobs < 1 {
		return fmt.Errorf("the number of jobs, %d, is below 1", p.Jobs)
	}
	if p.Timeout < 0 {
		return fmt.Errorf("the timeout, %v, is negative", p.Timeout)
	}
	for i, q := range p.Params {
		switch {
		case !paramName.MatchString(q.Name):
			return fmt.Errorf("%q cannot be the name of a parameter: want letters, digits, _ . and -", q.Name)
		case q.Name == runParam && p.Repeat > 1:
			return fmt.Errorf("the parameter %q is made by repeating: choose another name", runParam)
		case slices.ContainsFunc(p.Params[:i], func(o Param) bool { return o.Name == q.Name }):
			return fmt.Errorf("the parameter %q is given twice", q.Name)
		}
	}
	if err := p.placeholders(); err != nil {
		return err
	}
	if p.Repeat > 1 {
		runs := make([]string, p.Repeat)
		for i := range runs {
			runs[i] = strconv.Itoa(i + 1)
		}
		p.Params = append(p.Params, Param{runParam, runs})
	}
	n := 1
	for _, q := range p.Params {
		if n *= len(q.Values); n > maxPoints {
			return fmt.Errorf("there are more than %d points", maxPoints)
		}
	}
	return nil
}

// braces are a placeholder, {NAME}, or such a text that is none, {{NAME}}.
var braces = regexp.MustCompile(`\{\{[A-Za-z_][A-Za-z0-9_.-]*\}\}|\{[A-Za-z_][A-Za-z0-9_.-]*\}`)

// placeholders makes sure that every placeholder is a parameter and that every
// parameter reaches the command. If the command names none of them, they are
// appended as options: --x {x}. A variable of the shell, ${NAME}, is no
// placeholder.
func (p *Plan) placeholders() error {
	for _, arg := range p.Command {
		for _, at := range braces.FindAllStringIndex(arg, -1) {
			text := arg[at[0]:at[1]]
			name := strings.Trim(text, "{}")
			switch {
			case strings.HasPrefix(text, "{{") || at[0] > 0 && arg[at[0]-1] == '$':
			case slices.ContainsFunc(p.Params, func(q Param) bool { return q.Name == name }):
			case name == runParam && p.Repeat > 1:
			default:
				return fmt.Errorf("the command has %s, and there is no parameter %q: give its values with -p %s=VALUES, or write {%s} for the braces themselves", text, name, name, text)
			}
		}
	}
	all := strings.Join(p.Command, "\x00")
	var missing []string
	for _, q := range p.Params {
		if !strings.Contains(all, "{"+q.Name+"}") {
			missing = append(missing, q.Name)
		}
	}
	if len(missing) > 0 && len(missing) < len(p.Params) {
		return fmt.Errorf("the command does not use the parameter %q: write {%s} where its value goes", missing[0], missing[0])
	}
	p.Command = slices.Clone(p.Command)
	for _, name := range missing {
		p.Command = append(p.Command, "--"+name, "{"+name+"}")
	}
	return nil
}

// defaultName makes a name for the logs out of that of the program.
func defaultName(command string) string {
	base := filepath.Base(filepath.FromSlash(command))
	if ext := filepath.Ext(base); ext != "" && ext != base {
		base = strings.TrimSuffix(base, ext)
	}
	base = strings.Trim(escape(base), ".")
	if base == "" {
		return "sweep"
	}
	return base
}

// Points returns all combinations. The last parameter varies fastest.
func (p *Plan) Points() []Point {
	points := []Point{{plan: p}}
	for _, q := range p.Params {
		next := make([]Point, 0, len(points)*len(q.Values))
		for _, pt := range points {
			for _, v := range q.Values {
				next = append(next, Point{p, append(slices.Clone(pt.Values), v)})
			}
		}
		points = next
	}
	return points
}

// Args returns the command line of the point.
func (pt Point) Args() []string {
	values := make(map[string]string, len(pt.Values))
	for i, v := range pt.Values {
		values[pt.plan.Params[i].Name] = v
	}
	args := make([]string, len(pt.plan.Command))
	for i, a := range pt.plan.Command {
		// One pass, so that a value that looks like a placeholder stays as it is.
		args[i] = braces.ReplaceAllStringFunc(a, func(text string) string {
			if strings.HasPrefix(text, "{{") {
				return text[1 : len(text)-1]
			}
			if v, ok := values[text[1:len(text)-1]]; ok {
				return v
			}
			return text
		})
	}
	return args
}

// String names the point in messages: "x=0 y=1".
func (pt Point) String() string {
	if len(pt.Values) == 0 {
		return pt.plan.Name
	}
	parts := make([]string, len(pt.Values))
	for i, v := range pt.Values {
		parts[i] = pt.plan.Params[i].Name + "=" + v
	}
	return strings.Join(parts, " ")
}

// Tags returns the parameters as tags of the #csv lines.
func (pt Point) Tags() string {
	tags := make([]csvline.Tag, len(pt.Values))
	for i, v := range pt.Values {
		tags[i] = csvline.Tag{Key: pt.plan.Params[i].Name, Value: v}
	}
	return csvline.FormatTags(tags)
}

// FileName is the name of the point's log without folder and extension:
// f-x=0-y=1. Different points of a plan have different names, on file systems
// that take a for A as well.
func (pt Point) FileName() string {
	parts := []string{escape(pt.plan.Name)}
	for i, v := range pt.Values {
		q := pt.plan.Params[i]
		v = escape(v)
		if foldsTogether(q.Values) {
			v = escapeCapitals(v)
		}
		parts = append(parts, q.Name+"="+v)
	}
	name := strings.Join(parts, "-")
	if len(name) > 150 {
		sum := sha256.Sum256([]byte(name))
		name = fmt.Sprintf("%s-%x", strings.ToValidUTF8(name[:120], ""), sum[:8])
	}
	return name
}

// escape writes every byte that is not plain in a file name as %XX, also = and
// %, so that the values of a name can be told apart.
func escape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("._+-,@", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02x", c)
		}
	}
	return b.String()
}

func escapeCapitals(s string) string {
	return regexp.MustCompile(`[A-Z]`).ReplaceAllStringFunc(s, func(c string) string { return fmt.Sprintf("%%%02x", c[0]) })
}

// foldsTogether reports whether two values differ by capital letters only.
func foldsTogether(values []string) bool {
	seen := make(map[string]bool, len(values))
	for _, v := range values {
		l := strings.ToLower(v)
		if seen[l] {
			return true
		}
		seen[l] = true
	}
	return false
}

// path returns the point's file with an extension, in the plan's folder.
func (pt Point) path(ext string) string {
	return filepath.Join(pt.plan.Dir, pt.FileName()+ext)
}
