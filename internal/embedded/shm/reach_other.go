//go:build !linux

package shm

import (
	"errors"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/transport"
)

func closeOnExec(int) {} // descriptors are inherited only by processes that are given them

func allowReach() bool { return false }

func readPeer(int, uint64, unsafe.Pointer, int) (int, error) { return 0, errors.ErrUnsupported }

func readPeerAll(int, []transport.Part) (int, error) { return 0, errors.ErrUnsupported }

func writePeer(int, uint64, unsafe.Pointer, int) (int, error) { return 0, errors.ErrUnsupported }
