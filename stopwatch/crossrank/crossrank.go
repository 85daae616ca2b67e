// Package crossrank compares the timers of package stopwatch over the ranks of
// a communicator: which rank was the slowest, which the fastest, and what the
// average is. A large difference between the slowest rank and the average means
// that the others wait for it.
//
//	w := stopwatch.New()
//	… w.Start("solve") … on every rank
//	s, err := crossrank.Compare(world, w, "solve")
//	fmt.Println(s) // solve: slowest rank 3 1.92s, fastest rank 0 1.41s, mean 1.6s over 4 ranks
package crossrank

import (
	"bytes"
	"fmt"
	"io"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/ringo-mpi/ringo/mpi"
	"github.com/ringo-mpi/ringo/stopwatch"
)

// RankTime is how long a timer ran on a rank: the sum of its measurements.
type RankTime struct {
	Rank int           // in the communicator
	Time time.Duration // of all its measurements together
}

// Comparison is one timer over the ranks that have it.
type Comparison struct {
	Timer            string        // its name
	Slowest, Fastest RankTime      // the lowest rank where several are equal
	Mean             time.Duration // of the ranks that have the timer
	Ranks            int           // that have the timer
	Failed           int           // of them, where it has failed
}

// Imbalance is the time of the slowest rank divided by the mean: 1 if all ranks
// take the same time. It is 1 as well if no rank took any.
func (c Comparison) Imbalance() float64 {
	if c.Mean == 0 {
		return 1
	}
	return float64(c.Slowest.Time) / float64(c.Mean)
}

// String returns the comparison as one line.
func (c Comparison) String() string {
	return fmt.Sprintf("%s: slowest rank %d %v, fastest rank %d %v, mean %v over %d ranks",
		c.Timer, c.Slowest.Rank, c.Slowest.Time, c.Fastest.Rank, c.Fastest.Time, c.Mean, c.Ranks)
}

// entry is a timer of a rank on its way to the others.
type entry struct {
	Name   string
	Sum    time.Duration
	Failed bool
}

// Compare compares the timer name over the ranks of c; a rank that has not used
// it does not count. Every rank gets the result, or an error if no rank has the
// timer. A running timer counts as if it ended now. Collective (one allgather).
func Compare(c *mpi.Comm, w *stopwatch.Watch, name string) (Comparison, error) {
	mine := [3]int64{} // has the timer, its sum, has failed
	if t, ok := w.Get(name); ok {
		mine[0], mine[1] = 1, int64(t.Sum)
		if t.Status == stopwatch.Failed {
			mine[2] = 1
		}
	}
	all, err := mpi.AllgatherValue(c, mine)
	if err != nil {
		return Comparison{}, err
	}
	s := sum{Comparison: Comparison{Timer: name}}
	for rank, v := range all {
		if v[0] == 1 {
			s.add(rank, time.Duration(v[1]), v[2] == 1)
		}
	}
	if s.Ranks == 0 {
		return Comparison{}, fmt.Errorf("crossrank: no rank has a timer %q", name)
	}
	return s.Comparison, nil
}

// All compares all timers of all ranks. Ranks may have different timers; the
// order is that of their first use on the lowest rank that has them. Every rank
// gets the result. Collective.
func All(c *mpi.Comm, w *stopwatch.Watch) ([]Comparison, error) {
	mine := []entry{}
	for _, t := range w.Timers() {
		mine = append(mine, entry{t.Name, t.Sum, t.Status == stopwatch.Failed})
	}
	all, err := mpi.AllgatherObject(c, mine)
	if err != nil {
		return nil, err
	}
	index := map[string]int{}
	var sums []sum
	for rank, entries := range all {
		for _, e := range entries {
			i, ok := index[e.Name]
			if !ok {
				i = len(sums)
				index[e.Name] = i
				sums = append(sums, sum{Comparison: Comparison{Timer: e.Name}})
			}
			sums[i].add(rank, e.Sum, e.Failed)
		}
	}
	out := make([]Comparison, len(sums))
	for i, s := range sums {
		out[i] = s.Comparison
	}
	return out, nil
}

// sum builds a comparison rank by rank.
type sum struct {
	Comparison
	total time.Duration
}

func (s *sum) add(rank int, d time.Duration, failed bool) {
	if s.Ranks == 0 || d > s.Slowest.Time {
		s.Slowest = RankTime{rank, d}
	}
	if s.Ranks == 0 || d < s.Fastest.Time {
		s.Fastest = RankTime{rank, d}
	}
	s.Ranks++
	if failed {
		s.Failed++
	}
	s.total += d
	s.Mean = s.total / time.Duration(s.Ranks)
}

// Write writes the comparison of all timers of all ranks as a table to out on
// the rank root; on the other ranks out is not used. Collective.
func Write(c *mpi.Comm, w *stopwatch.Watch, out io.Writer, root int) error {
	all, err := All(c, w)
	if err != nil || c.Rank() != root {
		return err
	}
	t := table.NewWriter()
	style := table.StyleDefault
	style.Format.Header = text.FormatDefault
	t.SetStyle(style)
	t.AppendHeader(table.Row{"Timer", "Ranks", "Failed", "Slowest", "Rank", "Fastest", "Rank", "Mean", "Imbalance"})
	var columns []table.ColumnConfig
	for i := 2; i <= 9; i++ {
		columns = append(columns, table.ColumnConfig{Number: i, Align: text.AlignRight})
	}
	t.SetColumnConfigs(columns)
	for _, x := range all {
		t.AppendRow(table.Row{x.Timer, x.Ranks, x.Failed, x.Slowest.Time, x.Slowest.Rank, x.Fastest.Time, x.Fastest.Rank, x.Mean, fmt.Sprintf("%.3f", x.Imbalance())})
	}
	var b bytes.Buffer
	b.WriteString(t.Render() + "\n")
	_, err = out.Write(b.Bytes())
	return err
}
