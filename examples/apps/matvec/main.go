// Matvec multiplies a matrix by a vector: rank 0 has both and deals out the
// rows of the matrix, each rank multiplies its rows with gonum, and rank 0
// gathers the result and compares it with the product on one rank.
//
//	mpiexec -n 4 ./examples/apps/matvec
//	mpiexec -n 4 ./examples/apps/matvec --rows 8000 --columns 8000 --times
//	mpiexec -n 4 ./examples/apps/matvec --matrix a.csv --vector x.csv --out y.csv
//	RINGO_RANKS=4 go run ./examples/apps/matvec
//
// Without files the elements are random whole numbers from -9 to 9, whose sums
// are exact: the result is the same for any number of ranks. Sums of fractions
// may differ in the last digit.
package main

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/mat"

	"github.com/ringo-mpi/ringo/atomicfile"
	"github.com/ringo-mpi/ringo/mpi"
	_ "github.com/ringo-mpi/ringo/mpi/native" // under another MPI's launcher its library carries the ranks
	"github.com/ringo-mpi/ringo/params"
	"github.com/ringo-mpi/ringo/params/onroot"
)

type config struct {
	Rows    int    `min:"1" max:"100000" help:"rows of the matrix that is made"`
	Columns int    `min:"1" max:"100000" help:"columns of the matrix that is made"`
	Seed    uint64 `help:"seed of the random numbers"`
	Matrix  string `value:"file" help:"read the matrix from this CSV file, a row a line"`
	Vector  string `value:"file" help:"read the vector from this CSV file, an element a line (default random)"`
	Out     string `short:"o" value:"file" help:"write the result to this file, an element a line"`
	Times   bool   `help:"print how long the parts took"`
}

// greatest bounds the elements of a matrix that is made: 8 GB.
const greatest = 1_000_000_000

func main() {
	atomicfile.RemoveOnSignal() // Ctrl-C leaves no half written file
	mpi.Main(func(world *mpi.Comm) error { return run(world, os.Args[1:], os.Stdout) })
}

func run(world *mpi.Comm, args []string, out io.Writer) error {
	cfg := config{Rows: 1000, Columns: 1000, Seed: 1}
	set := params.New("matvec", &cfg)
	set.About = "Multiplies a matrix by a vector, the rows shared by all ranks."
	set.Output = out
	set.Check = func() error {
		if int64(cfg.Rows)*int64(cfg.Columns) > greatest {
			return set.Errorf("rows", "%d x %d elements are more than %d", cfg.Rows, cfg.Columns, greatest)
		}
		if cfg.Out == "" {
			return nil
		}
		return atomicfile.Writable(cfg.Out)
	}
	if run, err := onroot.Parse(world, set, args); !run {
		return err
	}

	var a *mat.Dense // on rank 0 only, like x
	var x *mat.VecDense
	if world.Rank() == 0 {
		var err error
		if a, x, err = load(cfg); err != nil {
			return err
		}
	}
	y, times, err := multiply(world, a, x)
	if err != nil || world.Rank() != 0 {
		return err
	}
	if cfg.Out != "" {
		if err := write(cfg.Out, y); err != nil {
			return err
		}
	}
	return report(out, cfg, a, x, y, times)
}

// durations are the seconds that dealing out, multiplying and gathering took
// on this rank.
type durations struct{ deal, multiply, gather float64 }

