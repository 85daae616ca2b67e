// Package entry is how a process finds its place in a job when the descriptors or
// the environment that mpiexec has given it are gone: a wrapper closes what it
// does not know, or starts the program with a clean environment.
//
// Every process of a job carries the job's mark ([Own]); the launcher listens
// on a socket whose name is made of it ([Name]). A process connects and asks.
// The launcher finds the rank by the process that it descends from, and answers
// with the rank and the job's memory; the connection is the channel to the
// launcher from there on. There is no file.
package entry
