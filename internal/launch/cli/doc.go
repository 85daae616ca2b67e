// Package cli is the command line of mpiexec: one table of options (table.go)
// drives the parser (parse.go), the help (help.go), the shell completion
// (complete.go) and the manual page (man.go). It accepts what users know from
// the launchers of MPICH and of Open MPI; long names may have one dash or two.
//
// program.go finds or builds the program of a rank, hosts.go reads host lists,
// main.go puts a launch.Job together and reports how it ended.
package cli
