//go:build unix

package native

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"testing"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// TestOnRank runs the cases on every rank of a job; see TestJobs. The first
// failure ends the job, because the other ranks would wait for this one.
func TestOnRank(t *testing.T) {
	if job == nil {
		return // not a rank: TestJobs starts the ranks
	}
	for _, c := range []struct {
		name string
		run  func(t *testing.T, c *comm)
	}{
		{"Info", testInfo},
		{"Kinds and sizes", testKinds},
		{"Modes", testModes},
		{"Order and tags", testOrder},
		{"Wildcards", testWildcards},
		{"Internal tags", testInternalTags},
		{"Self", testSelf},
		{"Unexpected messages", testUnexpected},
		{"Probe", testProbe},
		{"Mprobe", testMprobe},
		{"Truncation", testTruncation},
		{"Empty receive", testEmptyReceive},
		{"Cancel", testCancel},
		{"Cancel at any moment", testCancelRace},
		{"Done", testDone},
		{"WaitAny", testWaitAny},
		{"Buffered", testBuffered},
		{"Layouts", testLayouts},
		{"Collectives", testCollectives},
		{"Large vectors", testLargeVectors},
		{"Reductions", testReductions},
		{"Alltoallw", testAlltoallw},
		{"Overlapping collectives", testOverlapping},
		{"Collective with done", testCollectiveDone},
		{"Panicking function", testPanic},
		{"Many functions", testManyFunctions},
		{"Communicators", testComms},
		{"Handle", testHandle},
		{"Revoke", testRevoke},
		{"Alloc", testAlloc},
		{"Goroutines", testGoroutines},
		{"Signals", testSignals},
		{"No allocation", testNoAllocation},
		{"Tags too large", testTagUB},
	} {
		if !t.Run(c.name, func(t *testing.T) { c.run(t, job.world) }) {
			job.Abort(1, c.name+" failed")
		}
		check(t, job.world.Collective(engine.Coll{Kind: engine.Barrier}, nil))
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantClass(t testing.TB, err error, class engine.Class) {
	t.Helper()
	if !errors.Is(err, class) {
		t.Fatalf("error %v, want class %q", err, class)
	}
}

// typeOf describes an element type as package mpi does.
func typeOf[T any]() *engine.Type {
	var zero T
	kinds := map[reflect.Kind]engine.Kind{
		reflect.Int8: engine.Int8, reflect.Int16: engine.Int16, reflect.Int32: engine.Int32, reflect.Int64: engine.Int64,
		reflect.Uint8: engine.Uint8, reflect.Uint16: engine.Uint16, reflect.Uint32: engine.Uint32, reflect.Uint64: engine.Uint64,
		reflect.Float32: engine.Float32, reflect.Float64: engine.Float64,
		reflect.Complex64: engine.Complex64, reflect.Complex128: engine.Complex128,
		reflect.Bool: engine.Bool, reflect.Int: engine.Int64,
	}
	r := reflect.TypeOf(zero)
	if k, ok := kinds[r.Kind()]; ok {
		return engine.Basic(k)
	}
	kind := engine.Struct
	if r == reflect.TypeFor[pair]() {
		kind = engine.Pair
	}
	return engine.NewStruct(kind, r.String(), int(r.Size()), nil)
}

// buf describes a slice.
func buf[T any](s []T) engine.Buf {
	return engine.Buf{Ptr: unsafe.Pointer(unsafe.SliceData(s)), Count: len(s), Type: typeOf[T]()}
}

// view describes the part of a slice that a layout picks.
func view[T any](s []T, l *engine.Layout) engine.Buf {
	b := buf(s)
	b.Layout, b.Count = l, l.Count()
	return b
}

type pair struct {
	Value float64
	Loc   int64
}

type point struct {
	X, Y, Z float32
	N       uint16
}

// fill makes n values that depend on the seed. They repeat after a prime, so
// that a block in the wrong place shows.
func fill[T comparable](n, seed int) []T {
	const period = 4093
	s := make([]T, n)
	for i := range min(n, period) {
		set(reflect.ValueOf(&s[i]).Elem(), seed*1000+i)
	}
	for done := period; done < n; done += period {
		copy(s[done:], s[:period])
	}
	return s
}

func set(v reflect.Value, x int) {
	switch v.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(int64(int8(x)))
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(uint8(x)))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(float64(x) / 4)
	case reflect.Complex64, reflect.Complex128:
		v.SetComplex(complex(float64(x), -float64(x)/2))
	case reflect.Bool:
		v.SetBool(x%3 == 0)
	case reflect.Struct:
		for i := range v.NumField() {
			set(v.Field(i), x+i)
		}
	case reflect.Array:
		for i := range v.Len() {
			set(v.Index(i), x+i)
		}
	}
}

func equal[T comparable](t testing.TB, what string, got, want []T) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d elements, want %d", what, len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("%s: element %d of %d is %v, want %v", what, i, len(got), got[i], want[i])
		}
	}
}

// random gives the same numbers on all ranks.
func random(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

func testInfo(t *testing.T, c *comm) {
	i := job.Info()
	if i.Name != "native" || i.Library == "" || i.Version == "" || i.Host == "" {
		t.Errorf("Info is not complete: %+v", i)
	}
	if i.LocalSize != c.Size() || i.LocalRank != c.Rank() {
		t.Errorf("local rank %d of %d, want %d of %d", i.LocalRank, i.LocalSize, c.Rank(), c.Size())
	}
	if s := job.Self(); s.Size() != 1 || s.Rank() != 0 || int(s.Proc(0)) != c.Rank() {
		t.Errorf("Self: rank %d of %d, process %d", s.Rank(), s.Size(), s.Proc(0))
	}
	for r := range c.Size() {
		if int(c.Proc(r)) != r {
			t.Errorf("Proc(%d) of the world is %d", r, c.Proc(r))
		}
	}
	if !job.status.learned {
		t.Error("the layout of the status was not understood")
	}
	// The slow way to read a status agrees with the fast one.
	b := []byte{1, 2, 3}
	req, err := job.self.Irecv(buf(b), 0, 1)
	check(t, err)
	check(t, job.self.Send(buf([]byte{7, 8}), 0, 1, engine.Standard, nil))
	fast, err := req.Wait(nil)
	check(t, err)
	job.status.learned = false
	req, err = job.self.Irecv(buf(b), 0, 1)
	check(t, err)
	check(t, job.self.Send(buf([]byte{7, 8}), 0, 1, engine.Standard, nil))
	slow, err := req.Wait(nil)
	job.status.learned = true
	check(t, err)
	if fast != slow || fast.Bytes != 2 {
		t.Errorf("status %+v by reading, %+v by calls; want 2 bytes", fast, slow)
	}
}

// Class names there and back: every class of the engine that MPI knows comes
// out of its own error class again.
func TestErrorClasses(t *testing.T) {
	if job != nil {
		return
	}
	for _, table := range tables() {
		m := nativeClasses(table)
		seen := map[engine.Class]bool{}
		for _, p := range classPairs {
			if _, ok := table.Get(p.mpi); ok {
				seen[p.engine] = true
			}
		}
		for class := range seen {
			if got := m[nativeClass(table, class)]; got != class {
				t.Errorf("%s: class %q becomes %d, which is %q", table.Name, class, nativeClass(table, class), got)
			}
		}
		if nativeClass(table, engine.ErrCodec) != nativeClass(table, engine.ErrOther) {
			t.Errorf("%s: a class that MPI does not know is not MPI_ERR_OTHER", table.Name)
		}
	}
}
