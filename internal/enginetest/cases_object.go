package enginetest

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/ringo-mpi/ringo/mpi"
)

// objectCases are the rules of objects.
var objectCases = []Case{
	{Name: "3.2 objects from rank to rank", Min: 2, Run: objectsFromRankToRank,
		Rule: "Values of any Go type and length go from rank to rank: blocking, nonblocking, synchronous, buffered, probed, from anywhere."},
	{Name: "6 collectives of objects", Run: collectivesOfObjects,
		Rule: "Objects are broadcast, scattered, gathered, exchanged and combined; functions that do not commute keep rank order."},
	{Name: "6 an object that cannot be encoded", Min: 2, Run: objectThatCannotBeEncoded,
		Rule: "A rank that cannot encode its object of a collective leaves no other waiting; the communicator stays usable."},
	{Name: "3.2 objects and buffers do not mix", Min: 2, Max: 2, Needs: "types", Run: objectsAndBuffersDoNotMix,
		Rule: "A receive of an object does not take a buffer nor the other way round; the message stays."},
	{Name: "3.2 codecs", Min: 2, Max: 2, Run: codecsMustAgree,
		Rule: "The codec is a property of the view of the communicator; both sides must agree."},
}

// object is what the cases of objects send; size is the length of its parts.
type object struct {
	Name   string
	Number int
	Values []float64
	Raw    []byte
	Inner  map[string]any
}

func makeObject(seed, size int) object {
	o := object{Name: strings.Repeat("o", seed%7), Number: seed, Inner: map[string]any{"n": int64(seed), "list": []any{"a", 1.5, nil}}}
	o.Values = kinds[1].(*kindOf[float64]).fill(seed, size)
	o.Raw = bytesKind.fill(seed, size)
	return o
}

func equal[E any](t *T, what string, got, want E, err error) {
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %.100s, want %.100s", what, fmt.Sprint(got), fmt.Sprint(want))
	}
}

// objectLengths are the lengths of the parts of the objects that the cases send.
var objectLengths = []int{0, 3, 20, 100, 450, 3000, 5000, 40000}

func objectsFromRankToRank(t *T, c *mpi.Comm) {
	next, prev := (t.Rank+1)%t.Size, (t.Rank+t.Size-1)%t.Size
	for i, n := range sample(t, 6, objectLengths) {
		mine, theirs := makeObject(t.Rank+i, n), makeObject(prev+i, n)
		s := mpi.IsendObject(c, mine, next, i)
		got, st, err := mpi.RecvObject[object](c, mpi.AnySource, i)
		equal(t, "RecvObject", got, theirs, err)
		if st.Source != prev || st.Tag != i || st.Bytes < 9*n {
			t.Errorf("status %+v of %d bytes", st, 9*n)
		}
		_, err = s.Wait()
		t.OK(err)
		got, _, err = mpi.SendrecvObject[object, object](c, mine, next, i, prev, i)
		equal(t, "SendrecvObject", got, theirs, err)
		r := mpi.IrecvObject[object](c, prev, mpi.AnyTag)
		t.OK(mpi.SsendObject(c, mine, next, i))
		got, _, err = r.Wait()
		equal(t, "IrecvObject", got, theirs, err)
		t.OK(mpi.BsendObject(c, mine, next, i))
		m, _, err := c.Mprobe(prev, i)
		t.OK(err)
		got, _, err = mpi.MrecvObject[object](m)
		equal(t, "MrecvObject", got, theirs, err)
	}
}

