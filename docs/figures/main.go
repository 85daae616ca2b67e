// Figures draws the figures of the chapters, SVG files in the folder of this
// program:
//
//	go run ./docs/figures
//
// A test fails when the files are not what the program draws.
package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/ringo-mpi/ringo/atomicfile"
)

func main() {
	const folder = "docs/figures"
	if _, err := os.Stat(filepath.Join(folder, "main.go")); err != nil {
		fmt.Fprintln(os.Stderr, "figures: start it in the root folder of the repository:", err)
		os.Exit(1)
	}
	all := figures()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if err := atomicfile.WriteFile(filepath.Join(folder, name), []byte(all[name])); err != nil {
			fmt.Fprintln(os.Stderr, "figures:", err)
			os.Exit(1)
		}
	}
}

// figures returns the files by name.
func figures() map[string]string {
	return map[string]string{
		"send-receive.svg": sendReceive(),
		"broadcast.svg":    broadcast(),
		"scatter.svg":      scatter(),
		"gather.svg":       gather(),
		"allgather.svg":    allgather(),
		"ring.svg":         ring(),
		"split.svg":        split(),
	}
}

const ranks = 4

// sendReceive: one process sends, another receives.
func sendReceive() string {
	d := &drawing{width: 480, height: 120, title: "Rank 0 sends data, rank 1 receives it"}
	for r := range 2 {
		x := 40 + 280*float64(r)
		d.text(x+60, 20, "middle", 17, fmt.Sprintf("Rank %d", r))
		d.box(x, 40, 120, 56, colours[0].light, "data")
	}
	d.arrow(colours[0].dark, 160, 68, 320, 68)
	d.text(240, 54, "middle", 14, "Send")
	d.text(240, 83, "middle", 14, "Recv")
	return d.String()
}

// The collectives have a line for each rank: what it has before on the left,
// what it has after the call on the right.
const (
	lineHeight = 62.0
	lineTop    = 40.0
	cellSize   = 44.0
	cellGap    = 4.0
	labelWidth = 74.0
	between    = 150.0 // room for the arrows
)

// cell is a piece of data: the number is the rank that it comes from or is for.
type cell struct {
	text   string
	colour int
}

// arrowTo leads from the cells of a rank before to those of a rank after.
type arrowTo struct{ rank, toRank, colour int }

// collective draws what every rank has before and after. columns are the
// greatest numbers of cells.
func collective(title string, before, after [ranks][]cell, arrows []arrowTo) string {
	columns := func(lines [ranks][]cell) int {
		n := 1
		for _, l := range lines {
			n = max(n, len(l))
		}
		return n
	}
	width := func(n int) float64 { return float64(n)*(cellSize+cellGap) - cellGap }
	left := labelWidth
	right := left + width(columns(before)) + between
	d := &drawing{width: int(right + width(columns(after)) + 20), height: int(lineTop + ranks*lineHeight + 4), title: title}
	d.text(left+width(columns(before))/2, 18, "middle", 15, "before")
	d.text(right+width(columns(after))/2, 18, "middle", 15, "after")
	at := func(side float64, rank, c int) (x, y float64) {
		return side + float64(c)*(cellSize+cellGap), lineTop + float64(rank)*lineHeight
	}
	for r := range ranks {
		_, y := at(left, r, 0)
		d.text(10, y+cellSize/2, "start", 16, fmt.Sprintf("Rank %d", r))
	}
	for _, a := range arrows {
		x, y := at(left, a.rank, len(before[a.rank])-1)
		tx, ty := at(right, a.toRank, 0)
		d.arrow(colours[a.colour].dark, x+cellSize, y+cellSize/2, tx-2, ty+cellSize/2)
	}
	draw := func(side float64, lines [ranks][]cell) {
		for r, line := range lines {
			for c, content := range line {
				x, y := at(side, r, c)
				d.box(x, y, cellSize, cellSize, colours[content.colour].light, content.text)
			}
		}
	}
	draw(left, before)
	draw(right, after)
	return d.String()
}

func piece(rank int) cell { return cell{fmt.Sprintf("D%d", rank), rank} }

func pieces() (all []cell) {
	for r := range ranks {
		all = append(all, piece(r))
	}
	return all
}

// broadcast: rank 0's data goes to all ranks.
func broadcast() string {
	whole := cell{"D", 0}
	var before, after [ranks][]cell
	var arrows []arrowTo
	before[0] = []cell{whole}
	for r := range ranks {
		after[r] = []cell{whole}
		arrows = append(arrows, arrowTo{0, r, 0})
	}
	return collective("Broadcast: all ranks get what rank 0 has", before, after, arrows)
}

// scatter: each rank gets its piece of rank 0's data.
func scatter() string {
	var before, after [ranks][]cell
	before[0] = pieces()
	var arrows []arrowTo
	for r := range ranks {
		after[r] = []cell{piece(r)}
		arrows = append(arrows, arrowTo{0, r, r})
	}
	return collective("Scatter: rank r gets piece r of what rank 0 has", before, after, arrows)
}

// gather: rank 0 gets a piece from each rank.
func gather() string {
	var before, after [ranks][]cell
	after[0] = pieces()
	var arrows []arrowTo
	for r := range ranks {
		before[r] = []cell{piece(r)}
		arrows = append(arrows, arrowTo{r, 0, r})
	}
	return collective("Gather: rank 0 gets a piece from every rank", before, after, arrows)
}

// allgather: every rank gets a piece from each rank.
func allgather() string {
	var before, after [ranks][]cell
	var arrows []arrowTo
	for r := range ranks {
		before[r] = []cell{piece(r)}
		after[r] = pieces()
		for to := range ranks {
			arrows = append(arrows, arrowTo{r, to, r})
		}
	}
	return collective("Allgather: every rank gets a piece from every rank", before, after, arrows)
}

// ring: a number goes round, and each rank adds 1.
func ring() string {
	d := &drawing{width: 648, height: 152, title: "Ring: a number goes from rank to rank and back to rank 0; each adds 1"}
	const width, step = 104.0, 168.0
	for r := range ranks {
		x := 20 + step*float64(r)
		d.text(x+width/2, 16, "middle", 17, fmt.Sprintf("Rank %d", r))
		d.box(x, 34, width, 54, colours[0].light, "count")
		if r+1 < ranks {
			d.arrow(colours[0].dark, x+width, 61, x+step, 61)
			d.text(x+width+(step-width)/2-4, 46, "middle", 15, "+1")
		}
	}
	first, last := 20+width/2, 20+step*(ranks-1)+width/2
	d.arrow(colours[0].dark, last, 88, last, 122, first, 122, first, 88)
	d.text((first+last)/2, 138, "middle", 15, "+1")
	return d.String()
}

// split: the ranks of the world in the rows and columns of a grid.
func split() string {
	const rows, columns = 2, 3
	d := &drawing{width: 460, height: 226, title: "Split: six ranks in two communicators of a row and three of a column"}
	const left, top, dx, dy, w, h = 104.0, 62.0, 116.0, 84.0, 84.0, 54.0
	for r := range rows {
		d.box(left-14, top-12+dy*float64(r), columns*dx-dx+w+28, h+24, "none", "")
		d.text(left-26, top+h/2+dy*float64(r), "end", 15, fmt.Sprintf("row %d", r))
	}
	for c := range columns {
		x := left + dx*float64(c)
		d.text(x+w/2, 24, "middle", 15, fmt.Sprintf("column %d", c))
		for r := range rows {
			d.box(x, top+dy*float64(r), w, h, colours[c].light, fmt.Sprintf("Rank %d", r*columns+c))
		}
	}
	return d.String()
}
