// Package sweep is ringo sweep: a command run once for every combination of
// its parameters, one log a run.
//
//   - values.go reads the values of a parameter: lists and ranges;
//   - plan.go makes the points (combinations) and their command lines;
//   - file.go reads a plan from a file;
//   - state.go tells from the folder which points succeeded or failed;
//   - run.go executes what is open, script.go prints a shell script instead.
//
// The files in the folder are the only state. A point's output goes to a
// temporary file that gets its name when the command has ended: NAME.log after
// success, NAME.failed after failure. So a sweep that is killed at any
// moment has lost the points that were running, nothing else, and the same
// command line goes on with them.
package sweep
