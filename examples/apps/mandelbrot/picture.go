package main

import (
	"image"
	"image/png"
	"io"

	"github.com/ringo-mpi/ringo/atomicfile"
)

// writePicture makes the PNG file path of the pixels that computePicture returned, numbers
// of steps. There is either the whole picture under that name or what was
// there before.
func writePicture(path string, grid Grid, pixels []uint8, colours Colours) error {
	// One byte a pixel and a palette: a quarter of the work of full colours.
	picture := &image.Paletted{
		Pix:     pixels,
		Stride:  grid.Width,
		Rect:    image.Rect(0, 0, grid.Width, grid.Height),
		Palette: colours.palette(pixels),
	}
	encoder := png.Encoder{CompressionLevel: png.BestSpeed}
	return atomicfile.Write(path, func(w io.Writer) error { return encoder.Encode(w, picture) })
}
