// Package pmi speaks the wire protocol PMI-1.1, by which the processes of an
// MPI job and the process manager that started them find each other: a shared
// table of keys and values, a barrier, a table of published names, abort.
//
// [Server] is the process manager's side. The launcher serves one stream for
// each rank with it; unmodified MPICH programs and Ringo's embedded engine are
// its clients. One that was started alone and calls a process manager by itself
// is greeted first ([Server.Greet]). [Client] is the other side, for use under
// any process manager that speaks the protocol (MPICH's Hydra, Slurm's pmi2
// plugin, mpiexec of this project), and for tests.
//
// A command is one line, "cmd=NAME key=value key=value\n"; a value has no space
// and no newline but may contain '='. Replies and commands are read by key: the
// order, and additional keys, differ from one process manager to the next.
package pmi
