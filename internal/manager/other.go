//go:build !linux

package manager

import (
	"errors"

	"github.com/ringo-mpi/ringo/internal/foreign"
)

func open(foreign.Launcher, func(string) string) (Manager, error) {
	return nil, errors.New("on this system Ringo's own engine runs under Ringo's mpiexec only")
}

func inherited(foreign.Launcher, func(string) string) bool { return false }
