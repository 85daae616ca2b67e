//go:build linux

package model

import (
	"testing"

	"github.com/ringo-mpi/ringo/internal/enginetest"
)

func TestShm(t *testing.T) { programs(t, enginetest.Shm(), 20, 1, 2, 3, 4, 7) }
