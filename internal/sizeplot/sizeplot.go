// Package sizeplot draws figures of benchmarks: curves over the size of a
// message, which has a logarithmic axis that also has room for 0.
package sizeplot

import (
	"fmt"
	"image/color"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"github.com/ringo-mpi/ringo/atomicfile"
)

// Extensions are those of the files that Draw writes.
var Extensions = []string{".png", ".svg", ".pdf"}

// Figure is one picture.
type Figure struct {
	Title  string
	X, Y   string // labels of the axes
	Bytes  bool   // X is a number of bytes: 1024 is 1 KiB
	LogY   bool   // leave out what is not above 0
	Curves []Curve
	Levels []Level
}

// Curve is a line through points. Points need not be in order.
type Curve struct {
	Name   string
	Points []Point
}

// Point is a value and, if High is above Low, its spread.
type Point struct {
	X, Y      float64
	Low, High float64
}

// Level is a dashed horizontal line.
type Level struct {
	Name     string
	Y        float64
	From, To float64 // of X; all of the axis if To is 0
}

var colours = []color.Color{
	color.NRGBA{214, 39, 40, 255},
	color.NRGBA{31, 119, 180, 255},
	color.NRGBA{44, 160, 44, 255},
	color.NRGBA{148, 103, 189, 255},
	color.NRGBA{255, 127, 14, 255},
	color.NRGBA{23, 190, 207, 255},
	color.NRGBA{140, 86, 75, 255},
	color.NRGBA{227, 119, 194, 255},
	color.NRGBA{127, 127, 127, 255},
	color.NRGBA{188, 189, 34, 255},
}

var grey = color.NRGBA{120, 120, 120, 255}

// Draw writes the figure to the file at path, in the format of its extension.
func (f *Figure) Draw(path string) error {
	p, err := f.plot()
	if err != nil {
		return err
	}
	const width, height = 16 * vg.Centimeter, 11 * vg.Centimeter
	var w io.WriterTo
	if ext := strings.ToLower(filepath.Ext(path)); ext == ".png" {
		c := vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(150))
		p.Draw(draw.New(c))
		w = vgimg.PngCanvas{Canvas: c}
	} else if w, err = p.WriterTo(width, height, strings.TrimPrefix(ext, ".")); err != nil {
		return fmt.Errorf("cannot draw %s: %w", path, err)
	}
	return atomicfile.Write(path, func(out io.Writer) error {
		_, err := w.WriteTo(out)
		return err
	})
}

func (f *Figure) plot() (*plot.Plot, error) {
	curves, xs := f.usable()
	if len(curves) == 0 {
		return nil, fmt.Errorf("there is nothing to draw: no value is above 0")
	}
	p := plot.New()
	sans := font.Font{Typeface: "Liberation", Variant: "Sans"}
	p.Title.Text = f.Title
	p.Title.TextStyle.Font = font.From(sans, 12)
	p.Legend.TextStyle.Font = font.From(sans, 9)
	p.Legend.Padding = vg.Millimeter
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Label.TextStyle.Font = font.From(sans, 11)
		axis.Tick.Label.Font = font.From(sans, 9)
	}
	p.X.Label.Text, p.Y.Label.Text = f.X, f.Y
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Color = color.Gray{225}, color.Gray{225}
	p.Add(grid)

	place := placer(xs)
	for i, c := range curves {
		points := make(plotter.XYs, len(c.Points))
		spread := make(plotter.YErrors, len(c.Points))
		spreads := false
		for j, q := range c.Points {
			points[j] = plotter.XY{X: place(q.X), Y: q.Y}
			if q.High > q.Low && (!f.LogY || q.Low > 0) {
				spread[j].Low, spread[j].High = max(0, q.Y-q.Low), max(0, q.High-q.Y)
				spreads = true
			}
		}
		line, marks, err := plotter.NewLinePoints(points)
		if err != nil {
			return nil, err
		}
		line.Color, marks.Color = colours[i%len(colours)], colours[i%len(colours)]
		line.Width, marks.Radius = vg.Points(1.3), vg.Points(2.2)
		line.Dashes = plotutil.Dashes(i / len(colours))
		marks.Shape = plotutil.Shape(i)
		p.Add(line, marks)
		if spreads {
			bars, err := plotter.NewYErrorBars(struct {
				plotter.XYs
				plotter.YErrors
			}{points, spread})
			if err != nil {
				return nil, err
			}
			bars.Color, bars.CapWidth = line.Color, vg.Points(3)
			p.Add(bars)
		}
		if c.Name != "" {
			p.Legend.Add(c.Name, line, marks)
		}
	}
	f.levels(p, xs, place)
	p.X.Tick.Marker = f.sizeTicks(xs, place)
	f.scale(p)
	p.Legend.Top, p.Legend.Left = true, rises(curves)
	p.Legend.XOffs = vg.Millimeter
	if !p.Legend.Left {
		p.Legend.XOffs = -vg.Millimeter
	}
	return p, nil
}

