// Beside compares the speed of two builds of Ringo:
//
//	go run ./bench/beside [options] OLD [NEW]
//
// OLD and NEW are folders with a checkout, or revisions, for which it makes
// worktrees that it takes away again; without NEW it is the checkout it is
// started in. It builds the programs of both and runs the same benchmarks on
// them in turns, in each repetition the old build, the new one, the new one
// again and the old one again, so that a machine that becomes slower meanwhile
// does so for both alike.
//
// Where functions and buffers happen to lie moves some figures by a quarter
// although the code is the same. So each build is linked in several layouts
// (-layouts), which the repetitions take in turns: a figure is then worse because
// of the code.
//
// For each figure it prints the medians of both and their ratio, with the
// quartiles of the ratios of the pairs of runs. A ratio is that of times: a rate is
// taken as the time of a message, so that more than 1 is worse everywhere. A
// figure is worse when its ratio and the lower quartile are both above the bar
// (-bar); the program then ends with status 1. Status 2 says that it could not
// measure (go run makes it 1).
//
//   - main.go: options and the course of a run;
//   - trees.go: the two builds;
//   - suite.go: what is measured;
//   - measure.go: the runs, in turns;
//   - report.go: ratios, and how they are printed.
package main
