package params

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"unicode"

	"github.com/spf13/pflag"

	"github.com/ringo-mpi/ringo/internal/confile"
)

// ErrHelp is what [Set.Parse] returns after it has printed the help text. It
// is flag.ErrHelp.
var ErrHelp = flag.ErrHelp

// Set is the set of parameters of one program, made by [New]. The exported
// fields may be changed between New and the parsing. The zero Set has no
// parameters and cannot be used. A Set is not safe for concurrent use.
type Set struct {
	// Name is the program's name in the help text.
	Name string
	// About is what the program does, one sentence or a few lines, for the help text.
	About string
	// Args names the arguments after the options in the help text, as in
	// "FILE...", see [Set.Rest]. If it is empty, Parse refuses such arguments.
	Args string
	// Check is called when all values are there, for what tags cannot express:
	// two values that do not go together, a file that cannot be written. It
	// makes its error with [Set.Errorf] and may change values. Default: nil,
	// nothing more is checked.
	Check func() error
	// EnvPrefix starts the names of environment variables that have no env
	// tag. Default: the name in capitals and an underscore.
	EnvPrefix string
	// Output takes the help text. Default: os.Stdout.
	Output io.Writer
	// LookupEnv reads the environment. Default: os.LookupEnv. A variable that
	// is set to the empty string counts as not set.
	LookupEnv func(string) (string, bool)

	params []*param
	config *param
	file   string   // the name of the configuration file
	rest   []string // the arguments after the options
}

// New makes the set of parameters of the program name from the struct that cfg
// points to; the values it holds are the defaults. A struct that cannot be a
// set of parameters (an unsupported type, a name twice) is a mistake in the
// program: New panics and says which field it is.
func New(name string, cfg any) *Set {
	s := &Set{
		Name:      name,
		EnvPrefix: envName(name) + "_",
		Output:    os.Stdout,
		LookupEnv: os.LookupEnv,
	}
	v := reflect.ValueOf(cfg)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		panic(fmt.Sprintf("params: New(%q) wants a pointer to a struct, not %T", name, cfg))
	}
	s.collect("", v.Elem())
	s.config = &param{
		name:  "config",
		help:  "read parameters from this TOML or YAML file",
		label: "file",
		value: reflect.ValueOf(&s.file).Elem(),
	}
	seen := map[string]bool{"--config": true, "--help": true}
	for _, p := range s.params {
		keys := []string{"--" + p.name}
		if p.short != "" {
			keys = append(keys, "-"+p.short)
		}
		for _, key := range keys {
			if seen[key] {
				panic(fmt.Sprintf("params: %s: two parameters have the option %s", name, key))
			}
			seen[key] = true
		}
	}
	return s
}

func (s *Set) collect(prefix string, v reflect.Value) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if !f.IsExported() {
			continue
		}
		name := f.Tag.Get("param")
		switch name {
		case "-":
			continue
		case "":
			name = kebab(f.Name)
		}
		if name != canonical(name) || name == "" {
			panic(fmt.Sprintf("params: %s: the name %q of field %s must be in lower case with dashes", s.Name, name, f.Name))
		}
		field := v.Field(i)
		if f.Type.Kind() == reflect.Struct && !isText(f.Type) {
			if f.Anonymous && f.Tag.Get("param") == "" {
				s.collect(prefix, field)
			} else {
				s.collect(prefix+name+"-", field)
			}
			continue
		}
		p := &param{
			name:  prefix + name,
			short: f.Tag.Get("short"),
			env:   f.Tag.Get("env"),
			help:  f.Tag.Get("help"),
			label: f.Tag.Get("value"),
			value: field,
		}
		if err := p.prepare(f.Tag); err != nil {
			panic(fmt.Sprintf("params: %s: field %s: %v", s.Name, f.Name, err))
		}
		if len(p.name) == 1 && p.short == "" {
			p.short = p.name
		}
		p.preset = p.text()
		s.params = append(s.params, p)
	}
}

