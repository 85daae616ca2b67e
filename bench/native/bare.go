package main

import (
	"fmt"
	"runtime"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/native/abi"
	"github.com/ringo-mpi/ringo/internal/native/ccall"
	"github.com/ringo-mpi/ringo/mpi"
)

// tableOf returns the constants of an opened library's interface.
func tableOf(lib uintptr) *abi.Table {
	if f := ccall.Symbol(lib, "MPI_Abi_get_version"); f != 0 {
		version := new([2]int32) // of the standard interface, or -1
		b := &ccall.Block{Fn: f}
		b.Args[0], b.Args[1] = uintptr(unsafe.Pointer(&version[0])), uintptr(unsafe.Pointer(&version[1]))
		if b.Run(); b.Ret == 0 && version[0] >= 1 {
			return &abi.Standard
		}
		runtime.KeepAlive(version)
	}
	if ccall.Symbol(lib, "ompi_mpi_comm_world") != 0 {
		return &abi.OpenMPI
	}
	return &abi.MPICH
}

// barePingpong is the least that Go can have: C's loop, MPI_Send and MPI_Recv,
// each called by a transition to C with the arguments already in place. What
// lies between it and C is the price of the transition; what lies between it
// and pingpong is the library's.
func barePingpong(c *mpi.Comm, buf []float64, loops int) error {
	lib, err := ccall.Open(c.Engine().Library, false)
	if err != nil {
		return err
	}
	table := tableOf(lib)
	handle := func(id abi.HandleID) uintptr {
		if h := table.Handles[id]; h.Symbol != "" {
			return ccall.Symbol(lib, h.Symbol)
		} else {
			return uintptr(h.Value)
		}
	}
	me := c.Rank()
	type call struct { // on the heap, with the memory that C writes to
		ccall.Block
		status [8]uint64
	}
	calls := [2]*call{{}, {}}
	for i, name := range []string{"MPI_Send", "MPI_Recv"} {
		b := calls[i]
		b.Fn = ccall.Symbol(lib, name)
		b.Args = [ccall.MaxArgs]uintptr{uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)), handle(abi.Double), uintptr(1 - me), 1, handle(abi.CommWorld), uintptr(unsafe.Pointer(&b.status))}
	}
	for i := 0; i < 2*loops && me < 2; i++ {
		b := calls[(i+me)%2]
		if b.Run(); b.Ret != 0 {
			return fmt.Errorf("MPI_Send or MPI_Recv: code %d", b.Ret)
		}
		if i%4096 == 0 {
			runtime.Gosched()
		}
	}
	runtime.KeepAlive(buf)
	return nil
}
