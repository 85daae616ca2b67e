package logs

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
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"github.com/ringo-mpi/ringo/atomicfile"
)

// Picture says what a plot shows.
type Picture struct {
	X, Y       string   // columns
	Error      string   // column with the half length of error bars, or ""
	Series     []string // columns whose values tell the curves apart
	Title      string
	LogX, LogY bool
	Width      vg.Length // 0: 16 cm
	Height     vg.Length // 0: 10 cm
}

// PictureFormats are the extensions of plots.
var PictureFormats = []string{".png", ".svg", ".pdf"}

// largest bounds the numbers of a plot, so that the length of an axis is a
// number as well.
const largest = 1e100

type curve struct {
	name   string
	points plotter.XYs
	errors plotter.YErrors
}

// Draw writes the plot to the file at path, in the format of its extension.
func (d *Data) Draw(path string, pic Picture) error {
	p, err := d.plot(pic)
	if err != nil {
		return err
	}
	width, height := pic.Width, pic.Height
	if width == 0 {
		width = 16 * vg.Centimeter
	}
	if height == 0 {
		height = 10 * vg.Centimeter
	}
	format := strings.TrimPrefix(strings.ToLower(filepath.Ext(path)), ".")
	var w vg.CanvasWriterTo
	if format == "png" {
		w = vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(150))}
	} else if w, err = draw.NewFormattedCanvas(width, height, format); err != nil {
		return err
	}
	whole := draw.NewCanvas(w, width, height)
	whole.SetColor(color.White)
	whole.Fill(whole.Rectangle.Path())
	p.Draw(draw.Crop(whole, rim, -rim, rim, -rim))
	return atomicfile.Write(path, func(out io.Writer) error {
		_, err := w.WriteTo(out)
		return err
	})
}

// rim is left free around a plot, for numbers and names that reach beyond it.
const rim = 4 * vg.Millimeter

func (d *Data) plot(pic Picture) (*plot.Plot, error) {
	curves, names, err := d.curves(pic)
	if err != nil {
		return nil, err
	}
	p := plot.New()
	p.Title.Text = pic.Title
	p.X.Label.Text, p.Y.Label.Text = axisText(pic.X), axisText(pic.Y)
	p.Legend.Top = true
	p.Legend.Padding = vg.Points(2)
	p.Add(plotter.NewGrid())
	for i, c := range curves {
		line, points, err := plotter.NewLinePoints(c.points)
		if err != nil {
			return nil, err
		}
		line.Color, points.Color = plotutil.Color(i), plotutil.Color(i)
		line.Width = vg.Points(1.2)
		points.Shape = plotutil.Shape(i)
		points.Radius = vg.Points(2.5)
		p.Add(line, points)
		if bars := c.bars(pic.LogY); bars != nil {
			e, err := plotter.NewYErrorBars(bars)
			if err != nil {
				return nil, err
			}
			e.Color = color.Gray{96}
			p.Add(e)
		}
		if c.name != "" {
			p.Legend.Add(c.name, line, points)
		}
	}
	if names != nil {
		p.NominalX(names...)
	} else {
		ticks(&p.X, pic.LogX, curves, func(q plotter.XY) float64 { return q.X })
	}
	if pic.LogY {
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, logTicks{}
	} else if p.Y.Min > 0 {
		p.Y.Min = 0 // a bar's or curve's height is compared by eye
	}
	spread(&p.Y)
	margin(&p.X, 0.03)
	margin(&p.Y, 0.06)
	p.Legend.Left = highOnTheRight(curves)
	return p, nil
}

// margin makes an axis longer than its values by a part at each end, so that no
// point, bar or number is cut. An axis that begins at 0 keeps its beginning.
func margin(axis *plot.Axis, part float64) {
	switch _, log := axis.Scale.(plot.LogScale); {
	case log:
		f := math.Exp((math.Log(axis.Max) - math.Log(axis.Min)) * part)
		axis.Min, axis.Max = axis.Min/f, axis.Max*f
	default:
		d := axis.Max*part - axis.Min*part
		if axis.Max += d; axis.Min != 0 {
			axis.Min -= d
		}
	}
}

// highOnTheRight reports whether the curves are higher at their right ends than
// at their left ones; the legend goes to the other side.
func highOnTheRight(curves []*curve) bool {
	left, right := math.Inf(-1), math.Inf(-1)
	for _, c := range curves {
		left = max(left, c.points[0].Y)
		right = max(right, c.points[len(c.points)-1].Y)
	}
	return right > left
}

// axisText names what a column holds.
func axisText(column string) string {
	switch column {
	case colMean, colMin, colMax:
		return column + " time / s"
	case "time", "sum":
		return column + " / s"
	}
	return column
}