// Parse reads the command line args (without the program's name), then the
// environment and the configuration file, fills the struct and calls Check. For
// --help it prints the help text to Output and returns [ErrHelp]. A value that
// is wrong is an *[Error]. After an error the struct holds the defaults.
func (s *Set) Parse(args []string) error {
	fs := s.flagSet()
	s.rest = nil
	help := fs.Lookup("help")
	if err := fs.Parse(args); err != nil {
		var unknown *pflag.NotExistError
		if errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() == "" {
			err = fmt.Errorf("unknown option --%s", unknown.GetSpecifiedName())
			if name := s.nearest(canonical(unknown.GetSpecifiedName())); name != "" {
				err = fmt.Errorf("%w: did you mean --%s?", err, name)
			}
		}
		return fmt.Errorf("%w (%s --help lists the options)", err, s.Name)
	}
	if help.Changed {
		if _, err := io.WriteString(s.Output, s.Usage()); err != nil {
			return fmt.Errorf("cannot print the help text: %w", err)
		}
		return ErrHelp
	}
	rest := fs.Args()
	if s.Args == "" && len(rest) > 0 {
		return fmt.Errorf("unexpected argument %q (%s --help lists the options)", rest[0], s.Name)
	}
	if err := s.Load(); err != nil {
		return err
	}
	s.rest = rest
	return nil
}

// Rest returns the arguments after the options that [Set.Parse] read, for a
// Set with Args.
func (s *Set) Rest() []string { return s.rest }

func (s *Set) flagSet() *pflag.FlagSet {
	fs := pflag.NewFlagSet(s.Name, pflag.ContinueOnError)
	fs.SortFlags = false
	fs.Usage = func() {}
	s.BindPFlags(fs)
	short := "h"
	if fs.ShorthandLookup(short) != nil {
		short = ""
	}
	fs.BoolP("help", short, false, "print this text")
	return fs
}

// BindFlags adds an option for every parameter, and --config, to a flag set of
// package flag. Short names are left out: package flag makes no difference
// between -n and --n. Call [Set.Load] after the command line was parsed.
func (s *Set) BindFlags(fs *flag.FlagSet) {
	for _, p := range s.all() {
		fs.Var(&flagValue{p}, p.name, s.flagHelp(p))
	}
}

// BindPFlags adds an option for every parameter, and --config, to a flag set
// of package pflag, as cobra has it: cmd.Flags(). Call [Set.Load] in the
// command's RunE or PreRunE.
func (s *Set) BindPFlags(fs *pflag.FlagSet) {
	for _, p := range s.all() {
		f := fs.VarPF(&flagValue{p}, p.name, p.short, s.flagHelp(p))
		if p.isBool() {
			f.NoOptDefVal = "true"
		}
	}
}

func (s *Set) all() []*param {
	return append(s.params[:len(s.params):len(s.params)], s.config)
}

// Load fills the struct from the options that were given, the environment and
// the configuration file, and calls Check. Parse does it by itself. A value that
// is wrong is an *[Error]. After an error the struct holds the defaults.
func (s *Set) Load() error {
	err := s.load()
	if err == nil && s.Check != nil {
		err = s.Check()
	}
	if err != nil {
		for _, p := range s.params {
			p.reset()
		}
	}
	return err
}

func (s *Set) load() error {
	for _, p := range s.all() {
		p.reset()
	}
	if err := s.config.fromOuter(s); err != nil {
		return err
	}
	if s.file != "" {
		entries, err := confile.Read(s.file)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := s.fromFile(e); err != nil {
				return err
			}
		}
	}
	for _, p := range s.params {
		if err := p.fromOuter(s); err != nil {
			return err
		}
	}
	return nil
}

func (s *Set) fromFile(e confile.Entry) error {
	place := fmt.Sprintf("%s:%d: key %q", s.file, e.Line, e.Key())
	name := canonical(strings.Join(e.Path, "-"))
	p := s.lookup(name)
	if p == nil {
		return &Error{Source: place, Err: fmt.Errorf("unknown%s", s.suggest(name))}
	}
	if p.inFile != "" {
		return &Error{p.name, place, fmt.Errorf("given twice, here and at %s", p.inFile)}
	}
	v, err := p.fromFile(e.Value)
	if err != nil {
		return &Error{p.name, place, err}
	}
	p.value.Set(v)
	p.source = place
	p.inFile = fmt.Sprintf("%s:%d", s.file, e.Line)
	return nil
}

// fromOuter takes the value from the environment and then from the option,
// checking both.
func (p *param) fromOuter(s *Set) error {
	if name := s.envOf(p); name != "" {
		if text, ok := s.LookupEnv(name); ok && text != "" {
			v, err := p.fromText([]string{text})
			if err != nil {
				return &Error{p.name, "environment variable " + name, err}
			}
			p.value.Set(v)
			p.source = "environment variable " + name
		}
	}
	if p.given != nil {
		v, err := p.fromText(p.given)
		if err != nil {
			return &Error{p.name, "option --" + p.name, err}
		}
		p.value.Set(v)
		p.source = "option --" + p.name
	}
	return nil
}

