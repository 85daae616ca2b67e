//go:build !unix

package segment

import (
	"errors"
	"fmt"
	"os"
)

var errNone = fmt.Errorf("this system has no shared memory that the engine can use; run goroutine ranks with RINGO_RANKS: %w", errors.ErrUnsupported)

func createFile(int64) (*os.File, error) { return nil, errNone }

func mapFile(*os.File, int, int) ([]byte, error) { return nil, errNone }

func unmap([]byte) error { return nil }

// Discard makes the pages of mem read as zero again.
func Discard(mem []byte) error {
	clear(mem)
	return nil
}
