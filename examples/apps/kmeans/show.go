package main

import (
	"fmt"
	"image/color"
	"io"
	"path/filepath"
	"strings"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// table prints the clusters.
func (c *clustering) table(out io.Writer, all points) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%8s %10s", "cluster", "points")
	for d := range all.Dim {
		fmt.Fprintf(&b, " %14s", all.name(d))
	}
	b.WriteByte('\n')
	for i, size := range c.sizes {
		fmt.Fprintf(&b, "%8d %10d", i, size)
		for _, x := range c.centres.at(i) {
			fmt.Fprintf(&b, " %14.6g", x)
		}
		b.WriteByte('\n')
	}
	end := "no point moved any more"
	if !c.finished {
		end = "points were still moving"
	}
	fmt.Fprintf(&b, "%d points, %d steps (%s), sum of squared distances %.6g\n", all.len(), c.steps, end, c.inertia)
	_, err := io.WriteString(out, b.String())
	return err
}

// plotted bounds the number of points in the plot: more only make it slow.
const plotted = 20_000

// plot draws the first two coordinates of the points in the colours of their
// clusters, and the centres as crosses.
func (c *clustering) plot(path string, all points) error {
	place := func(point []float64) plotter.XY {
		if all.Dim == 1 {
			return plotter.XY{X: point[0]}
		}
		return plotter.XY{X: point[0], Y: point[1]}
	}
	y := ""
	if all.Dim > 1 {
		y = all.name(1)
	}
	p := newPlot(all.name(0), y)

	clusters := make([]plotter.XYs, len(c.sizes))
	stride := (all.len() + plotted - 1) / plotted
	for i := 0; i < all.len(); i += stride {
		label := c.labels[i]
		clusters[label] = append(clusters[label], place(all.at(i)))
	}
	var centres plotter.XYs
	for i, points := range clusters {
		centres = append(centres, place(c.centres.at(i)))
		if len(points) == 0 {
			continue
		}
		dots, err := plotter.NewScatter(points)
		if err != nil {
			return err
		}
		dots.Color, dots.Shape, dots.Radius = plotColours[i%len(plotColours)], draw.CircleGlyph{}, vg.Points(1.5)
		p.Add(dots)
	}
	for _, stroke := range []struct {
		color  color.Color
		radius vg.Length
	}{{color.White, vg.Points(5)}, {color.Black, vg.Points(4)}} {
		marks, err := plotter.NewScatter(centres)
		if err != nil {
			return err
		}
		marks.Color, marks.Shape, marks.Radius = stroke.color, thickCross{}, stroke.radius
		p.Add(marks)
	}
	widenPlot(p)
	return writePlot(path, strings.ToLower(strings.TrimPrefix(filepath.Ext(path), ".")), p)
}

// thickCross is a cross as thick as half its radius.
type thickCross struct{}

func (thickCross) DrawGlyph(c *draw.Canvas, style draw.GlyphStyle, at vg.Point) {
	c.SetLineStyle(draw.LineStyle{Color: style.Color, Width: style.Radius / 2})
	for _, side := range []vg.Length{-style.Radius, style.Radius} {
		var line vg.Path
		line.Move(vg.Point{X: at.X - style.Radius, Y: at.Y - side})
		line.Line(vg.Point{X: at.X + style.Radius, Y: at.Y + side})
		c.Stroke(line)
	}
}
