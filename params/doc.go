// Package params fills a struct with the parameters of a program. A value is
// taken from, in this order of precedence,
//
//  1. an option on the command line (--max 10),
//  2. an environment variable (COUNT_MAX=10),
//  3. a configuration file in TOML or YAML (--config FILE or COUNT_CONFIG),
//  4. the value the struct held before: the default.
//
// The struct is the only declaration:
//
//	cfg := struct {
//		N      int       `param:"n" env:"N" min:"1" help:"numbers per rank"`
//		Colour string    `help:"colour map" choices:"blue,grey"`
//		Sizes  []int     `help:"sizes to run"`
//		Region struct {
//			Xmin, Xmax float64
//		}
//	}{N: 20, Colour: "blue"}
//	set := params.New("count", &cfg)
//	set.About = "Counts how many random numbers equal one that is looked for."
//	err := set.Parse(os.Args[1:])
//
// A program of several ranks calls package params/onroot instead: rank 0 reads,
// and every rank has the same values.
//
// # Tags
//
//	param    name of the option and of the key; "-" leaves the field out.
//	         Default: the field's name in lower case with dashes, MaxIter → max-iter.
//	short    one-letter option. A name of one letter has itself: --n and -n.
//	env      name of the environment variable; "-" for none.
//	         Default: EnvPrefix and the name in capitals, COUNT_MAX_ITER.
//	help     one line for the help text
//	value    what the help text calls the value, as in --out FILE. Default: its type.
//	min max  bounds (inclusive) of a number or duration, or of every list element.
//	         A default may lie outside: 0 for "as many as there are".
//	choices  the values allowed, separated by commas
//
// # Types
//
// bool, all integers and floats, string, time.Duration, types with
// UnmarshalText, slices of these (a comma-separated list or a repeated option;
// a list in a file), and structs, whose fields take the struct's name in front:
// the option --region-xmin is the key xmin in table [region]. On the command
// line and in the environment an integer may be written 1e6 or 1_000_000. A
// file is strict: an integer parameter takes an integer only. In keys _ and -
// are the same.
//
// # Errors
//
// Every value is checked wherever it comes from, also one that another source
// overrides. An unknown key and a value of the wrong type or out of bounds are
// errors that name the place:
//
//	count.toml:3: key "fnd": unknown (did you mean "find"?)
//	count.toml:4: key "max": want an integer, have a string "ten"
//	environment variable N: want an integer, have "ten"
//	option --n: 0 is below the smallest value allowed, 1
//
// Such an error is an *[Error]. What tags cannot express is checked by
// [Set.Check], whose errors, made by [Set.Errorf], name the place likewise.
//
// # Other flag packages
//
// [Set.Parse] has its own command line. A program on package flag calls
// [Set.BindFlags], a cobra command [Set.BindPFlags]; after the command line was
// parsed both call [Set.Load].
package params
