package mpi_test

import (
	"strings"
	"testing"

	"github.com/ringo-mpi/ringo/mpi"
)

// The error of a nonblocking call says which call of the program has seen it, and
// where.
func TestErrorOfRequestSaysWhere(t *testing.T) {
	err := mpi.Run(2, func(c *mpi.Comm) error {
		if c.Rank() == 0 {
			return mpi.WaitAll(mpi.Isend(c, make([]int, 3), 1, 0), mpi.Isend(c, make([]int, 3), 1, 1))
		}
		_, err := mpi.Irecv(c, make([]int, 1), 0, 0).Wait()
		if err == nil || !strings.Contains(err.Error(), "seen by Wait at request_place_test.go:") {
			t.Errorf("Wait: %v", err)
		}
		err = mpi.WaitAll(mpi.Irecv(c, make([]int, 1), 0, 1))
		if err == nil || !strings.Contains(err.Error(), "seen by WaitAll at request_place_test.go:") {
			t.Errorf("WaitAll: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
