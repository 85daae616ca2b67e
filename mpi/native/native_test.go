package native_test

import (
	"testing"

	"github.com/ringo-mpi/ringo/internal/enginetest"

	_ "github.com/ringo-mpi/ringo/mpi/native"
)

func TestMain(m *testing.M) { enginetest.Main(m) }

// TestConformance runs the suite of all engines on each installed library.
func TestConformance(t *testing.T) {
	for _, h := range enginetest.Natives(t) {
		t.Run(h.Name, func(t *testing.T) { enginetest.Run(t, h) })
	}
}

func TestConformanceChecked(t *testing.T) {
	for _, h := range enginetest.Natives(t) {
		t.Run(h.Name, func(t *testing.T) {
			h := enginetest.Checked(t, h)
			h.Ranks = []int{2}
			enginetest.Run(t, h)
		})
	}
}
