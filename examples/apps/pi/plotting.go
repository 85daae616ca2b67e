package main

import (
	"image/color"
	"io"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/ringo-mpi/ringo/atomicfile"
)

// plotColours are those of lines and groups of points, to be used in turn.
var plotColours = []color.Color{
	color.NRGBA{31, 119, 180, 255},
	color.NRGBA{255, 127, 14, 255},
	color.NRGBA{44, 160, 44, 255},
	color.NRGBA{214, 39, 40, 255},
	color.NRGBA{148, 103, 189, 255},
	color.NRGBA{140, 86, 75, 255},
	color.NRGBA{227, 119, 194, 255},
	color.NRGBA{188, 189, 34, 255},
	color.NRGBA{23, 190, 207, 255},
}

const (
	width, height = 16 * vg.Centimeter, 12 * vg.Centimeter
	margin        = 8 * vg.Millimeter
)

// newPlot returns an empty plot with the labels of its axes and a grid.
func newPlot(x, y string) *plot.Plot {
	p := plot.New()
	sans := font.Font{Typeface: "Liberation", Variant: "Sans"}
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Label.TextStyle.Font = font.From(sans, 11)
		axis.Tick.Label.Font = font.From(sans, 9)
		axis.Tick.Marker = ticks{}
		axis.Padding = 0
	}
	p.Legend.TextStyle.Font = font.From(sans, 9)
	p.Legend.Padding = 1 * vg.Millimeter
	p.X.Label.Text, p.Y.Label.Text = x, y
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Color = color.Gray{225}, color.Gray{225}
	p.Add(grid)
	return p
}

// widenPlot gives the data a rim of a twentieth of the axes' length, to be called
// when everything has been added.
func widenPlot(p *plot.Plot) {
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		rim := (axis.Max - axis.Min) / 20
		if rim == 0 {
			rim = max(math.Abs(axis.Max)/20, 1e-3)
		}
		axis.Min -= rim
		axis.Max += rim
	}
}

// writePlot draws p into the file path, in a format of gonum/plot: png or svg.
func writePlot(path, format string, p *plot.Plot) error {
	canvas, err := draw.NewFormattedCanvas(width, height, format)
	if err != nil {
		return err
	}
	whole := draw.New(canvas)
	whole.SetColor(color.White)
	whole.Fill(whole.Rectangle.Path())
	p.Draw(draw.Crop(whole, margin/2, -margin, margin/2, -margin))
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := canvas.WriteTo(w)
		return err
	})
}

// ticks places labelled ticks at multiples of 1, 2 or 5 times a power of ten,
// with as many digits as tell them apart.
type ticks struct{}

func (ticks) Ticks(low, high float64) []plot.Tick {
	const wanted = 7
	step := math.Pow(10, math.Floor(math.Log10((high-low)/wanted)))
	for _, factor := range []float64{5, 2} {
		if (high-low)/(step*factor) >= wanted-2 {
			step *= factor
			break
		}
	}
	digits := max(0, -int(math.Floor(math.Log10(step)+1e-9)))
	var marks []plot.Tick
	for k := math.Ceil(low / step); k*step <= high; k++ {
		value := k * step
		if k == 0 {
			value = 0
		}
		marks = append(marks, plot.Tick{Value: value, Label: strconv.FormatFloat(value, 'f', digits, 64)})
	}
	return marks
}