func collectivesOfObjects(t *T, c *mpi.Comm) {
	p, me := t.Size, t.Rank
	for i, n := range sample(t, 4, objectLengths) {
		root := i % p
		size := func(r int) int { return n * (r%3 + 1) / 3 }
		var all, own, mine []object
		for r := range p {
			all = append(all, makeObject(r, size(r)))
			own = append(own, makeObject(me*p+r, size(r)))
			mine = append(mine, makeObject(r*p+me, size(me)))
		}
		got, err := mpi.BcastObject(c, all[me], root)
		equal(t, "BcastObject", got, all[root], err)
		var parts, want []object
		if me == root {
			parts, want = all, all
		}
		got, err = mpi.ScatterObject(c, parts, root)
		equal(t, "ScatterObject", got, all[me], err)
		list, err := mpi.GatherObject(c, all[me], root)
		equal(t, "GatherObject", list, want, err)
		list, err = mpi.AllgatherObject(c, all[me])
		equal(t, "AllgatherObject", list, all, err)
		list, err = mpi.AlltoallObject(c, own)
		equal(t, "AlltoallObject", list, mine, err)
		join := func(a, b string) string { return a + b }
		word := func(r int) string { return fmt.Sprintf("<%d%s>", r, strings.Repeat(".", n)) }
		var upTo []string
		for r := range p {
			upTo = append(upTo, word(r))
		}
		text, err := mpi.AllreduceObject(c, word(me), join)
		equal(t, "AllreduceObject", text, strings.Join(upTo, ""), err)
		text, err = mpi.ReduceObject(c, word(me), join, root)
		if me != root {
			equal(t, "ReduceObject", text, "", err)
		} else {
			equal(t, "ReduceObject", text, strings.Join(upTo, ""), err)
		}
		text, err = mpi.ScanObject(c, word(me), join)
		equal(t, "ScanObject", text, strings.Join(upTo[:me+1], ""), err)
		text, err = mpi.ExscanObject(c, word(me), join)
		equal(t, "ExscanObject", text, strings.Join(upTo[:me], ""), err)
	}
}

func objectThatCannotBeEncoded(t *T, c *mpi.Comm) {
	for bad := range t.Size {
		var v any = t.Rank
		if t.Rank == bad {
			v = make(chan int)
		}
		_, err := mpi.AllgatherObject(c, v)
		t.Is(err, mpi.ErrCodec)
		_, err = mpi.GatherObject(c, v, (bad+1)%t.Size)
		if t.Rank == bad || t.Rank == (bad+1)%t.Size {
			t.Is(err, mpi.ErrCodec)
		} else {
			t.OK(err)
		}
		_, err = mpi.BcastObject(c, v, bad)
		t.Is(err, mpi.ErrCodec)
		x, err := mpi.AllreduceObject(c, 1, func(a, b int) int { return a + b })
		equal(t, "afterwards", x, t.Size, err)
	}
}

func objectsAndBuffersDoNotMix(t *T, c *mpi.Comm) {
	if t.Rank == 0 {
		t.OK(mpi.Send(c, []int{5}, 1, 0))
		t.OK(mpi.SendObject(c, "text", 1, 1))
		return
	}
	_, _, err := mpi.RecvObject[int](c, 0, 0)
	t.Is(err, mpi.ErrType)
	says := func(what string) {
		if c.Engine().Name == "embedded" && !strings.Contains(fmt.Sprint(err), what) {
			t.Errorf("the error does not say %q: %v", what, err)
		}
	}
	says("the receive is for an object")
	_, err = mpi.Recv(c, make([]byte, 100), 0, 1)
	t.Is(err, mpi.ErrType)
	says("rank 0 sent an object with tag 1, the buffer is for uint8")
	buf := make([]int, 1)
	_, err = mpi.Recv(c, buf, 0, 0)
	t.OK(err)
	text, _, err := mpi.RecvObject[string](c, 0, 1)
	equal(t, "RecvObject", text, "text", err)
}

func codecsMustAgree(t *T, c *mpi.Comm) {
	g := c.WithCodec(mpi.Gob(mpi.Limits{}))
	if t.Rank == 0 {
		t.OK(mpi.SendObject(g, complex(1, 2), 1, 0))
		t.OK(mpi.SendObject(c, 5, 1, 1))
		t.OK(mpi.SendObject(c, make([]float64, 100000), 1, 2))
		t.OK(mpi.SendObject(c, 6, 1, 2))
		return
	}
	z, _, err := mpi.RecvObject[complex128](g, 0, 0)
	equal(t, "gob", z, complex(1, 2), err)
	_, _, err = mpi.RecvObject[int](g, 0, 1)
	t.Is(err, mpi.ErrCodec)
	_, _, err = mpi.RecvObject[[]float64](c.WithCodec(mpi.CBOR(mpi.Limits{MaxBytes: 1000})), 0, 2)
	t.Is(err, mpi.ErrCodec)
	var e *mpi.Error
	if !errors.As(err, &e) || e.Peer != 0 || e.Tag != 2 {
		t.Errorf("error %+v", e)
	}
	x, _, err := mpi.RecvObject[int](c, 0, 2)
	equal(t, "the next object", x, 6, err)
}
