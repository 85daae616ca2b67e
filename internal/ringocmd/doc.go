// Package ringocmd is the command ringo without its main function. Each group
// of sub-commands is a package of its own below it with a function Command that
// returns the cobra command; this package puts them together, prints errors and
// chooses the exit status.
//
// To add a group, make a package and add its Command to the list in [Root]. To
// add a benchmark, add it to package bench.
package ringocmd