// usable returns the curves, in order of X, with the points that can be drawn,
// and all their X in order.
func (f *Figure) usable() (curves []Curve, xs []float64) {
	for _, c := range f.Curves {
		u := Curve{Name: c.Name}
		for _, q := range c.Points {
			if math.IsNaN(q.Y) || math.IsInf(q.Y, 0) || f.LogY && q.Y <= 0 || q.X < 0 {
				continue
			}
			u.Points = append(u.Points, q)
			if !slices.Contains(xs, q.X) {
				xs = append(xs, q.X)
			}
		}
		slices.SortStableFunc(u.Points, func(a, b Point) int { return int(math.Copysign(1, a.X-b.X)) })
		if len(u.Points) > 0 {
			curves = append(curves, u)
		}
	}
	slices.Sort(xs)
	return curves, xs
}

// placer maps a size to its place on the axis, the logarithm; 0 stands one
// doubling before the least size above it.
func placer(xs []float64) func(float64) float64 {
	zero := -1.0
	if i := slices.IndexFunc(xs, func(x float64) bool { return x > 0 }); i >= 0 {
		zero = math.Log2(xs[i]) - 1
	}
	return func(x float64) float64 {
		if x <= 0 {
			return zero
		}
		return math.Log2(x)
	}
}

func (f *Figure) levels(p *plot.Plot, xs []float64, place func(float64) float64) {
	for _, l := range f.Levels {
		from, to := xs[0], xs[len(xs)-1]
		if l.To > 0 {
			from, to = max(from, l.From), min(to, l.To)
		}
		if from > to || f.LogY && l.Y <= 0 {
			continue
		}
		line, err := plotter.NewLine(plotter.XYs{{X: place(from), Y: l.Y}, {X: place(to), Y: l.Y}})
		if err != nil {
			continue // not a number
		}
		line.Color, line.Dashes, line.Width = grey, []vg.Length{vg.Points(4), vg.Points(3)}, vg.Points(1.2)
		p.Add(line)
		if l.Name != "" {
			p.Legend.Add(l.Name, line)
		}
	}
}

// sizeTicks labels the sizes that were measured, at most a dozen of them.
func (f *Figure) sizeTicks(xs []float64, place func(float64) float64) plot.ConstantTicks {
	every := (len(xs) + 11) / 12
	var ticks plot.ConstantTicks
	for i, x := range xs {
		label := ""
		// Counted from the end, so that the greatest size has its label, and
		// 0, which is no power of two, has one too.
		if (len(xs)-1-i)%every == 0 || i == 0 && x == 0 {
			label = strconv.FormatFloat(x, 'g', 6, 64)
			if f.Bytes {
				label = Size(int(x))
			}
		}
		ticks = append(ticks, plot.Tick{Value: place(x), Label: label})
	}
	return ticks
}

// Size words a number of bytes: 512, 4 Ki, 1 Mi.
func Size(n int) string {
	for _, u := range []struct {
		unit int
		name string
	}{{1 << 30, "Gi"}, {1 << 20, "Mi"}, {1 << 10, "Ki"}} {
		if n >= u.unit && n%u.unit == 0 {
			return strconv.Itoa(n/u.unit) + " " + u.name
		}
	}
	return strconv.Itoa(n)
}

// scale chooses the Y axis and gives the data a rim.
func (f *Figure) scale(p *plot.Plot) {
	if p.X.Min == p.X.Max {
		p.X.Min, p.X.Max = p.X.Min-1, p.X.Max+1
	}
	rim := (p.X.Max - p.X.Min) / 30
	p.X.Min, p.X.Max = p.X.Min-rim, p.X.Max+rim
	if f.LogY {
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, logTicks{}
		p.Y.Min, p.Y.Max = p.Y.Min/1.2, p.Y.Max*1.2
		return
	}
	p.Y.Min = min(0, p.Y.Min)
	p.Y.Max *= 1.08
	if p.Y.Max <= p.Y.Min {
		p.Y.Max = p.Y.Min + 1
	}
}

// rises reports whether the right ends are higher than the left ones; the
// legend goes to the other side.
func rises(curves []Curve) bool {
	left, right := math.Inf(-1), math.Inf(-1)
	for _, c := range curves {
		left = max(left, c.Points[0].Y)
		right = max(right, c.Points[len(c.Points)-1].Y)
	}
	return right > left
}

// logTicks marks every decade, and 2 and 5 of it if there are few.
type logTicks struct{}

func (logTicks) Ticks(lo, hi float64) []plot.Tick {
	var out []plot.Tick
	short := math.Log10(hi/lo) < 3
	for decade := math.Floor(math.Log10(lo)); decade <= math.Log10(hi); decade++ {
		for m := 1; m < 10; m++ {
			v := float64(m) * math.Pow(10, decade)
			if v < lo || v > hi {
				continue
			}
			label := ""
			if m == 1 || short && (m == 2 || m == 5) {
				label = strconv.FormatFloat(v, 'g', 3, 64)
				if v >= 1000 && v < 1e9 {
					label = strconv.FormatFloat(v, 'f', 0, 64)
				}
			}
			out = append(out, plot.Tick{Value: v, Label: label})
		}
	}
	return out
}
