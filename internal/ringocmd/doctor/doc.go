// Package doctor is ringo doctor: it checks whether MPI programs run well on
// this machine and says how to mend what is wrong.
//
//   - doctor.go has the findings, the list of checks and the command;
//   - machine.go is what the checks see of the machine, so that tests can make
//     a sick one;
//   - checks.go has the checks of the machine, environment.go those of launcher
//     variables, programs and ssh, libraries.go finds MPI libraries;
//   - job.go runs a real job of two ranks, which exchange messages and try to
//     read each other's memory.
//
// MPI libraries are not loaded: what they are is read off their symbols.
package doctor
