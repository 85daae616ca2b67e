// Package hosts reads what users write about the computers of a job: the value of
// -host, files of hosts (a machinefile, a hostfile), and files of ranks (a
// rankfile), in the forms of MPICH, Open MPI and Intel MPI together. It is pure:
// text in, values out, and every error says where in the text it is.
//
//	name.go      USER@NAME:N
//	list.go      NAME[:N],…
//	hostfile.go  a host a line, with how many ranks it takes
//	rankfile.go  a rank a line, with the host and the cores that it runs on
//	slots.go     the cores of a rank
package hosts

import "fmt"

// Host is a computer and how many ranks it takes.
type Host struct {
	Name string // a name or an address; of an IPv6 address without its brackets
	User string // "" unless it is given
	Port int    // of the remote shell; 0 unless it is given

	// Slots is how many ranks are put there before the next host's turn, and Given
	// whether the user has said so. Without a number it is 1 in MPICH's reckoning;
	// "*" makes it 0: as many as the host has cores.
	Slots int
	Given bool
	Most  int // ranks at most, also where more are asked for than there are slots; 0: no limit

	At Place
}

// Place is where something was written.
type Place struct {
	File string // "" of a command line
	Line int
}

// Error is a mistake in what the user has written.
type Error struct {
	Place
	What string
}

// Error returns "FILE:LINE: what is wrong".
func (e *Error) Error() string {
	switch {
	case e.File == "":
		return e.What
	case e.Line == 0:
		return e.File + ": " + e.What
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.What)
}

func (p Place) errorf(format string, args ...any) *Error {
	return &Error{p, fmt.Sprintf(format, args...)}
}
