package enginetest

import (
	"strconv"

	"github.com/ringo-mpi/ringo/mpi"
)

// bigCases are the rules about messages that are longer than 32 bits can say.
var bigCases = []Case{
	{Name: "3.2.2 a message of 4 GiB and 8 bytes", Min: 2, Max: 2, Heavy: true, Needs: "10 GiB", Run: messageOfFourGiB,
		Rule: "Counts are 64 bits wide, end to end."},
}

// bigBytes is a length that does not fit into 32 bits.
const bigBytes = 4<<30 + 8

// mark64 is the value of byte i of the big message, at the places checked.
func mark64(i int64) byte { return byte(i>>20) ^ byte(i>>3)*7 ^ byte(i) }

// bigPlaces are where the big message is checked: around powers of two and at
// regular distances.
func bigPlaces(f func(i int64)) {
	for i := int64(0); i < bigBytes; i += 1<<20 - 1 {
		f(i)
	}
	for _, i := range []int64{1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 32, 1<<32 + 1, bigBytes - 1} {
		f(i)
	}
}

func messageOfFourGiB(t *T, c *mpi.Comm) {
	if strconv.IntSize == 32 {
		t.Skip("lengths are 32 bits wide on this machine")
	}
	n := int64(bigBytes)
	buf := make([]byte, n)
	if t.Rank == 0 {
		bigPlaces(func(i int64) { buf[i] = mark64(i) })
		t.OK(mpi.Send(c, buf, 1, 1))
		t.OK(mpi.Send(c, []int{1}, 1, 2))
		return
	}
	st, err := mpi.Recv(c, buf, 0, 1)
	t.OK(err)
	if int64(st.Bytes) != bigBytes || int64(mpi.Count[byte](st)) != bigBytes {
		t.Errorf("status %+v", st)
	}
	bigPlaces(func(i int64) {
		if buf[i] != mark64(i) {
			t.Fatalf("byte %d is %d, want %d", i, buf[i], mark64(i))
		}
	})
	_, err = mpi.Recv(c, make([]int, 1), 0, 2)
	t.OK(err)
}
