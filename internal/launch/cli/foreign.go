package cli

import (
	"bytes"
	"io"
	"os"

	"github.com/ringo-mpi/ringo/internal/launch"
)

// warnForeign warns of a program of an MPI library that this mpiexec cannot
// start, which has run as so many programs of one rank each. It is called after
// a job whose ranks have never asked for anything.
func warnForeign(j *launch.Job, complain func(string, ...any)) {
	for _, a := range j.Apps {
		if name := foreignMPI(a.Path); name != "" {
			complain("%s is a program of %s: it has run as %d separate programs of one rank; start it with %s's own mpiexec", a.Path, name, j.Ranks(), name)
			return
		}
	}
}

// foreignMPI returns the name of the MPI library that an executable needs and
// that does not speak PMI-1.1, "" if none is seen.
func foreignMPI(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	// The names of needed libraries stand near the start of an executable.
	head := make([]byte, 256<<10)
	n, _ := io.ReadFull(f, head)
	head = head[:n]
	if !bytes.HasPrefix(head, []byte("\x7fELF")) {
		return ""
	}
	if bytes.Contains(head, []byte("\x00libmpi.so.40\x00")) || bytes.Contains(head, []byte("\x00libopen-rte.so")) {
		return "Open MPI"
	}
	return ""
}