// ticks puts a mark at every value of x if there are few, since those were
// measured and no others.
func ticks(axis *plot.Axis, log bool, curves []*curve, x func(plotter.XY) float64) {
	if log {
		axis.Scale, axis.Tick.Marker = plot.LogScale{}, logTicks{}
	}
	var values []float64
	for _, c := range curves {
		for _, q := range c.points {
			if !slices.Contains(values, x(q)) {
				values = append(values, x(q))
			}
		}
	}
	if len(values) <= 12 {
		var marks plot.ConstantTicks
		for _, v := range values {
			marks = append(marks, plot.Tick{Value: v, Label: strconv.FormatFloat(v, 'g', -1, 64)})
		}
		axis.Tick.Marker = marks
	}
	spread(axis)
}

// logTicks marks 1, 2 and 5 of every decade of a short logarithmic axis, the
// decades of a long one.
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
			}
			out = append(out, plot.Tick{Value: v, Label: label})
		}
	}
	return out
}

// spread gives an axis a length that all its values would deny it.
func spread(axis *plot.Axis) {
	if axis.Min == axis.Max {
		if _, log := axis.Scale.(plot.LogScale); log {
			axis.Min, axis.Max = axis.Min/2, axis.Max*2
		} else {
			axis.Min, axis.Max = axis.Min-1, axis.Max+1
		}
	}
}

type bars struct {
	plotter.XYs
	plotter.YErrors
}

// bars returns the error bars of the curve. On a logarithmic axis a bar ends
// above 0.
func (c *curve) bars(log bool) *bars {
	if c.errors == nil {
		return nil
	}
	if log {
		for i := range c.errors {
			if y := c.points[i].Y; c.errors[i].Low >= y {
				c.errors[i].Low = y * 0.9
			}
		}
	}
	return &bars{c.points, c.errors}
}

// curves sorts the rows into curves. If a value of x is no number, names has
// the values and x counts them.
func (d *Data) curves(pic Picture) (curves []*curve, names []string, err error) {
	xAt, err := d.column(pic.X)
	if err != nil {
		return nil, nil, err
	}
	yAt, err := d.column(pic.Y)
	if err != nil {
		return nil, nil, err
	}
	errAt := -1
	if pic.Error != "" {
		if errAt, err = d.column(pic.Error); err != nil {
			return nil, nil, err
		}
	}
	var seriesAt []int
	for _, name := range pic.Series {
		at, err := d.column(name)
		if err != nil {
			return nil, nil, err
		}
		seriesAt = append(seriesAt, at)
	}
	for _, row := range d.Rows {
		if _, ok := number(row[xAt]); !ok && !slices.Contains(names, row[xAt]) {
			names = []string{}
		}
	}
	if names != nil {
		if pic.LogX {
			return nil, nil, fmt.Errorf("the column %s has values that are no numbers: it cannot have a logarithmic axis", pic.X)
		}
		for _, row := range d.Rows {
			if !slices.Contains(names, row[xAt]) {
				names = append(names, row[xAt])
			}
		}
	}
	byName := map[string]*curve{}
	for _, row := range d.Rows {
		if row[yAt] == "" {
			continue
		}
		y, ok := number(row[yAt])
		if !ok {
			return nil, nil, fmt.Errorf("%s: the value %q in column %s is not a number", d.place(row), row[yAt], pic.Y)
		}
		x, _ := number(row[xAt])
		if names != nil {
			x = float64(slices.Index(names, row[xAt]))
		}
		if max(math.Abs(x), math.Abs(y)) > largest {
			return nil, nil, fmt.Errorf("%s=%s, %s=%s is too large to be plotted", pic.X, row[xAt], pic.Y, row[yAt])
		}
		if pic.LogX && x < 1/largest || pic.LogY && y < 1/largest {
			return nil, nil, fmt.Errorf("%s=%s, %s=%s cannot be shown on a logarithmic axis", pic.X, row[xAt], pic.Y, row[yAt])
		}
		var name []string
		for i, at := range seriesAt {
			if pic.Series[i] == "timer" {
				name = append(name, row[at])
			} else {
				name = append(name, pic.Series[i]+"="+row[at])
			}
		}
		id := strings.Join(name, " ")
		c := byName[id]
		if c == nil {
			c = &curve{name: id}
			byName[id] = c
			curves = append(curves, c)
		}
		c.points = append(c.points, plotter.XY{X: x, Y: y})
		if errAt >= 0 {
			half, _ := number(row[errAt]) // none for a single run
			c.errors = append(c.errors, struct{ Low, High float64 }{math.Abs(half), math.Abs(half)})
		}
	}
	if len(curves) == 0 {
		return nil, nil, fmt.Errorf("there is nothing to plot: the column %s is empty", pic.Y)
	}
	for _, c := range curves {
		c.sort()
	}
	return curves, names, nil
}

// sort puts the points in the order of x, their errors with them.
func (c *curve) sort() {
	order := make([]int, len(c.points))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch x, y := c.points[a].X, c.points[b].X; {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	points, errors := make(plotter.XYs, len(order)), make(plotter.YErrors, len(c.errors))
	for i, o := range order {
		points[i] = c.points[o]
		if c.errors != nil {
			errors[i] = c.errors[o]
		}
	}
	c.points = points
	if c.errors != nil {
		c.errors = errors
	}
}
