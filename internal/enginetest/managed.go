package enginetest

import (
	"testing"

	"github.com/ringo-mpi/ringo/internal/enginetest/installed"
)

// Managed are the harnesses of processes on the own engine that launchers of other
// MPIs start, one for each launcher that is installed.
func Managed(t *testing.T) []Harness {
	var list []Harness
	for _, l := range installed.Find(t) {
		if l.File != "" {
			continue // the launcher of another one
		}
		h := Launched(l.Name, func(n int) []string { return l.Command(n) }, "RINGO_ENGINE=embedded")
		h.Ranks, h.Skip, h.light = l.Ranks(t), skipManaged, true
		list = append(list, h)
	}
	return list
}

// skipManaged leaves out what the launcher decides.
func skipManaged(c *Case) string {
	switch c.Needs {
	case "faults", "processes":
		return "the launcher ends the job when a rank dies"
	case "inproc":
		return "about goroutine ranks"
	case "check":
		return "needs RINGO_CHECK=1"
	case ownProcess:
		return notHere
	}
	return ""
}
