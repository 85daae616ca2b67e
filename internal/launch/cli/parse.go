package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/ringo-mpi/ringo/internal/launch/hosts"
)

type labelKind int

const (
	labelNone labelKind = iota
	labelRank
	labelTag
	labelPattern
)

// config is a parsed command line. The zero value of each field is the default.
type config struct {
	apps []*app

	label          labelKind
	pattern        string
	timestamp      bool
	outfile        string
	errfile        string
	outputDir      string
	outputOnly     bool
	outputNoJob    bool
	stdin          int
	exitCodes      bool
	env            environ
	bind, mapBy    string
	reportBindings bool
	allocation     bool // print it
	threads        bool
	hosts          []hosts.Host // for all programs; nil: not given
	perHost        int
	rankMap        []int // the host of each rank; nil: not given
	launcher       string
	launcherExec   string
	iface          string
	preload        bool
	hostTimeout    time.Duration
	universe       int
	timeout        time.Duration
	stacks         bool // print them at the time-out
	keepGoing      bool
	verbose, quiet bool
	completion     string
	topic          string // of the help
	singleton      singleton

	rankfile []hosts.Rank // where each rank runs; nil: it is not given
	placing  *placing     // where they run in the end
	report   []string     // lines of --report-bindings
	said     io.Writer    // where these go; nil: not yet
}

// singleton is a program that was started without mpiexec and calls it.
type singleton struct{ port, pid int }

// app is one program of the command line.
type app struct {
	ranks int // 0: not given
	dir   string
	path  string
	env   environ
	hosts []hosts.Host // for this program; nil: those for all
	argv  []string     // the program and its arguments
}

// envMode says which variables of mpiexec's own environment are passed on.
type envMode int

const (
	envDefault envMode = iota // as the other level says; all
	envAll
	envNone
	envList
)

// environ is what the options say about variables.
type environ struct {
	mode  envMode
	list  []string // of envList
	extra []string // passed on in any mode
	sets  []string // K=V
}

func (e *environ) set(name, value string) error {
	if err := checkName(name); err != nil {
		return err
	}
	e.sets = append(e.sets, name+"="+value)
	return nil
}

func (e *environ) pass(name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	e.extra = append(e.extra, name)
	return nil
}

func (e *environ) only(list string) error {
	e.mode, e.list = envList, nil
	for name := range strings.SplitSeq(list, ",") {
		if err := checkName(name); err != nil {
			return err
		}
		e.list = append(e.list, name)
	}
	return nil
}

func checkName(name string) error {
	if name == "" || strings.ContainsAny(name, "=\x00") {
		return fmt.Errorf("%q is not the name of a variable", name)
	}
	return nil
}

// environment returns the variables for a program: what is passed on of own,
// then the settings, those for all programs first.
func environment(own []string, all, one environ) []string {
	mode, list := all.mode, all.list
	if one.mode != envDefault {
		mode, list = one.mode, one.list
	}
	wanted := func(name string) bool {
		for _, names := range [][]string{all.extra, one.extra} {
			for _, n := range names {
				if n == name {
					return true
				}
			}
		}
		switch mode {
		case envNone:
			return false
		case envList:
			for _, n := range list {
				if n == name {
					return true
				}
			}
			return false
		}
		return true
	}
	out := []string{} // not nil: that would mean all
	for _, kv := range own {
		name, _, _ := strings.Cut(kv, "=")
		if wanted(name) {
			out = append(out, kv)
		}
	}
	for _, sets := range [][]string{all.sets, one.sets} {
		for _, kv := range sets {
			name, _, _ := strings.Cut(kv, "=")
			kept := out[:0]
			for _, old := range out {
				if !strings.HasPrefix(old, name+"=") {
					kept = append(kept, old)
				}
			}
			out = append(kept, kv)
		}
	}
	return out
}

// A parser reads a command line.
type parser struct {
	cfg    *config
	app    *app // the program whose options are being read
	inFile bool // reading a -configfile
	done   bool // a -configfile has named the programs
}

// usageError is a mistake in the command line.
type usageError struct{ msg string }

func (e *usageError) Error() string { return e.msg }

