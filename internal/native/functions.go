package native

import (
	"sync/atomic"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// function names an entry point of the library. They are looked up when first
// needed; what a library lacks is 0.
type function uint8

const (
	fnInitThread function = iota
	fnFinalize
	fnAbort
	fnGetVersion
	fnGetLibraryVersion
	fnErrorClass
	fnErrorString
	fnAllocMem
	fnFreeMem

	fnCommRank
	fnCommSize
	fnCommDup
	fnCommIdup
	fnCommSplit
	fnCommSplitType
	fnCommCreate
	fnCommCreateGroup
	fnCommFree
	fnCommGroup
	fnCommGetAttr
	fnCommSetErrhandler
	fnCommCreateErrhandler
	fnCommRevoke // MPIX_, Open MPI 5
	fnGroupIncl
	fnGroupFree
	fnGroupTranslateRanks

	fnIsend
	fnIssend
	fnIrsend
	fnIrecv
	fnIprobe
	fnImprobe
	fnImrecv
	fnTest
	fnTestany
	fnCancel
	fnTestCancelled
	fnGetCount
	fnGetCountC
	fnStatusSetElementsC
	fnStatusSetElementsX
	fnStatusSetCancelled
	fnIsendC
	fnIssendC
	fnIrsendC
	fnIrecvC
	fnImrecvC

	fnTypeContiguous
	fnTypeHvector
	fnTypeHindexed
	fnTypeStruct
	fnTypeResized
	fnTypeCommit
	fnTypeFree
	fnOpCreate
	fnOpFree
	fnReduceLocal

	fnCollectives // the first of four forms of each kind, see collective
	numFunctions  = fnCollectives + function(numForms*engine.NumColls)
)

var functionNames = [fnCollectives]string{
	fnInitThread: "MPI_Init_thread", fnFinalize: "MPI_Finalize",
	fnAbort: "MPI_Abort", fnGetVersion: "MPI_Get_version",
	fnGetLibraryVersion: "MPI_Get_library_version", fnErrorClass: "MPI_Error_class",
	fnErrorString: "MPI_Error_string", fnAllocMem: "MPI_Alloc_mem", fnFreeMem: "MPI_Free_mem",

	fnCommRank: "MPI_Comm_rank", fnCommSize: "MPI_Comm_size", fnCommDup: "MPI_Comm_dup", fnCommIdup: "MPI_Comm_idup",
	fnCommSplit: "MPI_Comm_split", fnCommSplitType: "MPI_Comm_split_type", fnCommCreate: "MPI_Comm_create",
	fnCommCreateGroup: "MPI_Comm_create_group", fnCommFree: "MPI_Comm_free", fnCommGroup: "MPI_Comm_group",
	fnCommGetAttr: "MPI_Comm_get_attr", fnCommSetErrhandler: "MPI_Comm_set_errhandler", fnCommCreateErrhandler: "MPI_Comm_create_errhandler",
	fnCommRevoke: "MPIX_Comm_revoke", fnGroupIncl: "MPI_Group_incl", fnGroupFree: "MPI_Group_free",
	fnGroupTranslateRanks: "MPI_Group_translate_ranks",

	fnIsend: "MPI_Isend", fnIssend: "MPI_Issend", fnIrsend: "MPI_Irsend", fnIrecv: "MPI_Irecv",
	fnIprobe: "MPI_Iprobe", fnImprobe: "MPI_Improbe", fnImrecv: "MPI_Imrecv", fnTest: "MPI_Test",
	fnTestany: "MPI_Testany", fnCancel: "MPI_Cancel", fnTestCancelled: "MPI_Test_cancelled",
	fnGetCount: "MPI_Get_count", fnGetCountC: "MPI_Get_count_c",
	fnStatusSetElementsC: "MPI_Status_set_elements_c", fnStatusSetElementsX: "MPI_Status_set_elements_x",
	fnStatusSetCancelled: "MPI_Status_set_cancelled",
	fnIsendC:             "MPI_Isend_c", fnIssendC: "MPI_Issend_c", fnIrsendC: "MPI_Irsend_c",
	fnIrecvC: "MPI_Irecv_c", fnImrecvC: "MPI_Imrecv_c",

	fnTypeContiguous: "MPI_Type_contiguous", fnTypeHvector: "MPI_Type_create_hvector",
	fnTypeHindexed: "MPI_Type_create_hindexed", fnTypeStruct: "MPI_Type_create_struct",
	fnTypeResized: "MPI_Type_create_resized", fnTypeCommit: "MPI_Type_commit", fnTypeFree: "MPI_Type_free",
	fnOpCreate: "MPI_Op_create", fnOpFree: "MPI_Op_free", fnReduceLocal: "MPI_Reduce_local",
}

// form selects one of the four entry points of a collective.
type form function

const (
	nonblocking form = 1
	largeCount  form = 2
	numForms         = 4
)

// collectiveNames are the entry points of each kind by form. A Barrier has no
// counts.
var collectiveNames = [...][numForms]string{
	engine.Barrier:            {"MPI_Barrier", "MPI_Ibarrier"},
	engine.Bcast:              {"MPI_Bcast", "MPI_Ibcast", "MPI_Bcast_c", "MPI_Ibcast_c"},
	engine.Scatter:            {"MPI_Scatter", "MPI_Iscatter", "MPI_Scatter_c", "MPI_Iscatter_c"},
	engine.Scatterv:           {"MPI_Scatterv", "MPI_Iscatterv", "MPI_Scatterv_c", "MPI_Iscatterv_c"},
	engine.Gather:             {"MPI_Gather", "MPI_Igather", "MPI_Gather_c", "MPI_Igather_c"},
	engine.Gatherv:            {"MPI_Gatherv", "MPI_Igatherv", "MPI_Gatherv_c", "MPI_Igatherv_c"},
	engine.Allgather:          {"MPI_Allgather", "MPI_Iallgather", "MPI_Allgather_c", "MPI_Iallgather_c"},
	engine.Allgatherv:         {"MPI_Allgatherv", "MPI_Iallgatherv", "MPI_Allgatherv_c", "MPI_Iallgatherv_c"},
	engine.Alltoall:           {"MPI_Alltoall", "MPI_Ialltoall", "MPI_Alltoall_c", "MPI_Ialltoall_c"},
	engine.Alltoallv:          {"MPI_Alltoallv", "MPI_Ialltoallv", "MPI_Alltoallv_c", "MPI_Ialltoallv_c"},
	engine.Alltoallw:          {"MPI_Alltoallw", "MPI_Ialltoallw", "MPI_Alltoallw_c", "MPI_Ialltoallw_c"},
	engine.Reduce:             {"MPI_Reduce", "MPI_Ireduce", "MPI_Reduce_c", "MPI_Ireduce_c"},
	engine.Allreduce:          {"MPI_Allreduce", "MPI_Iallreduce", "MPI_Allreduce_c", "MPI_Iallreduce_c"},
	engine.ReduceScatter:      {"MPI_Reduce_scatter", "MPI_Ireduce_scatter", "MPI_Reduce_scatter_c", "MPI_Ireduce_scatter_c"},
	engine.ReduceScatterBlock: {"MPI_Reduce_scatter_block", "MPI_Ireduce_scatter_block", "MPI_Reduce_scatter_block_c", "MPI_Ireduce_scatter_block_c"},
	engine.Scan:               {"MPI_Scan", "MPI_Iscan", "MPI_Scan_c", "MPI_Iscan_c"},
	engine.Exscan:             {"MPI_Exscan", "MPI_Iexscan", "MPI_Exscan_c", "MPI_Iexscan_c"},
}

var _ [engine.NumColls]struct{} = [len(collectiveNames)]struct{}{} // every kind has entry points

// collective is the entry point of a form of a kind.
func collective(k engine.CollKind, f form) function {
	return fnCollectives + numForms*function(k) + function(f)
}

// String is the name in the library.
func (f function) String() string {
	if f < fnCollectives {
		return functionNames[f]
	}
	f -= fnCollectives
	return collectiveNames[f/numForms][f%numForms]
}

// required are the entry points without which a library is of no use; all are
// in MPI 3.0.
var required = []function{
	fnInitThread, fnFinalize, fnAbort, fnErrorClass, fnErrorString,
	fnCommRank, fnCommSize, fnCommDup, fnCommSplit, fnCommSplitType, fnCommCreate, fnCommCreateGroup,
	fnCommFree, fnCommGroup, fnCommSetErrhandler, fnGroupIncl, fnGroupFree, fnGroupTranslateRanks,
	fnIsend, fnIssend, fnIrsend, fnIrecv, fnIprobe, fnImprobe, fnImrecv, fnTest, fnCancel,
	fnTypeContiguous, fnTypeCommit, fnTypeFree, fnOpCreate,
	collective(engine.Barrier, 0), collective(engine.Bcast, 0), collective(engine.Allreduce, 0),
}

// symbols caches the addresses of the entry points.
type symbols [numFunctions]atomic.Uintptr

// missing marks an entry point that was looked for and is not there.
const missing = ^uintptr(0)