// multiply returns the product of a and x of rank 0 on rank 0. Collective.
func multiply(world *mpi.Comm, a *mat.Dense, x *mat.VecDense) (*mat.VecDense, durations, error) {
	var times durations
	begin := mpi.Wtime()
	lap := func(d *float64) { now := mpi.Wtime(); *d, begin = now-begin, now }

	// All ranks learn the size, and all get the whole vector.
	var size struct{ Rows, Columns int64 }
	if world.Rank() == 0 {
		r, c := a.Dims()
		size.Rows, size.Columns = int64(r), int64(c)
	}
	size, err := mpi.BcastValue(world, size, 0)
	if err != nil {
		return nil, times, err
	}
	rows, columns := int(size.Rows), int(size.Columns)
	factor := make([]float64, columns)
	if world.Rank() == 0 {
		copy(factor, x.RawVector().Data)
	}
	if err := mpi.Bcast(world, factor, 0); err != nil {
		return nil, times, err
	}

	// The rows are dealt out: rank r gets counts[r] of them.
	counts := make([]int, world.Size())
	elements := make([]int, world.Size())
	for r := range counts {
		counts[r] = (r+1)*rows/len(counts) - r*rows/len(counts)
		elements[r] = counts[r] * columns
	}
	var all []float64
	if world.Rank() == 0 {
		all = a.RawMatrix().Data
	}
	mine := make([]float64, elements[world.Rank()])
	if err := mpi.Scatterv(world, mpi.PartsOf(all, elements), mine, 0); err != nil {
		return nil, times, err
	}
	lap(&times.deal)

	product := make([]float64, counts[world.Rank()])
	if len(product) > 0 { // else there are fewer rows than ranks
		own := mat.NewDense(len(product), columns, mine)
		mat.NewVecDense(len(product), product).MulVec(own, mat.NewVecDense(columns, factor))
	}
	lap(&times.multiply)

	var result []float64
	if world.Rank() == 0 {
		result = make([]float64, rows)
	}
	if err := mpi.Gatherv(world, product, mpi.PartsOf(result, counts), 0); err != nil {
		return nil, times, err
	}
	lap(&times.gather)
	if world.Rank() != 0 {
		return nil, times, nil
	}
	return mat.NewVecDense(rows, result), times, nil
}

// load reads matrix and vector or makes them.
func load(cfg config) (*mat.Dense, *mat.VecDense, error) {
	random := rand.New(rand.NewPCG(cfg.Seed, 0))
	numbers := func(n int) []float64 {
		out := make([]float64, n)
		for i := range out {
			out[i] = float64(random.IntN(19) - 9)
		}
		return out
	}
	rows, columns := cfg.Rows, cfg.Columns
	var values []float64
	if cfg.Matrix == "" {
		values = numbers(rows * columns)
	} else {
		t, err := readCSV(cfg.Matrix, nil)
		if err != nil {
			return nil, nil, err
		}
		rows, columns, values = t.Rows(), t.Columns, t.Values
	}
	var factor []float64
	if cfg.Vector == "" {
		factor = numbers(columns)
	} else {
		t, err := readCSV(cfg.Vector, nil)
		if err != nil {
			return nil, nil, err
		}
		if factor = t.Values; len(factor) != columns {
			return nil, nil, fmt.Errorf("%s: %d elements for a matrix of %d columns", cfg.Vector, len(factor), columns)
		}
	}
	return mat.NewDense(rows, columns, values), mat.NewVecDense(columns, factor), nil
}

func write(path string, y *mat.VecDense) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		var line []byte
		for _, v := range y.RawVector().Data {
			line = append(strconv.AppendFloat(line[:0], v, 'g', -1, 64), '\n')
			if _, err := w.Write(line); err != nil {
				return err
			}
		}
		return nil
	})
}

// shown is how many elements of the result are printed.
const shown = 8

// report prints the result and the check.
func report(out io.Writer, cfg config, a *mat.Dense, x, y *mat.VecDense, times durations) error {
	rows, columns := a.Dims()
	var b strings.Builder
	fmt.Fprintf(&b, "%d x %d matrix times vector:", rows, columns)
	for i := range min(rows, shown) {
		fmt.Fprintf(&b, " %.6g", y.AtVec(i))
	}
	if rows > shown {
		b.WriteString(" …")
	}
	fmt.Fprintf(&b, "\nlength of the result: %.10g\n", mat.Norm(y, 2))

	var alone mat.VecDense
	begin := mpi.Wtime()
	alone.MulVec(a, x)
	serial := mpi.Wtime() - begin
	difference := 0.0
	for i := range rows {
		difference = max(difference, math.Abs(alone.AtVec(i)-y.AtVec(i)))
	}
	fmt.Fprintf(&b, "greatest difference from the product on one rank: %.3g\n", difference)
	if cfg.Times {
		fmt.Fprintf(&b, "dealing out %.6f s, multiplying %.6f s (on one rank %.6f s), gathering %.6f s\n",
			times.deal, times.multiply, serial, times.gather)
	}
	_, err := io.WriteString(out, b.String())
	return err
}
