//go:build linux

package enginetest

import "testing"

func TestShm(t *testing.T) { Run(t, Shm()) }

func TestShmChecked(t *testing.T) {
	h := Checked(t, Shm())
	h.Ranks = []int{2}
	Run(t, h)
}

func TestShmCounted(t *testing.T) {
	h := Counted(t, Shm())
	h.Ranks = []int{1, 4}
	Run(t, h)
}

func TestShmManyRanks(t *testing.T) { manyRanks(t, Shm(), 34) }
