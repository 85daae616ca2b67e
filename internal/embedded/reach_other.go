//go:build !linux

package embedded

import (
	"errors"
	"unsafe"
)

func dieWithParent() {}

func closeOnExec(int) {} // descriptors are inherited only by processes that are given them

func allowReach() bool { return false }

func readPeer(int, uint64, unsafe.Pointer, int) (int, error) { return 0, errors.ErrUnsupported }

func readPeerAll(int, []part) (int, error) { return 0, errors.ErrUnsupported }

func writePeer(int, uint64, unsafe.Pointer, int) (int, error) { return 0, errors.ErrUnsupported }
