package native

import (
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/native/abi"
)

// defect is a known fault of some libraries that the engine goes around.
type defect struct {
	what  string
	link  string
	holds func(l *library) bool

	// variables of the environment go around it. What the user has set stays as
	// it is.
	variables map[string]string
}

// reduceInPlace: the copy that replaces the in-place input costs memory on the
// root only, so unknown relatives of MPICH get it as well.
var reduceInPlace = defect{
	what:  "MPI_Reduce with MPI_IN_PLACE on a root other than rank 0 reads address -1",
	link:  "https://github.com/pmodels/mpich/issues/6540, fixed in MPICH 4.1.2",
	holds: func(l *library) bool { return l.family == mpichFamily && l.release().before(4, 1, 2) },
}

// tagsOutOfStep: such a rank leaves early without counting the operation, and
// its next nonblocking collectives do not match those of the others.
var tagsOutOfStep = defect{
	what:  "MPI_Ialltoallv with MPI_IN_PLACE on a rank that has no data puts the ranks out of step",
	link:  "ompi_coll_libnbc_ialltoallv in ompi/mca/coll/libnbc/nbc_ialltoallv.c; seen in Open MPI 4.1.4 and 5.0.11",
	holds: func(l *library) bool { return l.family == openmpiFamily },
}

// truncateOverrun: the receiver fetches as much as was sent, whatever its buffer
// holds, so that a receive that is too short overwrites memory, here the Go
// heap, before it reports MPI_ERR_TRUNCATE. Open MPI is told to copy messages
// between processes of a host through shared memory instead.
var truncateOverrun = defect{
	what:  "a message longer than the receive buffer overruns it when pml/ob1 copies once",
	link:  "mca_pml_ob1_recv_request_progress_rget in ompi/mca/pml/ob1/pml_ob1_recvreq.c, 1.x to 6.0",
	holds: func(l *library) bool { return l.family == openmpiFamily },
	variables: map[string]string{
		"OMPI_MCA_btl_vader_single_copy_mechanism": "none", // Open MPI 3 and 4
		"OMPI_MCA_smsc": "^cma,knem,xpmem", // Open MPI 5
	},
}

// iallgathervHangs: the algorithm that the library chooses by itself; the second
// one ends.
var iallgathervHangs = defect{
	what:      "MPI_Iallgatherv does not always end with 3 ranks and more",
	link:      "seen in Intel MPI 2021.18.1",
	holds:     (*library).intel,
	variables: map[string]string{"I_MPI_ADJUST_IALLGATHERV": "2"},
}

// returnIgnored: a handler of the program's own is obeyed.
var returnIgnored = defect{
	what:  "MPI_ERRORS_RETURN as the error handler of a communicator is not obeyed: the first error ends the process",
	link:  "seen in libmpi_abi.so.1 of Intel MPI 2021.18.1",
	holds: func(l *library) bool { return l.intel() && l.abi == &abi.Standard },
}

// emptyTruncates: the engine receives into a byte of its own and looks at the
// length.
var emptyTruncates = defect{
	what:  "a receive of length 0 takes a longer message without an error",
	link:  "seen in libmpi.so.12 of Intel MPI 2021.18.1",
	holds: (*library).intel,
}

// revokeStops: without fault tolerance, which mpirun --with-ft ulfm turns on,
// a collective that a context has ended does not end after the call.
var revokeStops = defect{
	what:  "MPIX_Comm_revoke without fault tolerance marks the communicator, and collectives under way on it never end",
	link:  "seen in Open MPI 5.0.11; ompi_ftmpi_enabled in ompi/communicator/ft/comm_ft.c tells",
	holds: func(l *library) bool { return !l.faultTolerant() },
}

// goAround sets the variables that a library reads when it is initialised.
func goAround(l *library) {
	for _, d := range []*defect{&truncateOverrun, &iallgathervHangs} {
		if !d.holds(l) {
			continue
		}
		for name, value := range d.variables {
			if _, set := os.LookupEnv(name); !set {
				os.Setenv(name, value)
			}
		}
	}
}

// intel tells whether it is Intel MPI.
func (l *library) intel() bool { return strings.Contains(l.version, "Intel(R) MPI") }

// faultTolerant tells whether Open MPI goes on after the loss of a rank. It is
// known after MPI_Init_thread.
func (l *library) faultTolerant() bool {
	return l.family == openmpiFamily && l.fn(fnCommRevoke) != 0 && l.truth("ompi_ftmpi_enabled")
}

// copyInPlace tells whether the input of an in-place collective is given to the
// library as a copy, to go around a defect. That is for each rank to decide.
func (d *driver) copyInPlace(c *comm, k *engine.Coll, async bool) bool {
	switch k.Kind {
	case engine.Alltoallv:
		return d.copyAlltoallv && async
	case engine.Reduce:
		return d.copyReduce && k.Root != 0
	case engine.ReduceScatter:
		// MPICH 4.0 moves the result of every rank except rank 0 to the start of the
		// buffer and ends the process when the two places overlap, or are the same.
		at := 0
		for _, n := range k.V.RecvCounts[:c.rank] {
			at += n
		}
		return c.rank > 0 && at < k.V.RecvCounts[c.rank]
	}
	return false
}

// release is the version of an implementation.
type release [3]int

func (r release) before(v ...int) bool {
	for i, n := range v {
		if r[i] != n {
			return r[i] < n
		}
	}
	return false
}

var releaseText = regexp.MustCompile(`(?:MPICH Version:|Open MPI v|MPICH)\s*v?(\d+)\.(\d+)(?:\.(\d+))?`)

// release reads the version out of the library's text; 0.0.0 when it is not
// understood, which is before all others.
func (l *library) release() (r release) {
	v := l.version
	if strings.Contains(strings.ToUpper(v), "CRAY") {
		return r // its numbers are its own
	}
	if m := releaseText.FindStringSubmatch(v); m != nil {
		for i := range r {
			r[i], _ = strconv.Atoi(m[i+1])
		}
	}
	return r
}
