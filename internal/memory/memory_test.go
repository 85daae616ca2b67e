package memory_test

import (
	"bytes"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/memory"
)

// A reader that sees the published word sees everything stored before it.
func TestStoreReleasePublishes(t *testing.T) {
	type slot struct {
		flag uint64
		_    [56]byte
		data [8]uint64
		_    [64]byte
	}
	var there, back slot
	const rounds = 20000
	go func() {
		for i := uint64(1); i <= rounds; i++ {
			for atomic.LoadUint64(&there.flag) != i {
				memory.Pause()
			}
			for k := range back.data {
				back.data[k] = there.data[k] + 1
			}
			memory.StoreRelease(&back.flag, i)
		}
	}()
	for i := uint64(1); i <= rounds; i++ {
		for k := range there.data {
			there.data[k] = i * uint64(k+1)
		}
		memory.StoreRelease(&there.flag, i)
		for atomic.LoadUint64(&back.flag) != i {
			memory.Pause()
		}
		for k := range back.data {
			if back.data[k] != i*uint64(k+1)+1 {
				t.Fatalf("round %d word %d: %d", i, k, back.data[k])
			}
		}
	}
}

func TestStoreRelease32(t *testing.T) {
	v := [3]uint32{1, 2, 3}
	memory.StoreRelease32(&v[1], 7)
	if v != [3]uint32{1, 7, 3} {
		t.Fatal(v)
	}
}

func TestCopy(t *testing.T) {
	for _, n := range []int{0, 1, 7, 255 << 10, 256 << 10, 256<<10 + 1, 1 << 20, 3<<20 + 13} {
		src, dst := make([]byte, n+2), make([]byte, n+2)
		for i := range src {
			src[i] = byte(rand.Uint32())
		}
		memory.Copy(unsafe.Pointer(&dst[1]), unsafe.Pointer(&src[1]), n)
		if !bytes.Equal(dst[1:n+1], src[1:n+1]) || dst[0] != 0 || dst[n+1] != 0 {
			t.Errorf("copy of %d bytes is wrong", n)
		}
	}
}
