// Package simulate is ringo simulate: the time of collectives by algorithm, and
// of the start of a job, on machines that are not there. The model is that of
// internal/simulate.
//
//   - command.go: the command and what it refuses;
//   - network.go: the parameters, from a file and from the command line;
//   - run.go: the questions, several at a time, with a progress bar;
//   - rows.go: what is printed and drawn; measured.go: measured times beside it;
//   - start.go: ringo simulate start.
package simulate
