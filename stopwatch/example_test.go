package stopwatch_test

import (
	"fmt"
	"os"
	"time"

	"github.com/ringo-mpi/ringo/stopwatch"
)

func Example() {
	w := stopwatch.New()
	w.Tag("n", "1000")

	span := w.Start("assemble")
	// … work …
	span.Stop()

	err := w.Time("solve", func() error {
		return fmt.Errorf("no convergence")
	})
	fmt.Println(err)

	for _, t := range w.Timers() {
		fmt.Printf("%s %s %d %v %q\n", t.Name, t.Status, t.Count, t.Tags, t.Message)
	}
	// Output:
	// no convergence
	// assemble ok 1 [{n 1000}] ""
	// solve failed 1 [{n 1000}] "no convergence"
}

func ExampleWatch_WriteTable() {
	w := stopwatch.New()
	w.Add("send", 12345*time.Nanosecond)
	w.Add("send", 10*time.Microsecond)
	t, _ := w.Get("send")
	fmt.Println(t.Count, t.Sum, t.Min, t.Max, t.Mean())
	// Output: 2 22.345µs 10µs 12.345µs 11.172µs
}

// A program that is run several times and adds up its timers.
func ExampleWatch_Resume() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	for range 3 {
		w := stopwatch.New()
		if err := w.Resume(dir + "/timers.json"); err != nil {
			fmt.Println(err)
		}
		w.Add("step", time.Second)
		if err := w.Save(dir + "/timers.json"); err != nil {
			fmt.Println(err)
		}
		t, _ := w.Get("step")
		fmt.Println(t.Count, t.Sum)
	}
	// Output:
	// 1 1s
	// 2 2s
	// 3 3s
}
