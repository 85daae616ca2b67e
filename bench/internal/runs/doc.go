// Package runs starts the programs that are measured, all on the same cores and
// each within its time, and reads the figures that they print.
//
//   - build.go: Ringo is built, launchers are found;
//   - bench.go: a benchmark and its arguments;
//   - cores*.go: the cores, and how launchers use them;
//   - output.go, tree*.go: one run, and the end of all it has started;
//   - figures.go: what it printed.
package runs
