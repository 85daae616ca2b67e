//go:build !amd64

package kernel

import "github.com/ringo-mpi/ringo/internal/engine"

// vectored returns scalar: there are no vector kernels for this architecture.
func vectored(_ engine.OpCode, _ *engine.Type, scalar engine.Kernel) engine.Kernel { return scalar }
