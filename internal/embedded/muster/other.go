//go:build !linux

package muster

import (
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/manager"
)

// Job is what a rank has in the place of mpiexec.
type Job struct{}

// Tell does nothing on this system.
func (*Job) Tell() error { return nil }

// Share is no number of threads.
func (*Job) Share() int { return 0 }

// Join fails: only Linux has it.
func Join(manager.Manager) (end transport.End, j *Job, err error) {
	return end, nil, engine.Errorf(engine.ErrLaunch, "on this system Ringo's own engine runs under Ringo's mpiexec only")
}
