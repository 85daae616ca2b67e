// Package lint holds the project's own rules as tests: which package may import
// which, and what every package and file has to have. It has no code of its
// own besides its tests.
package lint
