// Package lint holds the project's own rules as tests: which package may import
// which, and what every package and file has to have. It has no code of its
// own besides its tests.
//
// layers_test.go has a table of all layers: what the packages of a folder may
// import, and who may import them. A new package is in the layer of the folder
// above it, or gets a line of its own. The table is the one place that says so:
// a sentence in the comment of each package would have to be in fixed words to
// be tested, and would say the same once more.
package lint
