package params_test

import (
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/ringo-mpi/ringo/params"
)

type config struct {
	N    int `param:"n" env:"N" min:"1" help:"numbers per rank"`
	Max  int `env:"MAX" help:"largest number"`
	Find int `env:"FIND" help:"number that is counted"`
}

func Example() {
	cfg := config{N: 20, Max: 10, Find: 5}
	set := params.New("count", &cfg)
	set.About = "Counts how many random numbers equal FIND."
	set.LookupEnv = func(name string) (string, bool) { return "7", name == "FIND" }

	if err := set.Parse([]string{"-n", "100"}); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("n=%d max=%d find=%d\n", cfg.N, cfg.Max, cfg.Find)
	for _, v := range set.Values() {
		fmt.Printf("%s is %s: %s\n", v.Name, v.Text, v.Source)
	}
	// Output:
	// n=100 max=10 find=7
	// n is 100: option --n
	// max is 10: default of --max
	// find is 7: environment variable FIND
}

// Errors name the place of the value.
func ExampleError() {
	cfg := config{N: 20}
	set := params.New("count", &cfg)
	err := set.Parse([]string{"--n", "ten"})
	fmt.Println(err)
	if e, ok := errors.AsType[*params.Error](err); ok {
		fmt.Println("parameter:", e.Name)
	}
	fmt.Println(set.Parse([]string{"--fnd", "3"}))
	// Output:
	// option --n: want an integer, have "ten"
	// parameter: n
	// unknown option --fnd: did you mean --find? (count --help lists the options)
}

// Check is for what tags cannot express.
func ExampleSet_Errorf() {
	cfg := config{N: 20, Max: 10, Find: 5}
	set := params.New("count", &cfg)
	set.Check = func() error {
		if cfg.Find > cfg.Max {
			return set.Errorf("find", "%d is greater than max, %d", cfg.Find, cfg.Max)
		}
		return nil
	}
	fmt.Println(set.Parse([]string{"--find", "12"}))
	// Output: option --find: 12 is greater than max, 10
}

func ExampleSet_Usage() {
	cfg := config{N: 20, Max: 10, Find: 5}
	set := params.New("count", &cfg)
	set.About = "Counts how many random numbers equal FIND."
	fmt.Print(set.Usage())
	// Output:
	// Usage: count [options]
	//
	// Counts how many random numbers equal FIND.
	//
	// Options:
	//   -n, --n int         numbers per rank [$N] (default 20)
	//       --max int       largest number [$MAX] (default 10)
	//       --find int      number that is counted [$FIND] (default 5)
	//       --config file   read parameters from this TOML or YAML file [$COUNT_CONFIG]
	//   -h, --help          print this text
	//
	// An option overrides the environment variable ($NAME), which overrides the
	// configuration file, which overrides the default.
}

// A program that has a command line on package flag keeps it.
func ExampleSet_BindFlags() {
	cfg := config{N: 20, Max: 10, Find: 5}
	set := params.New("count", &cfg)
	fs := flag.NewFlagSet("count", flag.ContinueOnError)
	fs.SetOutput(os.Stdout)
	verbose := fs.Bool("verbose", false, "say more")
	set.BindFlags(fs)
	if err := fs.Parse([]string{"-verbose", "-n", "3"}); err != nil {
		fmt.Println(err)
		return
	}
	if err := set.Load(); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(cfg.N, *verbose)
	// Output: 3 true
}
