package sweep

import (
	"fmt"
	"strings"
	"time"

	"github.com/ringo-mpi/ringo/internal/confile"
)

// Load reads a plan from a TOML or YAML file:
//
//	command = ["./f", "--x", "{x}", "--y", "{y}"]
//	name    = "f"          # and dir, jobs, repeat, timeout, as the options
//	[parameters]
//	x = "0:2"              # a text is read as on the command line
//	y = [1, 2, "a:b"]      # the elements of a list are taken as they are
//
// The command may also be one text without quotes, which is split at spaces.
// The parameters are in the order of the file. An unknown key or a value of
// the wrong type is an error that names file, line and key.
func Load(path string, p *Plan) error {
	entries, err := confile.Read(path)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := p.set(e); err != nil {
			return &confile.Error{File: path, Line: e.Line, Key: e.Key(), Msg: err.Error()}
		}
	}
	return nil
}

func (p *Plan) set(e confile.Entry) error {
	if e.Path[0] == "parameters" && len(e.Path) > 1 {
		values, err := paramValues(e.Value)
		if err != nil {
			return err
		}
		// A dotted key is a name with dots: both formats allow it.
		p.Params = append(p.Params, Param{strings.Join(e.Path[1:], "."), values})
		return nil
	}
	var ok bool
	var want string
	switch e.Key() {
	case "name":
		p.Name, ok = e.Value.(string)
		want = "a string"
	case "dir":
		p.Dir, ok = e.Value.(string)
		want = "a string"
	case "jobs":
		p.Jobs, ok = integer(e.Value)
		want = "an integer"
	case "repeat":
		p.Repeat, ok = integer(e.Value)
		want = "an integer"
	case "timeout":
		var text string
		if text, ok = e.Value.(string); ok {
			d, err := time.ParseDuration(text)
			if err != nil {
				return fmt.Errorf("want a duration such as 10m, have %q", text)
			}
			p.Timeout = d
		}
		want = "a duration such as \"10m\""
	case "command":
		return p.setCommand(e.Value)
	case "parameters":
		return fmt.Errorf("want a table of parameters, have %s", confile.Kind(e.Value))
	default:
		return fmt.Errorf("unknown (the keys are command, name, dir, jobs, repeat, timeout and the table parameters)")
	}
	if !ok {
		return fmt.Errorf("want %s, have %s", want, confile.Kind(e.Value))
	}
	return nil
}

func integer(v any) (int, bool) {
	n, ok := v.(int64)
	return int(n), ok && int64(int(n)) == n
}

func (p *Plan) setCommand(v any) error {
	switch v := v.(type) {
	case string:
		if strings.ContainsAny(v, "'\"\\`$&|;<>*?") {
			return fmt.Errorf("a command with quotes or special characters is to be written as a list of words, or [\"sh\", \"-c\", \"...\"]")
		}
		p.Command = strings.Fields(v)
		return nil
	case []any:
		words, err := scalars(v)
		p.Command = words
		return err
	}
	return fmt.Errorf("want a string or a list of words, have %s", confile.Kind(v))
}

func paramValues(v any) ([]string, error) {
	switch v := v.(type) {
	case string:
		return ParseValues(v)
	case []any:
		if len(v) == 0 {
			return nil, fmt.Errorf("there are no values")
		}
		if len(v) > maxPoints {
			return nil, fmt.Errorf("there are more than %d values", maxPoints)
		}
		values, err := scalars(v)
		if err != nil {
			return nil, err
		}
		return values, checkDistinct(values)
	}
	return scalars([]any{v})
}

func scalars(list []any) ([]string, error) {
	out := make([]string, len(list))
	for i, v := range list {
		switch v := v.(type) {
		case string, bool, int64, uint64, float64:
			out[i] = fmt.Sprint(v)
		default:
			return nil, fmt.Errorf("element %d: want a string or a number, have %s", i+1, confile.Kind(v))
		}
	}
	return out, nil
}
