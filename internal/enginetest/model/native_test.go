package model

import (
	"testing"

	"github.com/ringo-mpi/ringo/internal/enginetest"

	_ "github.com/ringo-mpi/ringo/mpi/native"
)

func TestNative(t *testing.T) {
	for _, h := range enginetest.Natives(t) {
		t.Run(h.Name, func(t *testing.T) { programs(t, h, 8, 1, 2, 3) })
	}
}
