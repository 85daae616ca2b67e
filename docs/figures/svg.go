package main

import (
	"encoding/xml"
	"fmt"
	"math"
	"strings"
)

// drawing is an SVG picture under construction. Lengths are in pixels, the
// origin is the upper left corner.
type drawing struct {
	width, height int
	title         string
	b             strings.Builder
}

const (
	ink   = "#1f3864" // outlines and text
	paper = "#ffffff"
)

// colours are those of the data of ranks 0, 1, 2, 3: light for the box, dark
// for the arrows.
var colours = []struct{ light, dark string }{
	{"#cfe2f3", "#2a6fb0"},
	{"#fde3c8", "#c9701a"},
	{"#d5ecd0", "#3c8a33"},
	{"#ead7f2", "#8449a5"},
}

// box draws a box with rounded corners and text in its middle.
func (d *drawing) box(x, y, w, h float64, fill, text string) {
	fmt.Fprintf(&d.b, `<rect x="%g" y="%g" width="%g" height="%g" rx="7" fill="%s" stroke="%s" stroke-width="1.5"/>`+"\n", x, y, w, h, fill, ink)
	if text != "" {
		d.text(x+w/2, y+h/2, "middle", 17, text)
	}
}

// text draws text around, from or up to a point (anchor middle, start, end).
func (d *drawing) text(x, y float64, anchor string, size int, text string) {
	fmt.Fprintf(&d.b, `<text x="%g" y="%g" text-anchor="%s" dy="0.35em" font-size="%d" fill="%s">%s</text>`+"\n",
		x, y, anchor, size, ink, escape(text))
}

// arrow draws a line through the points with a head at its end.
func (d *drawing) arrow(colour string, points ...float64) {
	const head = 9.0
	n := len(points)
	x, y := points[n-2], points[n-1]
	dx, dy := x-points[n-4], y-points[n-3]
	length := math.Hypot(dx, dy)
	dx, dy = dx/length*head, dy/length*head
	var line []string
	for i := 0; i < n-2; i += 2 {
		line = append(line, fmt.Sprintf("%.4g,%.4g", points[i], points[i+1]))
	}
	line = append(line, fmt.Sprintf("%.4g,%.4g", x-dx/2, y-dy/2))
	fmt.Fprintf(&d.b, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2.2"/>`+"\n", strings.Join(line, " "), colour)
	fmt.Fprintf(&d.b, `<polygon points="%.4g,%.4g %.4g,%.4g %.4g,%.4g" fill="%s"/>`+"\n",
		x, y, x-dx+dy/2, y-dy-dx/2, x-dx-dy/2, y-dy+dx/2, colour)
}

// String returns the file.
func (d *drawing) String() string {
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" font-family="Helvetica, Arial, 'Liberation Sans', sans-serif">
<title>%s</title>
<rect width="%d" height="%d" fill="%s"/>
`, d.width, d.height, d.width, d.height, escape(d.title), d.width, d.height, paper) + d.b.String() + "</svg>\n"
}

func escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder takes everything
	return b.String()
}
