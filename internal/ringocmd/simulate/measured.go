package simulate

import (
	"encoding/csv"
	"errors"
	"io"
	"os"
	"slices"
	"strconv"

	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/ringocmd/cli"
	"github.com/ringo-mpi/ringo/internal/simulate"
)

// key is a collective and a size.
type key struct {
	kind engine.CollKind
	size int
}

// measured is the times of a file that ringo bench has written: the mean over
// the ranks, in microseconds.
type measured struct {
	ranks int
	times map[key]float64
}

// sizes are those that were measured of a collective.
func (m *measured) sizes(kind engine.CollKind) (all []int) {
	for k := range m.times {
		if k.kind == kind {
			all = append(all, k.size)
		}
	}
	slices.Sort(all)
	return all
}

// readMeasured reads the csv of ringo bench NAME or ringo bench collectives.
// Collectives that are not played are passed over.
func readMeasured(path string) (measured, error) {
	f, err := os.Open(path)
	if err != nil {
		return measured{}, cli.Usage(err)
	}
	defer f.Close()
	return parseMeasured(path, f)
}

func parseMeasured(path string, in io.Reader) (measured, error) {
	m := measured{times: map[key]float64{}}
	r := csv.NewReader(in)
	r.ReuseRecord = true
	wrong := func(what string) (measured, error) {
		line, _ := r.FieldPos(0)
		return measured{}, cli.Usagef("%s:%d: %s", path, line, what)
	}
	head, err := r.Read()
	if err != nil {
		return measured{}, cli.Usagef("%s: it is no csv of ringo bench: %w", path, err)
	}
	at := map[string]int{}
	for i, c := range head {
		at[c] = i
	}
	for _, c := range []string{"benchmark", "ranks", "size", "avg_us"} {
		if _, ok := at[c]; !ok {
			return wrong("there is no column " + c + ": it is no csv of a collective of ringo bench")
		}
	}
	which := at["benchmark"]
	if i, ok := at["collective"]; ok {
		which = i
	}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return measured{}, cli.Usagef("%s: %w", path, err)
		}
		kind, err := simulate.ParseCollective(row[which])
		if err != nil {
			continue
		}
		ranks, err := strconv.Atoi(row[at["ranks"]])
		if err != nil || ranks < 1 {
			return wrong("the number of ranks is " + strconv.Quote(row[at["ranks"]]))
		}
		if m.ranks != 0 && m.ranks != ranks {
			return wrong("the lines before are of another number of ranks")
		}
		m.ranks = ranks
		size, err := strconv.Atoi(row[at["size"]])
		if err != nil || size < 0 || size > maxSize {
			return wrong("the size is " + strconv.Quote(row[at["size"]]))
		}
		us, err := strconv.ParseFloat(row[at["avg_us"]], 64)
		if err != nil || !(us > 0 && us < 1e15) {
			return wrong("the time is " + strconv.Quote(row[at["avg_us"]]))
		}
		m.times[key{kind, size}] = us
	}
	if m.ranks == 0 {
		return measured{}, cli.Usagef("%s: it has no time of a collective that is played", path)
	}
	return m, nil
}
