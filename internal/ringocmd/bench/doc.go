// Package bench is ringo bench: small MPI programs that show that a job works
// and how fast it is. Every benchmark is a cobra command in a file of its own,
// made by a function that [Command] calls; [run] gives it the communicator and
// an output on which ranks write whole lines.
package bench
