// Loop measures a function for all values of two parameters in one program. It
// saves its timers after every value, and a run that is started again goes on
// behind the last one: nothing is measured twice.
//
//	go run ./examples/apps/loop --xmax 2 --ymax 1 --checkpoint loop.json
package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/ringo-mpi/ringo/params"
	"github.com/ringo-mpi/ringo/stopwatch"
)

type config struct {
	Xmax       int    `min:"0" max:"1000" help:"largest x"`
	Ymax       int    `min:"0" max:"1000" help:"largest y"`
	Steps      int    `min:"1" max:"1000000000" help:"work for each value"`
	Checkpoint string `value:"file" help:"save the timers to this file, and go on with those in it"`
}

func main() {
	err := run(os.Args[1:], os.Stdout)
	if errors.Is(err, params.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "loop:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	cfg := config{Xmax: 2, Ymax: 1, Steps: 1_000_000}
	set := params.New("loop", &cfg)
	set.About = "Measures f(x,y) for x from 0 to xmax and y from 0 to ymax."
	set.Output = out
	if err := set.Parse(args); err != nil {
		return err
	}

	// region loop
	w := stopwatch.New()
	if cfg.Checkpoint != "" {
		if err := w.Resume(cfg.Checkpoint); err != nil { // no file: the first run
			return err
		}
	}
	for x := range cfg.Xmax + 1 {
		for y := range cfg.Ymax + 1 {
			name := fmt.Sprintf("f(%d,%d)", x, y)
			if _, done := w.Get(name); done {
				continue
			}
			span := w.Start(name)
			result := f(float64(x), float64(y), cfg.Steps)
			span.Stop()
			if _, err := fmt.Fprintf(out, "%s = %.6g\n", name, result); err != nil {
				return err
			}
			if cfg.Checkpoint != "" {
				if err := w.Save(cfg.Checkpoint); err != nil {
					return err
				}
			}
		}
	}
	return w.WriteTable(out)
	// endregion
}

// f computes x·y the long way.
func f(x, y float64, steps int) float64 {
	h := x / float64(steps)
	sum := 0.0
	for i := range steps {
		s, c := math.Sincos((float64(i) + 0.5) * h)
		sum += y * (c*c + s*s) * h
	}
	return sum
}
