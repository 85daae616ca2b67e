package mpi_test

import (
	"errors"
	"strings"
	"testing"
	"unsafe"

	"github.com/ringo-mpi/ringo/mpi"
)

type celsius float64

type particle struct {
	Pos, Vel [3]float64
	ID       int32
	Alive    bool
	_        [3]byte
	Charge   complex64
	Cell     struct{ I, J uint16 }
}

type linked struct {
	X    float64
	Next *linked
}

type nested struct {
	Head int
	Tail [2]struct {
		A uint8
		B []int
	}
}

type bits struct {
	A, B, C, D bool
	E          [4]bool
}

func TestElementTypes(t *testing.T) {
	for _, c := range []struct {
		err  error
		text string // "" for a good type
	}{
		{mpi.ElementError[float64](), ""},
		{mpi.ElementError[int](), ""},
		{mpi.ElementError[uintptr](), ""},
		{mpi.ElementError[celsius](), ""},
		{mpi.ElementError[complex128](), ""},
		{mpi.ElementError[bool](), ""},
		{mpi.ElementError[[4]int16](), ""},
		{mpi.ElementError[[0]int16](), ""},
		{mpi.ElementError[struct{}](), ""},
		{mpi.ElementError[particle](), ""},
		{mpi.ElementError[bits](), ""},
		{mpi.ElementError[mpi.ValueLoc[float32]](), ""},
		{mpi.ElementError[string](), "string is not an element type: elements hold"},
		{mpi.ElementError[[]byte](), "[]uint8 is not an element type"},
		{mpi.ElementError[error](), "error is not an element type"},
		{mpi.ElementError[linked](), "linked.Next is a pointer"},
		{mpi.ElementError[nested](), "nested.Tail[0].B is a slice"},
		{mpi.ElementError[[0]string](), "element[] is a string"},
		{mpi.ElementError[unsafe.Pointer](), "unsafe.Pointer is not"},
		{mpi.ElementError[func()](), "func() is not"},
		{mpi.ElementError[struct{ F func() }](), "element.F is a function"},
		{mpi.ElementError[struct{ E error }](), "element.E is an interface"},
		{mpi.ElementError[struct{ C chan int }](), "element.C is a channel"},
		{mpi.ElementError[struct{ M map[int]int }](), "element.M is a map"},
		{mpi.ElementError[mpi.ValueLoc[string]](), "ValueLoc[string].Value is a string"},
	} {
		switch {
		case c.text == "" && c.err != nil:
			t.Errorf("unexpected error %v", c.err)
		case c.text != "" && (c.err == nil || !strings.Contains(c.err.Error(), c.text)):
			t.Errorf("error %v, want %q", c.err, c.text)
		}
	}
}

func TestElementErrorOfACall(t *testing.T) {
	run(t, 1, func(c *mpi.Comm) error {
		err := mpi.Send(c, []linked{{}}, 0, 0)
		var e *mpi.Error
		if !errors.As(err, &e) || e.Class != mpi.ErrType || e.Op != "Send" || !strings.HasPrefix(e.At, "element_test.go:") {
			return errors.Join(errors.New("wrong error"), err)
		}
		return nil
	})
}

// echo sends x to itself and returns what arrives.
func echo[T any](c *mpi.Comm, x T) (T, error) {
	got := make([]T, 1)
	r := mpi.Irecv(c, got, c.Rank(), 3)
	if err := mpi.Send(c, []T{x}, c.Rank(), 3); err != nil {
		return got[0], err
	}
	st, err := r.Wait()
	if err == nil && mpi.Count[T](st) != 1 && unsafe.Sizeof(x) > 0 {
		err = errors.New("count is not 1")
	}
	return got[0], err
}

func TestElementsTravel(t *testing.T) {
	p := particle{Pos: [3]float64{1, 2, 3}, ID: 7, Alive: true, Charge: 2i}
	p.Cell.J = 9
	run(t, 1, func(c *mpi.Comm) error {
		gotP, err1 := echo(c, p)
		gotC, err2 := echo(c, celsius(36.6))
		gotE, err3 := echo(c, struct{}{})
		gotA, err4 := echo(c, [3]uint16{1, 2, 3})
		gotI, err5 := echo(c, -5)
		if gotP != p || gotC != 36.6 || gotE != struct{}{} || gotA != [3]uint16{1, 2, 3} || gotI != -5 {
			return errors.New("the elements differ")
		}
		return first(err1, err2, err3, err4, err5)
	})
}

func TestZeroSizeElements(t *testing.T) {
	runAll(t, func(c *mpi.Comm) error {
		x := make([]struct{}, 5)
		y := make([]struct{}, 5*c.Size())
		_, err := mpi.Sendrecv(c, x, (c.Rank()+1)%c.Size(), 0, x, mpi.AnySource, 0)
		return first(err, mpi.Bcast(c, x, 0), mpi.Allgather(c, x, y), mpi.Alltoall(c, y, make([]struct{}, len(y))))
	})
}

func TestElementLookupDoesNotAllocate(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() {
		mpi.DescribeElement[float64]()
		mpi.DescribeElement[particle]()
		mpi.DescribeElement[celsius]()
	}); n != 0 {
		t.Errorf("%v allocations for three look-ups", n)
	}
}

func BenchmarkElementLookup(b *testing.B) {
	b.Run("float64", func(b *testing.B) {
		for b.Loop() {
			mpi.DescribeElement[float64]()
		}
	})
	b.Run("struct", func(b *testing.B) {
		for b.Loop() {
			mpi.DescribeElement[particle]()
		}
	})
}
