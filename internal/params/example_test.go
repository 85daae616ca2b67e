package params_test

import (
	"fmt"

	"github.com/ringo-mpi/ringo/internal/params"
)

func Example() {
	cfg := struct {
		N    int `param:"n" env:"N" min:"1" help:"numbers per rank"`
		Max  int `env:"MAX" help:"largest number"`
		Find int `env:"FIND" help:"number that is counted"`
	}{N: 20, Max: 10, Find: 5}

	set := params.New("count", &cfg)
	set.About = "Counts how many random numbers equal FIND."
	set.LookupEnv = func(name string) (string, bool) { return "7", name == "FIND" }

	if _, err := set.Parse([]string{"-n", "100"}); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("n=%d max=%d find=%d\n", cfg.N, cfg.Max, cfg.Find)
	fmt.Println(set.Errorf("find", "larger than max"))
	_, err := set.Parse([]string{"--n", "ten"})
	fmt.Println(err)
	// Output:
	// n=100 max=10 find=7
	// environment variable FIND: larger than max
	// option --n: want an integer, have "ten"
}
