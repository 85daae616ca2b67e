package mpi

import "github.com/ringo-mpi/ringo/internal/engine"

// Status describes a finished receive, or a message found by a probe
// (MPI 5.0 §3.2.5).
type Status struct {
	Source    int  // rank of the sender
	Tag       int  // tag of the message
	Bytes     int  // length of the message in bytes
	Cancelled bool // the operation was cancelled before it matched
}

// Count returns how many elements of type T the message holds, Undefined when
// it is not a whole number of them (MPI_Get_count, MPI 5.0 §3.2.5). A message
// of zero bytes holds zero elements of every type.
func Count[T any](st Status) int {
	e := elementOf[T]()
	switch {
	case st.Bytes == 0:
		return 0
	case e.typ == nil || e.typ.Size == 0 || st.Bytes%e.typ.Size != 0:
		return Undefined
	}
	return st.Bytes / e.typ.Size
}

func statusOf(st engine.Status) Status {
	return Status{Source: st.Source, Tag: st.Tag, Bytes: st.Bytes, Cancelled: st.Cancelled}
}

// nullStatus is the status of a receive from ProcNull (MPI 5.0 §3.11).
var nullStatus = Status{Source: ProcNull, Tag: AnyTag}

// emptyStatus is the status of a request that receives nothing (MPI 5.0 §3.7.3).
var emptyStatus = Status{Source: AnySource, Tag: AnyTag}
