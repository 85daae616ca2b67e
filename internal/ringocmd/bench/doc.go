// Package bench is ringo bench: benchmarks of MPI in the manner of the OSU
// micro-benchmarks, with their loops, windows, warm-up and units, so that the
// figures of one can be laid beside the other's. One benchmark is one
// sub-command; it runs on the ranks that a launcher or RINGO_RANKS gives it and
// prints one row a line on rank 0.
//
// What differs from OSU: before every message or collective the sender writes
// into each cache line of its buffer, as a program does that has something new
// to say (--clean leaves it out). Up to 4 KiB the writing is inside the timed
// loop of the point-to-point benchmarks; from there on each iteration is timed
// by itself and the writing is outside. The collectives time each iteration by
// itself at every size, as OSU's do.
//
//   - command.go, options.go: the sub-commands and what they have in common;
//   - run.go: one benchmark on one rank: warm-up, iterations, results;
//   - rows.go: what is printed and drawn; clock.go: the clock;
//   - pingpong.go, stream.go, object.go: point-to-point;
//   - collective.go, calls.go, overlap.go: collectives;
//   - helloworld.go, ringtest.go: as mpi4py.bench has them;
//   - loggp.go: the parameters of ringo simulate;
//   - startup.go, ranks.go, idle.go, allocs.go, limits.go: the rest.
//
// bench/peers has the same loops in C and Python for other libraries;
// bench/compare runs them side by side, and bench/beside runs those of two
// builds. A change of a loop here is a change there.
package bench
