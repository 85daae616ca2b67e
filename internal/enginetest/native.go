package enginetest

import (
	"testing"

	"github.com/ringo-mpi/ringo/internal/enginetest/installed"
)

// Natives are the harnesses of the native engine, one for each MPI library
// that is installed. The test has to import mpi/native.
func Natives(t *testing.T) []Harness {
	var list []Harness
	for _, l := range installed.Find(t) {
		h := Launched(l.Name, func(n int) []string { return l.Command(n) }, append(l.Env(), "RINGO_ENGINE=native")...)
		h.Ranks = l.Ranks(t)
		h.Skip, h.light = skipNative, l.Newest
		list = append(list, h)
	}
	return list
}

// skipNative leaves out what no MPI library does.
func skipNative(c *Case) string {
	switch c.Needs {
	case "types":
		return "element types do not travel with the messages of an MPI library"
	case "ready errors":
		return "MPI libraries deliver a ready send without a receive"
	case "send cancel":
		return "no MPI library cancels sends"
	case "unlike buffers", "refusals":
		return "MPI libraries do not find all collectives with unlike lengths; RINGO_CHECK=1 does"
	case "board":
		return "MPI libraries do not find ranks in different collectives; RINGO_CHECK=1 does"
	case "revoke":
		return "a communicator is revoked on the calling rank only"
	case "faults", "processes":
		return "the death of a rank ends the job"
	case "check":
		return "needs RINGO_CHECK=1"
	case ownProcess:
		return notHere
	}
	return ""
}