func usagef(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// parse reads the words after the command's name. errHelp, errVersion and
// errSingleton say that these are asked for.
func parse(args []string) (*config, error) {
	p := &parser{cfg: &config{}}
	if len(args) == 0 {
		return nil, usagef("no program is given; write mpiexec -n 4 PROGRAM, or mpiexec --help")
	}
	if err := p.line(args); err != nil {
		return p.cfg, err
	}
	return p.cfg, nil
}

// line reads programs separated by ":".
func (p *parser) line(args []string) error {
	for {
		p.app = &app{}
		rest, err := p.options(args)
		if err != nil {
			return err
		}
		end := len(rest)
		for i, w := range rest {
			if w == ":" {
				end = i
				break
			}
		}
		p.app.argv = slices.Clone(rest[:end])
		for i, w := range p.app.argv {
			if w == quotedColon {
				p.app.argv[i] = ":"
			}
		}
		switch {
		case len(p.app.argv) > 0 && p.done:
			return usagef("%s: the programs are already given by -configfile", p.app.argv[0])
		case len(p.app.argv) > 0:
			p.cfg.apps = append(p.cfg.apps, p.app)
		case p.done && end == len(rest):
			return nil
		case len(p.cfg.apps) > 0:
			return usagef("no program is given after \":\"; write mpiexec -n 1 A : -n 2 B")
		default:
			return usagef("no program is given; write mpiexec -n 4 PROGRAM, or mpiexec --help")
		}
		if end == len(rest) {
			return nil
		}
		args = rest[end+1:]
	}
}

// options reads options up to the first word that is none.
func (p *parser) options(args []string) ([]string, error) {
	for len(args) > 0 {
		word := args[0]
		if word == "--" {
			return args[1:], nil
		}
		if len(word) < 2 || word[0] != '-' {
			return args, nil
		}
		args = args[1:]
		name := strings.TrimPrefix(strings.TrimPrefix(word, "-"), "-")
		name, value, hasValue := strings.Cut(name, "=")
		shown := strings.TrimSuffix(word, "="+value)
		o := find(name)
		if o == nil {
			return nil, unknown(name, shown)
		}
		need := o.count()
		var values []string
		if hasValue {
			switch {
			case need == 0 && len(o.choice) == 0:
				return nil, usagef("%s takes no value; write %s alone", shown, shown)
			case need == 0 && !slices.Contains(o.choice, value):
				return nil, usagef("%s=%s: write %s alone, or with %s", shown, value, shown, strings.Join(o.choice, ", "))
			}
			values = append(values, value)
		}
		for len(values) < need && !(o.joined() && len(values) == 1 && strings.Contains(values[0], "=")) {
			if len(args) == 0 {
				return nil, usagef("%s needs %s; write %s %s", shown, plural(need), shown, o.values)
			}
			values = append(values, args[0])
			args = args[1:]
		}
		if err := o.apply(p, values); err != nil {
			var u *usageError
			if somethingElse(err) || errors.As(err, &u) {
				return nil, err
			}
			return nil, usagef("%s %s: %v", shown, strings.Join(values, " "), err)
		}
	}
	return nil, nil
}

func plural(n int) string {
	if n == 1 {
		return "a value"
	}
	return fmt.Sprintf("%d values", n)
}

// suggestion names the option that was probably meant.
func suggestion(name string) string {
	best, distance := "", 3
	for _, o := range options {
		for _, n := range o.names {
			// -n4: the value is a word of its own.
			if v, ok := strings.CutPrefix(name, n); ok && o.values == "N" && v != "" && v[0] >= '0' && v[0] <= '9' {
				return fmt.Sprintf(" (did you mean -%s %s?)", n, v)
			}
			if d := editDistance(name, n); d < distance && d < len(n)/2 {
				best, distance = n, d
			}
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean -%s?)", best)
}

// editDistance counts the letters to insert, delete or change.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// configFile reads programs from a file: each line is what stands between two
// ":" of a command line. Lines may be continued with a backslash; '#' begins a
// comment; quotes work as in a shell.
func (p *parser) configFile(name string) error {
	if p.inFile {
		return errors.New("a configuration file cannot name another one")
	}
	if p.done {
		return errors.New("it is given twice")
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return plainError(err)
	}
	lines, err := splitLines(string(text))
	if err != nil {
		return fmt.Errorf("%w", err)
	}
	if len(p.cfg.apps) > 0 {
		return errors.New("it cannot stand after a program")
	}
	outer := p.app
	p.inFile = true
	for _, l := range lines {
		if err := p.line(l.words); err != nil {
			if somethingElse(err) {
				return err
			}
			return usagef("%s, line %d: %v", name, l.number, err)
		}
	}
	p.inFile = false
	p.app = outer
	if len(p.cfg.apps) == 0 {
		return errors.New("it names no program")
	}
	p.done = true
	return nil
}

// A fileLine is a line of a configuration file, or several joined by backslashes.
type fileLine struct {
	number int // of its first line, from 1
	words  []string
}

// splitLines splits the text of a configuration file into lines of words.
func splitLines(text string) ([]fileLine, error) {
	var out []fileLine
	var words []string
	var word strings.Builder
	inWord, quoted := false, false
	number, first := 1, 1
	endWord := func() {
		if inWord {
			w := word.String()
			if quoted && w == ":" {
				w = quotedColon
			}
			words = append(words, w)
			word.Reset()
			inWord, quoted = false, false
		}
	}
	endLine := func() {
		endWord()
		if len(words) > 0 {
			out = append(out, fileLine{first, words})
		}
		words = nil
	}
	text = strings.ReplaceAll(text, "\r\n", "\n")
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '\n':
			endLine()
			number++
			first = number
		case c == ' ' || c == '\t':
			endWord()
		case c == '#' && !inWord:
			for i+1 < len(text) && text[i+1] != '\n' {
				i++
			}
		case c == '\\' && i+1 < len(text):
			i++
			if text[i] == '\n' {
				number++ // the line goes on
				continue
			}
			word.WriteByte(text[i])
			inWord, quoted = true, true
		case c == '\'' || c == '"':
			opened := number
			inWord, quoted = true, true
			for i++; ; i++ {
				if i >= len(text) {
					return nil, fmt.Errorf("line %d: the quote %c is not closed", opened, c)
				}
				if text[i] == c {
					break
				}
				if c == '"' && text[i] == '\\' && i+1 < len(text) && (text[i+1] == '"' || text[i+1] == '\\') {
					i++
				}
				if text[i] == '\n' {
					number++
				}
				word.WriteByte(text[i])
			}
		default:
			word.WriteByte(c)
			inWord = true
		}
	}
	endLine()
	return out, nil
}

// quotedColon stands for a ":" that is an argument of a program, since the file has
// it in quotes or behind a backslash. No word of a file can look so.
const quotedColon = ":\x00"

// plainError leaves out the operation of a file error: "open x: no such file"
// becomes "no such file".
func plainError(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
