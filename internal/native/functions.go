package native

import "sync/atomic"

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

	fnBarrier // the collectives in the order of engine.CollKind, four forms each
	fnIbarrier
	fnBarrierC
	fnIbarrierC
	fnBcast
	fnIbcast
	fnBcastC
	fnIbcastC
	fnScatter
	fnIscatter
	fnScatterC
	fnIscatterC
	fnScatterv
	fnIscatterv
	fnScattervC
	fnIscattervC
	fnGather
	fnIgather
	fnGatherC
	fnIgatherC
	fnGatherv
	fnIgatherv
	fnGathervC
	fnIgathervC
	fnAllgather
	fnIallgather
	fnAllgatherC
	fnIallgatherC
	fnAllgatherv
	fnIallgatherv
	fnAllgathervC
	fnIallgathervC
	fnAlltoall
	fnIalltoall
	fnAlltoallC
	fnIalltoallC
	fnAlltoallv
	fnIalltoallv
	fnAlltoallvC
	fnIalltoallvC
	fnAlltoallw
	fnIalltoallw
	fnAlltoallwC
	fnIalltoallwC
	fnReduce
	fnIreduce
	fnReduceC
	fnIreduceC
	fnAllreduce
	fnIallreduce
	fnAllreduceC
	fnIallreduceC
	fnReduceScatter
	fnIreduceScatter
	fnReduceScatterC
	fnIreduceScatterC
	fnReduceScatterBlock
	fnIreduceScatterBlock
	fnReduceScatterBlockC
	fnIreduceScatterBlockC
	fnScan
	fnIscan
	fnScanC
	fnIscanC
	fnExscan
	fnIexscan
	fnExscanC
	fnIexscanC
	numFunctions
)

var functionNames = [numFunctions]string{
	fnInitThread: "MPI_Init_thread", fnFinalize: "MPI_Finalize",
	fnAbort: "MPI_Abort", fnGetVersion: "MPI_Get_version",
	fnGetLibraryVersion: "MPI_Get_library_version", fnErrorClass: "MPI_Error_class",
	fnErrorString: "MPI_Error_string", fnAllocMem: "MPI_Alloc_mem", fnFreeMem: "MPI_Free_mem",

	fnCommRank: "MPI_Comm_rank", fnCommSize: "MPI_Comm_size", fnCommDup: "MPI_Comm_dup", fnCommIdup: "MPI_Comm_idup",
	fnCommSplit: "MPI_Comm_split", fnCommSplitType: "MPI_Comm_split_type", fnCommCreate: "MPI_Comm_create",
	fnCommCreateGroup: "MPI_Comm_create_group", fnCommFree: "MPI_Comm_free", fnCommGroup: "MPI_Comm_group",
	fnCommGetAttr: "MPI_Comm_get_attr", fnCommSetErrhandler: "MPI_Comm_set_errhandler",
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

	fnBarrier: "MPI_Barrier", fnIbarrier: "MPI_Ibarrier",
	fnBcast: "MPI_Bcast", fnIbcast: "MPI_Ibcast", fnBcastC: "MPI_Bcast_c", fnIbcastC: "MPI_Ibcast_c",
	fnScatter: "MPI_Scatter", fnIscatter: "MPI_Iscatter", fnScatterC: "MPI_Scatter_c", fnIscatterC: "MPI_Iscatter_c",
	fnScatterv: "MPI_Scatterv", fnIscatterv: "MPI_Iscatterv", fnScattervC: "MPI_Scatterv_c", fnIscattervC: "MPI_Iscatterv_c",
	fnGather: "MPI_Gather", fnIgather: "MPI_Igather", fnGatherC: "MPI_Gather_c", fnIgatherC: "MPI_Igather_c",
	fnGatherv: "MPI_Gatherv", fnIgatherv: "MPI_Igatherv", fnGathervC: "MPI_Gatherv_c", fnIgathervC: "MPI_Igatherv_c",
	fnAllgather: "MPI_Allgather", fnIallgather: "MPI_Iallgather", fnAllgatherC: "MPI_Allgather_c", fnIallgatherC: "MPI_Iallgather_c",
	fnAllgatherv: "MPI_Allgatherv", fnIallgatherv: "MPI_Iallgatherv", fnAllgathervC: "MPI_Allgatherv_c", fnIallgathervC: "MPI_Iallgatherv_c",
	fnAlltoall: "MPI_Alltoall", fnIalltoall: "MPI_Ialltoall", fnAlltoallC: "MPI_Alltoall_c", fnIalltoallC: "MPI_Ialltoall_c",
	fnAlltoallv: "MPI_Alltoallv", fnIalltoallv: "MPI_Ialltoallv", fnAlltoallvC: "MPI_Alltoallv_c", fnIalltoallvC: "MPI_Ialltoallv_c",
	fnAlltoallw: "MPI_Alltoallw", fnIalltoallw: "MPI_Ialltoallw", fnAlltoallwC: "MPI_Alltoallw_c", fnIalltoallwC: "MPI_Ialltoallw_c",
	fnReduce: "MPI_Reduce", fnIreduce: "MPI_Ireduce", fnReduceC: "MPI_Reduce_c", fnIreduceC: "MPI_Ireduce_c",
	fnAllreduce: "MPI_Allreduce", fnIallreduce: "MPI_Iallreduce", fnAllreduceC: "MPI_Allreduce_c", fnIallreduceC: "MPI_Iallreduce_c",
	fnReduceScatter: "MPI_Reduce_scatter", fnIreduceScatter: "MPI_Ireduce_scatter",
	fnReduceScatterC: "MPI_Reduce_scatter_c", fnIreduceScatterC: "MPI_Ireduce_scatter_c",
	fnReduceScatterBlock: "MPI_Reduce_scatter_block", fnIreduceScatterBlock: "MPI_Ireduce_scatter_block",
	fnReduceScatterBlockC: "MPI_Reduce_scatter_block_c", fnIreduceScatterBlockC: "MPI_Ireduce_scatter_block_c",
	fnScan: "MPI_Scan", fnIscan: "MPI_Iscan", fnScanC: "MPI_Scan_c", fnIscanC: "MPI_Iscan_c",
	fnExscan: "MPI_Exscan", fnIexscan: "MPI_Iexscan", fnExscanC: "MPI_Exscan_c", fnIexscanC: "MPI_Iexscan_c",
}

// form selects one of the four entry points of a collective.
type form function

const (
	nonblocking form = 1
	largeCount  form = 2
)

// required are the entry points without which a library is of no use; all are
// in MPI 3.0.
var required = []function{
	fnInitThread, fnFinalize, fnAbort, fnErrorClass, fnErrorString,
	fnCommRank, fnCommSize, fnCommDup, fnCommSplit, fnCommSplitType, fnCommCreate, fnCommCreateGroup,
	fnCommFree, fnCommGroup, fnCommSetErrhandler, fnGroupIncl, fnGroupFree, fnGroupTranslateRanks,
	fnIsend, fnIssend, fnIrsend, fnIrecv, fnIprobe, fnImprobe, fnImrecv, fnTest, fnCancel,
	fnTypeContiguous, fnTypeCommit, fnTypeFree, fnOpCreate, fnBarrier, fnBcast, fnAllreduce,
}

// symbols caches the addresses of the entry points.
type symbols [numFunctions]atomic.Uintptr

// missing marks an entry point that was looked for and is not there.
const missing = ^uintptr(0)
