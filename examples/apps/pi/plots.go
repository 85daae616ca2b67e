package main

import (
	"image/color"
	"math"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// The plots, without the ending of the file.
const (
	estimatePlot  = "pi_vs_log2_N"
	deviationPlot = "log2_std_vs_log2_N"
)

// plotGrey is for what the eye is to see last.
var plotGrey = color.NRGBA{110, 110, 110, 255}

// drawPlots makes both plots in the folder, as PNG and as SVG.
func drawPlots(folder string, results []result) error {
	for _, picture := range []struct {
		name string
		plot func([]result) (*plot.Plot, error)
	}{{estimatePlot, estimates}, {deviationPlot, deviations}} {
		p, err := picture.plot(results)
		if err != nil {
			return err
		}
		for _, format := range []string{"png", "svg"} {
			if err := writePlot(filepath.Join(folder, picture.name+"."+format), format, p); err != nil {
				return err
			}
		}
	}
	return nil
}

// estimates plots the mean of each number of darts with its deviation as error
// bars, and a line at pi.
func estimates(results []result) (*plot.Plot, error) {
	p := newPlot("log2(number of darts N)", "estimate of pi")
	var points bars
	var truth plotter.XYs
	for _, r := range results {
		x := math.Log2(float64(r.darts))
		points.XYs = append(points.XYs, plotter.XY{X: x, Y: r.mean})
		points.YErrors = append(points.YErrors, struct{ Low, High float64 }{r.deviation, r.deviation})
		truth = append(truth, plotter.XY{X: x, Y: math.Pi})
	}
	errorBars, err := plotter.NewYErrorBars(points)
	if err != nil {
		return nil, err
	}
	errorBars.Color, errorBars.Width = plotColours[0], vg.Points(1.5)
	p.Add(errorBars)
	return p, addLines(p, "mean and standard deviation", points.XYs, "pi", truth)
}

// deviations plots the logarithm of the deviation of each number of darts, and
// the line of gradient -1/2 that theory wants.
func deviations(results []result) (*plot.Plot, error) {
	p := newPlot("log2(number of darts N)", "log2(standard deviation)")
	var points, theory plotter.XYs
	for _, r := range spread(results) {
		x := math.Log2(float64(r.darts))
		points = append(points, plotter.XY{X: x, Y: math.Log2(r.deviation)})
		// A dart hits with probability pi/4: the estimate has this deviation.
		theory = append(theory, plotter.XY{X: x, Y: math.Log2(math.Sqrt(math.Pi*(4-math.Pi))) - x/2})
	}
	return p, addLines(p, "measured", points, "theory", theory)
}

// addLines adds what was measured and, dashed, what it is compared with.
func addLines(p *plot.Plot, name string, points plotter.XYs, other string, compared plotter.XYs) error {
	if len(points) == 0 {
		return nil
	}
	dashed, err := plotter.NewLine(compared)
	if err != nil {
		return err
	}
	dashed.Color, dashed.Dashes = plotGrey, []vg.Length{vg.Points(4), vg.Points(3)}
	line, dots, err := plotter.NewLinePoints(points)
	if err != nil {
		return err
	}
	line.Color, line.Width = plotColours[0], vg.Points(1.5)
	dots.Color, dots.Shape, dots.Radius = plotColours[0], draw.CircleGlyph{}, vg.Points(3)
	p.Add(dashed, line, dots)
	p.Legend.Add(name, line, dots)
	p.Legend.Add(other, dashed)
	p.Legend.Top = true
	widenPlot(p)
	return nil
}

// bars are points with vertical error bars.
type bars struct {
	plotter.XYs
	plotter.YErrors
}
