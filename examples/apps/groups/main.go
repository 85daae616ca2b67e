// Groups divides the processes of the world: into the rows and the columns of
// a grid, by Split, and into a group of its own, by Create. It prints who has
// which rank where.
//
//	mpiexec -n 6 ./examples/apps/groups --columns 3
//	RINGO_RANKS=12 go run ./examples/apps/groups
//
// Each row and each column is a communicator: a sum over it is the sum of its
// processes only, and all rows add up at the same time. The processes whose
// rank is a prime number get a communicator, too. Then rank 0 computes with the
// groups of the first row and the first column: union, intersection,
// difference, and the ranks of the one in the other.
package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/ringo-mpi/ringo/mpi"
	_ "github.com/ringo-mpi/ringo/mpi/native" // under another MPI's launcher its library carries the ranks
	"github.com/ringo-mpi/ringo/params"
	"github.com/ringo-mpi/ringo/params/onroot"
)

type config struct {
	Columns int `min:"0" help:"columns of the grid; 0 for as many as rows, or nearly"`
}

func main() {
	mpi.Main(func(world *mpi.Comm) error { return run(world, os.Args[1:], os.Stdout) })
}

func run(world *mpi.Comm, args []string, out io.Writer) error {
	var cfg config
	set := params.New("groups", &cfg)
	set.About = "Divides the processes into rows and columns of a grid, and into groups."
	set.Output = out
	if run, err := onroot.Parse(world, set, args); !run {
		return err
	}
	columns := cfg.Columns
	if columns == 0 {
		for columns = 1; columns*columns < world.Size(); columns++ {
		}
	}

	mine, err := divide(world, columns)
	if err != nil {
		return err
	}
	all, err := mpi.GatherObject(world, mine, 0)
	if err != nil || world.Rank() != 0 {
		return err
	}
	text := table(all)
	more, err := operations(world.Group(), columns)
	if err != nil {
		return err
	}
	_, err = io.WriteString(out, text+more)
	return err
}

// place is the rank of a process in one communicator, its size, and the sum of
// the world ranks in it.
type place struct{ Rank, Size, Sum int }

// places are those of one process.
type places struct {
	Row, Column place
	Prime       *place // nil for a process that is not in the group
}

// divide makes the communicators and says where this process is. Collective.
func divide(world *mpi.Comm, columns int) (places, error) {
	var p places
	// Processes with the same color get a communicator together.
	row, err := world.Split(world.Rank()/columns, world.Rank())
	if err != nil {
		return p, err
	}
	defer func() { _ = row.Free() }()
	column, err := world.Split(world.Rank()%columns, world.Rank())
	if err != nil {
		return p, err
	}
	defer func() { _ = column.Free() }()

	// A group is a list of processes, made without communication; all
	// processes take part in making a communicator of it.
	group, err := world.Group().Incl(primes(world.Size())...)
	if err != nil {
		return p, err
	}
	prime, err := world.Create(group)
	if err != nil {
		return p, err
	}

	if p.Row, err = in(row, world.Rank()); err != nil {
		return p, err
	}
	if p.Column, err = in(column, world.Rank()); err != nil {
		return p, err
	}
	if prime != nil { // else this process is not in the group
		defer func() { _ = prime.Free() }()
		at, err := in(prime, world.Rank())
		if err != nil {
			return p, err
		}
		p.Prime = &at
	}
	return p, nil
}

// in adds up the world ranks of the processes in c. Collective over c.
func in(c *mpi.Comm, worldRank int) (place, error) {
	sum, err := mpi.AllreduceValue(c, worldRank, mpi.Sum)
	return place{c.Rank(), c.Size(), sum}, err
}

// operations computes with groups: no process but the caller takes part.
func operations(world *mpi.Group, columns int) (string, error) {
	// region operations
	var first, left []int // the first row, and the first column
	for r := range world.Size() {
		if r/columns == 0 {
			first = append(first, r)
		}
		if r%columns == 0 {
			left = append(left, r)
		}
	}
	row, err := world.Incl(first...)
	if err != nil {
		return "", err
	}
	column, err := world.Incl(left...)
	if err != nil {
		return "", err
	}
	both := row.Union(column)
	ranks := make([]int, both.Size())
	for i := range ranks {
		ranks[i] = i
	}
	inColumn, err := both.Translate(ranks, column)
	if err != nil {
		return "", err
	}
	// endregion
	var b strings.Builder
	fmt.Fprintf(&b, "\nfirst row        %v\n", row)
	fmt.Fprintf(&b, "first column     %v\n", column)
	fmt.Fprintf(&b, "union            %v\n", both)
	fmt.Fprintf(&b, "intersection     %v\n", row.Intersection(column))
	fmt.Fprintf(&b, "row less column  %v\n", row.Difference(column))
	fmt.Fprintf(&b, "the ranks of the union in the column:")
	for _, r := range inColumn {
		if r == mpi.Undefined {
			b.WriteString(" -")
		} else {
			fmt.Fprintf(&b, " %d", r)
		}
	}
	b.WriteByte('\n')
	return b.String(), nil
}

// primes returns the prime numbers below n.
func primes(n int) (found []int) {
next:
	for p := 2; p < n; p++ {
		for _, q := range found {
			if p%q == 0 {
				continue next
			}
		}
		found = append(found, p)
	}
	return found
}

// table has a line for each process.
func table(all []places) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "world\tin its row\tsum\tin its column\tsum\tamong primes\tsum")
	for rank, p := range all {
		fmt.Fprintf(w, "%d\t%d of %d\t%d\t%d of %d\t%d\t", rank,
			p.Row.Rank, p.Row.Size, p.Row.Sum, p.Column.Rank, p.Column.Size, p.Column.Sum)
		if p.Prime == nil {
			fmt.Fprintln(w, "-\t-")
		} else {
			fmt.Fprintf(w, "%d of %d\t%d\n", p.Prime.Rank, p.Prime.Size, p.Prime.Sum)
		}
	}
	w.Flush()
	return b.String()
}
