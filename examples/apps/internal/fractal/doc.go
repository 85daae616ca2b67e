// Package fractal is what the programs mandelbrot and julia share: the rows of
// a picture computed by all ranks and gathered on rank 0 (parallel.go), the
// colours (colours.go), the picture in a file (picture.go), and the options
// both programs have (program.go).
package fractal