func (s *Set) lookup(name string) *param {
	for _, p := range s.params {
		if p.name == name {
			return p
		}
	}
	return nil
}

// mustLookup is for names that the program itself writes down.
func (s *Set) mustLookup(name string) *param {
	if name == "config" {
		return s.config
	}
	p := s.lookup(name)
	if p == nil {
		panic(fmt.Sprintf("params: %s has no parameter %q", s.Name, name))
	}
	return p
}

// Source says where the value of the parameter name comes from, in the words
// an error should use: `option --n`, `environment variable N`,
// `count.toml:3: key "n"` or `default of --n`. A name that is no parameter's is
// a mistake in the program and panics.
func (s *Set) Source(name string) string {
	p := s.mustLookup(name)
	if p.source == "" {
		return "default of --" + p.name
	}
	return p.source
}

// Errorf makes an *[Error] about the value of the parameter name that says
// where the value comes from, for checks that tags cannot express. It formats
// as fmt.Errorf does. A name that is no parameter's is a mistake in the program
// and panics.
func (s *Set) Errorf(name, format string, args ...any) error {
	return &Error{name, s.Source(name), fmt.Errorf(format, args...)}
}

// Value is one parameter, see [Set.Values].
type Value struct {
	Name   string // as options and configuration files have it
	Text   string // its value; a list has commas between its elements
	Source string // where the value comes from, as [Set.Source] says it
}

// Values lists all parameters with their values and where they come from, in
// the order of the struct.
func (s *Set) Values() []Value {
	var out []Value
	for _, p := range s.params {
		out = append(out, Value{p.name, p.text(), s.Source(p.name)})
	}
	return out
}

// Usage returns the help text: what the program does, every option with its
// default and its environment variable, and the order of precedence.
func (s *Set) Usage() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Usage: %s [options]", s.Name)
	if s.Args != "" {
		b.WriteString(" " + s.Args)
	}
	b.WriteString("\n\n")
	if about := strings.TrimSpace(s.About); about != "" {
		b.WriteString(about + "\n\n")
	}
	b.WriteString("Options:\n")
	b.WriteString(s.flagSet().FlagUsages())
	b.WriteString("\nAn option overrides the environment variable ($NAME), which overrides the\n" +
		"configuration file, which overrides the default.\n")
	return b.String()
}

func (s *Set) flagHelp(p *param) string {
	help := p.help
	if len(p.choices) > 0 {
		help = cmp.Or(help, "one of") + ": " + strings.Join(p.choices, ", ")
	}
	if env := s.envOf(p); env != "" {
		help += " [$" + env + "]"
	}
	return strings.TrimSpace(help)
}

func (s *Set) envOf(p *param) string {
	switch p.env {
	case "-":
		return ""
	case "":
		return s.EnvPrefix + envName(p.name)
	}
	return p.env
}

// suggest offers the nearest key for one that does not exist.
func (s *Set) suggest(name string) string {
	if best := s.nearest(name); best != "" {
		return fmt.Sprintf(" (did you mean %q?)", best)
	}
	var names []string
	for _, p := range s.params {
		names = append(names, p.name)
	}
	return fmt.Sprintf(" (the keys are %s)", strings.Join(names, ", "))
}

// nearest returns the name of the parameter that name may be a slip of, "" if
// there is none.
func (s *Set) nearest(name string) string {
	best, bestDistance := "", 3
	for _, p := range s.params {
		if d := distance(name, p.name); d < bestDistance && 2*d <= len(p.name) {
			best, bestDistance = p.name, d
		}
	}
	return best
}

// distance is the Levenshtein distance of two short names.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}

// canonical is the form in which keys are compared.
func canonical(key string) string {
	return strings.ReplaceAll(strings.ToLower(key), "_", "-")
}

func envName(name string) string {
	return strings.Map(func(r rune) rune {
		if r < 128 && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return unicode.ToUpper(r)
		}
		return '_'
	}, name)
}

// kebab turns a Go field name into an option name: MaxIter → max-iter,
// CSVFile → csv-file, X0 → x0.
func kebab(name string) string {
	r := []rune(name)
	var b strings.Builder
	for i, c := range r {
		if unicode.IsUpper(c) && i > 0 {
			afterLower := !unicode.IsUpper(r[i-1])
			beforeLower := i+1 < len(r) && unicode.IsLower(r[i+1])
			if afterLower || beforeLower {
				b.WriteByte('-')
			}
		}
		b.WriteRune(unicode.ToLower(c))
	}
	return b.String()
}
