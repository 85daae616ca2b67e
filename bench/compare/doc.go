// Compare measures Ringo beside the other MPI libraries of this machine:
//
//	go run ./bench/compare
//
// It builds ringo, mpiexec and, with the mpicc of each library, bench/peers,
// and runs the same benchmarks on all of them, interleaved: one repetition of
// everything, then the next, each on the same cores. It prints medians, ratios
// with their quartiles, and for each bar whether it holds. A whole run is
// recorded in bench/results, with the machine it ran on, the raw values and
// plots; a part of it (--only, --quick, --peers) is printed.
//
//   - main.go: options and the course of a run;
//   - peers.go, build.go: which libraries there are and how they are started;
//   - suite.go: what is measured;
//   - measure.go: one run of one program;
//   - results.go: samples and the file of raw values;
//   - bars.go: what is to hold;
//   - report.go, figures.go, publish.go: the report.
//
// What it shares with bench/beside is in bench/internal.
//
// Times of different runs are never compared: a machine that others use, or
// whose virtual processors move, changes by more than the libraries differ.
package main
