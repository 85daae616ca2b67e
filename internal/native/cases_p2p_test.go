//go:build unix

package native

import (
	"fmt"
	"testing"
	"time"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// ring passes n elements of a type around all ranks, by several kinds of calls.
func ring[T comparable](t *testing.T, c *comm, n int) {
	t.Helper()
	what := fmt.Sprintf("%d × %T", n, *new(T))
	next, before := (c.rank+1)%c.size, (c.rank+c.size-1)%c.size
	data, want := fill[T](n, c.rank), fill[T](n, before)
	size := int(unsafe.Sizeof(*new(T)))

	got := make([]T, n)
	req, err := c.Irecv(buf(got), before, 3)
	check(t, err)
	check(t, c.Send(buf(data), next, 3, engine.Standard, nil))
	st, err := req.Wait(nil)
	check(t, err)
	if st.Source != before || st.Tag != 3 || st.Bytes != n*size || st.Cancelled || st.Sig != 0 {
		t.Fatalf("%s: status %+v, want source %d, tag 3, %d bytes", what, st, before, n*size)
	}
	equal(t, what, got, want)

	got = make([]T, n)
	req, err = c.Isend(buf(data), next, 4, engine.Standard)
	check(t, err)
	st, err = c.Recv(buf(got), before, 4, nil)
	check(t, err)
	if st.Source != before || st.Bytes != n*size {
		t.Fatalf("%s: status %+v", what, st)
	}
	for ok := false; !ok; {
		_, ok, err = req.Test()
		check(t, err)
	}
	equal(t, what, got, want)
}

func testKinds(t *testing.T, c *comm) {
	for _, n := range []int{0, 1, 7, 1000, 100_000} {
		ring[int8](t, c, n)
		ring[int16](t, c, n)
		ring[int32](t, c, n)
		ring[int64](t, c, n)
		ring[uint8](t, c, n)
		ring[uint16](t, c, n)
		ring[uint32](t, c, n)
		ring[uint64](t, c, n)
		ring[float32](t, c, n)
		ring[float64](t, c, n)
		ring[complex64](t, c, n)
		ring[complex128](t, c, n)
		ring[bool](t, c, n)
		ring[point](t, c, min(n, 10_000))
		ring[pair](t, c, min(n, 10_000))
		ring[[40]float64](t, c, min(n, 1000))
	}
	ring[byte](t, c, 9<<20)
}

func testModes(t *testing.T, c *comm) {
	if c.size < 2 {
		return
	}
	small, big := []int32{1, 2, 3}, fill[float64](200_000, 1)
	for _, mode := range []engine.SendMode{engine.Standard, engine.Synchronous, engine.Buffered} {
		switch c.rank {
		case 0:
			check(t, c.Send(buf(small), 1, 1, mode, nil))
			check(t, c.Send(buf(big), 1, 2, mode, nil))
			req, err := c.Isend(buf(big), 1, 3, mode)
			check(t, err)
			_, err = req.Wait(nil)
			check(t, err)
		case 1:
			s, b := make([]int32, 3), make([]float64, len(big))
			_, err := c.Recv(buf(s), 0, 1, nil)
			check(t, err)
			_, err = c.Recv(buf(b), 0, 2, nil)
			check(t, err)
			equal(t, "big", b, big)
			clear(b)
			_, err = c.Recv(buf(b), 0, 3, nil)
			check(t, err)
			equal(t, "small", s, small)
			equal(t, "big", b, big)
		}
	}
	// Ready: the receive is posted, and rank 0 knows.
	token := []byte{1}
	switch c.rank {
	case 0:
		_, err := c.Recv(buf(token), 1, 9, nil)
		check(t, err)
		check(t, c.Send(buf(big), 1, 4, engine.Ready, nil))
	case 1:
		b := make([]float64, len(big))
		req, err := c.Irecv(buf(b), 0, 4)
		check(t, err)
		check(t, c.Send(buf(token), 0, 9, engine.Standard, nil))
		_, err = req.Wait(nil)
		check(t, err)
		equal(t, "ready", b, big)
	}
	// Synchronous: complete only when the receive has begun.
	switch c.rank {
	case 0:
		req, err := c.Isend(buf(small), 1, 5, engine.Synchronous)
		check(t, err)
		for range 100 {
			if _, ok, err := req.Test(); ok || err != nil {
				t.Fatalf("a synchronous send completed before its receive (error %v)", err)
			}
		}
		check(t, c.Send(buf(token), 1, 6, engine.Standard, nil))
		_, err = req.Wait(nil)
		check(t, err)
	case 1:
		_, err := c.Recv(buf(token), 0, 6, nil)
		check(t, err)
		s := make([]int32, 3)
		_, err = c.Recv(buf(s), 0, 5, nil)
		check(t, err)
		equal(t, "synchronous", s, small)
	}
}

// Messages of one pair do not overtake each other, small and large mixed; tags
// select.
func testOrder(t *testing.T, c *comm) {
	const rounds = 60
	size := func(i int) int { return []int{1, 50_000, 10, 3000}[i%4] }
	if c.rank == 0 {
		for to := 1; to < c.size; to++ {
			var reqs []engine.Request
			for i := range rounds {
				req, err := c.Isend(buf(fill[int32](size(i), i)), to, 1, engine.Standard)
				check(t, err)
				reqs = append(reqs, req)
			}
			for tag := 10; tag < 20; tag++ {
				req, err := c.Isend(buf([]int64{int64(tag)}), to, tag, engine.Standard)
				check(t, err)
				reqs = append(reqs, req)
			}
			for _, r := range reqs {
				_, err := r.Wait(nil)
				check(t, err)
			}
		}
		return
	}
	for tag := 19; tag >= 10; tag-- {
		v := []int64{0}
		_, err := c.Recv(buf(v), 0, tag, nil)
		check(t, err)
		if v[0] != int64(tag) {
			t.Fatalf("tag %d brought the message of tag %d", tag, v[0])
		}
	}
	for i := range rounds {
		v := make([]int32, size(i))
		_, err := c.Recv(buf(v), 0, engine.AnyTag, nil)
		check(t, err)
		equal(t, fmt.Sprintf("message %d", i), v, fill[int32](size(i), i))
	}
}

func testWildcards(t *testing.T, c *comm) {
	const each = 20
	if c.rank != 0 {
		for i := range each {
			check(t, c.Send(buf([]int64{int64(c.rank), int64(i)}), 0, 100+c.rank, engine.Standard, nil))
		}
		return
	}
	next := make([]int64, c.size)
	for range each * (c.size - 1) {
		v := make([]int64, 2)
		st, err := c.Recv(buf(v), engine.AnySource, engine.AnyTag, nil)
		check(t, err)
		if st.Source != int(v[0]) || st.Tag != 100+st.Source || st.Bytes != 16 {
			t.Fatalf("status %+v for the message of rank %d", st, v[0])
		}
		if v[1] != next[st.Source] {
			t.Fatalf("message %d of rank %d came when %d was due", v[1], st.Source, next[st.Source])
		}
		next[st.Source]++
	}
}

// Internal tags are beyond what AnyTag matches, and as good as any other when
// they are named.
func testInternalTags(t *testing.T, c *comm) {
	to, from := (c.rank+1)%c.size, (c.rank+c.size-1)%c.size
	tags := []int{engine.InternalTag, engine.InternalTag + 12345, engine.InternalTag | 1<<29, engine.InternalTag | 1<<29 | 7, 1<<31 - 1}
	any := []int32{0}
	wild, err := c.Irecv(buf(any), engine.AnySource, engine.AnyTag)
	check(t, err)
	for _, tag := range tags {
		check(t, c.Send(buf([]int64{int64(tag)}), to, tag, engine.Buffered, nil))
	}
	for i := len(tags) - 1; i >= 0; i-- {
		tag, v := tags[i], []int64{0}
		var st engine.Status
		switch i % 3 {
		case 0:
			st, err = c.Recv(buf(v), engine.AnySource, tag, nil)
		case 1:
			var ok bool
			st, ok, err = c.Probe(from, tag, true, nil)
			if err != nil || !ok || st.Tag != tag {
				t.Fatalf("probe found %+v for tag %d: %v", st, tag, err)
			}
			st, err = c.Recv(buf(v), from, tag, nil)
		case 2:
			var m engine.Message
			m, st, _, err = c.Mprobe(from, tag, true, nil)
			check(t, err)
			if st.Tag != tag {
				t.Fatalf("matched probe found %+v for tag %d", st, tag)
			}
			st, err = m.Recv(buf(v), nil)
		}
		check(t, err)
		if st.Tag != tag || st.Source != from || v[0] != int64(tag) {
			t.Fatalf("internal tag %d brought %d with %+v", tag, v[0], st)
		}
	}
	if _, ok, err := wild.Test(); ok || err != nil {
		t.Fatalf("a wildcard receive took an internal message (error %v)", err)
	}
	if _, ok, err := c.Probe(engine.AnySource, engine.AnyTag, false, nil); ok || err != nil {
		t.Fatalf("a wildcard probe found an internal message (error %v)", err)
	}
	check(t, c.Collective(engine.Coll{Kind: engine.Barrier}, nil))
	check(t, c.Send(buf([]int32{5}), to, 3, engine.Standard, nil))
	_, err = wild.Wait(nil)
	check(t, err)
	if any[0] != 5 {
		t.Fatalf("got %d", any[0])
	}
}

// Cancel at any moment of a Wait on another goroutine: the receive ends either
// way, and with the message if it is not cancelled.
func testCancelRace(t *testing.T, c *comm) {
	for i := range 300 {
		v := []int32{0}
		req, err := c.Irecv(buf(v), c.rank, 70)
		check(t, err)
		go func() {
			time.Sleep(time.Duration(i%7) * 10 * time.Microsecond)
			req.Cancel()
		}()
		sent := i%2 == 0
		if sent {
			check(t, c.Send(buf([]int32{int32(i)}), c.rank, 70, engine.Standard, nil))
		}
		st, err := req.Wait(nil)
		check(t, err)
		switch {
		case st.Cancelled && sent: // the message is still there
			_, err := c.Recv(buf(v), c.rank, 70, nil)
			check(t, err)
		case !st.Cancelled && !sent:
			t.Fatalf("round %d: a receive without a message completed: %+v", i, st)
		}
		if sent && v[0] != int32(i) {
			t.Fatalf("round %d: got %d", i, v[0])
		}
		check(t, req.Cancel()) // too late is no error
	}
}

func testSelf(t *testing.T, c *comm) {
	for _, n := range []int{0, 1, 100_000} {
		data, got := fill[float64](n, 5), make([]float64, n)
		s, err := c.Isend(buf(data), c.rank, 1, engine.Standard)
		check(t, err)
		_, err = c.Recv(buf(got), c.rank, 1, nil)
		check(t, err)
		_, err = s.Wait(nil)
		check(t, err)
		equal(t, "self", got, data)
	}
}

// 3,000 messages wait before the first is received, in reverse.
func testUnexpected(t *testing.T, c *comm) {
	const n = 3000
	if c.rank == 0 {
		for to := 1; to < c.size; to++ {
			for i := range n {
				check(t, c.Send(buf([]int32{int32(i)}), to, i, engine.Standard, nil))
			}
		}
		return
	}
	v := []int32{0}
	for i := n - 1; i >= 0; i-- {
		_, err := c.Recv(buf(v), 0, i, nil)
		check(t, err)
		if v[0] != int32(i) {
			t.Fatalf("tag %d brought message %d", i, v[0])
		}
	}
}

func testProbe(t *testing.T, c *comm) {
	if _, ok, err := c.Probe(engine.AnySource, 77, false, nil); ok || err != nil {
		t.Fatalf("a probe found a message that nobody sent (error %v)", err)
	}
	if c.size < 2 {
		return
	}
	switch c.rank {
	case 0:
		check(t, c.Send(buf(fill[int16](500, 1)), 1, 7, engine.Standard, nil))
	case 1:
		st, ok, err := c.Probe(engine.AnySource, engine.AnyTag, true, nil)
		check(t, err)
		if !ok || st.Source != 0 || st.Tag != 7 || st.Bytes != 1000 {
			t.Fatalf("probe found %+v (%v), want 1000 bytes of rank 0, tag 7", st, ok)
		}
		st, ok, err = c.Probe(0, 7, false, nil) // still there
		check(t, err)
		if !ok || st.Bytes != 1000 {
			t.Fatalf("second probe found %+v (%v)", st, ok)
		}
		v := make([]int16, st.Bytes/2)
		_, err = c.Recv(buf(v), 0, 7, nil)
		check(t, err)
		equal(t, "probed", v, fill[int16](500, 1))
	}
}

func testMprobe(t *testing.T, c *comm) {
	if m, _, ok, err := c.Mprobe(engine.AnySource, 77, false, nil); ok || m != nil || err != nil {
		t.Fatalf("a probe found a message that nobody sent (error %v)", err)
	}
	if c.size < 2 {
		return
	}
	switch c.rank {
	case 0:
		for i := range 2 {
			check(t, c.Send(buf(fill[int32](10+90_000*i, i)), 1, 8, engine.Standard, nil))
		}
	case 1:
		first, st1, ok, err := c.Mprobe(0, engine.AnyTag, true, nil)
		check(t, err)
		second, st2, ok2, err := c.Mprobe(engine.AnySource, 8, true, nil)
		check(t, err)
		if !ok || !ok2 || st1.Bytes != 40 || st2.Bytes != 360_040 {
			t.Fatalf("matched probes found %+v and %+v", st1, st2)
		}
		b := make([]int32, 90_010)
		req, err := second.Irecv(buf(b))
		check(t, err)
		st, err := req.Wait(nil)
		check(t, err)
		if st.Bytes != st2.Bytes || st.Source != 0 || st.Tag != 8 {
			t.Fatalf("status %+v", st)
		}
		a := make([]int32, 20)
		st, err = first.Recv(buf(a), nil)
		check(t, err)
		if st.Bytes != 40 {
			t.Fatalf("status %+v", st)
		}
		equal(t, "first", a[:10], fill[int32](10, 0))
		equal(t, "second", b, fill[int32](90_010, 1))
	}
}

// testEmptyReceive: a message for a receive of length 0 is an error, however the
// message is received, unless it is empty.
func testEmptyReceive(t *testing.T, c *comm) {
	if c.size < 2 || c.rank > 1 {
		return
	}
	var nothing []int32
	receives := []func() (engine.Status, error){
		func() (engine.Status, error) { return c.Recv(buf(nothing), 0, 1, nil) },
		func() (engine.Status, error) { return c.Recv(buf(nothing), 0, 1, make(chan struct{})) },
		func() (engine.Status, error) {
			r, err := c.Irecv(buf(nothing), 0, 1)
			check(t, err)
			return r.Wait(nil)
		},
		func() (engine.Status, error) {
			m, _, _, err := c.Mprobe(0, 1, true, nil)
			check(t, err)
			return m.Recv(buf(nothing), nil)
		},
	}
	for _, n := range []int{0, 1, 25, 10_000, 300_000} {
		for i, receive := range receives {
			if c.rank == 0 {
				check(t, c.Send(buf(make([]int32, n)), 1, 1, engine.Standard, nil))
				continue
			}
			st, err := receive()
			if n > 0 {
				wantClass(t, err, engine.ErrTruncate)
			} else if check(t, err); st.Source != 0 || st.Tag != 1 || st.Bytes != 0 {
				t.Errorf("way %d: %+v, want an empty message from rank 0 with tag 1", i, st)
			}
		}
	}
}

// A message that is too long ends the receive with ErrTruncate, not the send,
// and what follows is not disturbed.
func testTruncation(t *testing.T, c *comm) {
	if c.size < 2 {
		return
	}
	for _, n := range []int{100, 1000, 300_000} {
		switch c.rank {
		case 0:
			check(t, c.Send(buf(fill[int64](n, 1)), 1, 1, engine.Standard, nil))
			check(t, c.Send(buf([]int64{42}), 1, 1, engine.Standard, nil))
		case 1:
			guard := make([]int64, 20)
			_, err := c.Recv(buf(guard[:10]), 0, 1, nil)
			wantClass(t, err, engine.ErrTruncate)
			if e := err.(*engine.Error); e.Peer != 0 || e.Tag != 1 || e.Text == "" {
				t.Errorf("error %+v, want peer 0, tag 1 and the library's text", e)
			}
			for i, v := range guard[10:] {
				if v != 0 {
					t.Fatalf("element %d after the buffer was written", i)
				}
			}
			v := []int64{0}
			_, err = c.Recv(buf(v), 0, 1, nil)
			check(t, err)
			if v[0] != 42 {
				t.Fatalf("got %d after the truncated message, want 42", v[0])
			}
		}
	}
}

func testCancel(t *testing.T, c *comm) {
	v := make([]byte, 8)
	req, err := c.Irecv(buf(v), engine.AnySource, 55)
	check(t, err)
	if _, ok, err := req.Test(); ok || err != nil {
		t.Fatalf("a receive without a message completed (error %v)", err)
	}
	check(t, req.Cancel())
	st, err := req.Wait(nil)
	check(t, err)
	if !st.Cancelled || st.Bytes != 0 {
		t.Fatalf("status %+v of a cancelled receive", st)
	}
	if _, err := req.Wait(nil); engineClass(err) != engine.ErrRequest {
		t.Fatalf("a released request: %v", err)
	}
	// Too late: the message is received.
	req, err = c.Irecv(buf(v), c.rank, 56)
	check(t, err)
	check(t, c.Send(buf([]byte("12345678")), c.rank, 56, engine.Standard, nil))
	if i, err := job.WaitAny([]engine.Request{nil, req}, nil); i != 1 || err != nil {
		t.Fatalf("WaitAny: %d, %v", i, err)
	}
	check(t, req.Cancel())
	st, err = req.Wait(nil)
	check(t, err)
	if st.Cancelled || string(v) != "12345678" {
		t.Fatalf("status %+v, data %q", st, v)
	}
	// A send to another rank goes on.
	if c.size > 1 {
		send, err := c.Isend(buf([]byte{1}), (c.rank+1)%c.size, 58, engine.Synchronous)
		check(t, err)
		wantClass(t, send.Cancel(), engine.ErrUnsupported)
		_, err = c.Recv(buf(v), (c.rank+c.size-1)%c.size, 58, nil)
		check(t, err)
		_, err = send.Wait(nil)
		check(t, err)
		check(t, send.Cancel())
	}
	coll, err := c.Icollective(engine.Coll{Kind: engine.Barrier})
	check(t, err)
	wantClass(t, coll.Cancel(), engine.ErrUnsupported)
	_, err = coll.Wait(nil)
	check(t, err)
}

// closed is a context that has ended.
func closed() <-chan struct{} {
	done := make(chan struct{})
	close(done)
	return done
}

func soon() <-chan struct{} {
	done := make(chan struct{})
	time.AfterFunc(20*time.Millisecond, func() { close(done) })
	return done
}

func testDone(t *testing.T, c *comm) {
	v := make([]float64, 4)
	for _, done := range []func() <-chan struct{}{closed, soon} {
		_, err := c.Recv(buf(v), engine.AnySource, 60, done())
		wantClass(t, err, engine.ErrCancelled)
		_, _, err = c.Probe(engine.AnySource, 60, true, done())
		wantClass(t, err, engine.ErrCancelled)
		_, _, _, err = c.Mprobe(engine.AnySource, 60, true, done())
		wantClass(t, err, engine.ErrCancelled)
		req, err := c.Irecv(buf(v), c.rank, 61)
		check(t, err)
		_, err = req.Wait(done())
		wantClass(t, err, engine.ErrCancelled)
		_, err = job.WaitAny([]engine.Request{req}, done())
		wantClass(t, err, engine.ErrCancelled)
		check(t, c.Send(buf([]float64{1, 2, 3, 4}), c.rank, 61, engine.Standard, done())) // small: never blocks
		_, err = req.Wait(nil)                                                            // it went on
		check(t, err)
		equal(t, "after done", v, []float64{1, 2, 3, 4})
	}
	// A send that cannot end in time: the buffer is the caller's again, and the
	// message, which no library can call back, arrives as it was.
	if c.size > 1 {
		big := fill[int32](300_000, 1)
		err := c.Send(buf(big), (c.rank+1)%c.size, 62, engine.Synchronous, soon())
		wantClass(t, err, engine.ErrCancelled)
		clear(big)
		check(t, c.Collective(engine.Coll{Kind: engine.Barrier}, nil))
		got := make([]int32, len(big))
		_, err = c.Recv(buf(got), (c.rank+c.size-1)%c.size, 62, nil)
		check(t, err)
		equal(t, "sent before done", got, fill[int32](300_000, 1))
	}
	// A message that is there is received, context or not.
	s, err := c.Isend(buf([]int32{9}), c.rank, 63, engine.Standard)
	check(t, err)
	x := []int32{0}
	_, err = c.Recv(buf(x), c.rank, 63, make(chan struct{}))
	check(t, err)
	_, err = s.Wait(nil)
	check(t, err)
	if x[0] != 9 {
		t.Fatalf("got %d", x[0])
	}
}

func testWaitAny(t *testing.T, c *comm) {
	if i, err := job.WaitAny(nil, nil); i != -1 || err != nil {
		t.Fatalf("WaitAny of nothing: %d, %v", i, err)
	}
	if i, err := job.WaitAny([]engine.Request{nil, nil}, nil); i != -1 || err != nil {
		t.Fatalf("WaitAny of nil requests: %d, %v", i, err)
	}
	const n = 12
	reqs, bufs := make([]engine.Request, n), make([][]int32, n)
	var err error
	for i := range reqs {
		bufs[i] = make([]int32, 3)
		reqs[i], err = c.Irecv(buf(bufs[i]), c.rank, 200+i)
		check(t, err)
	}
	reqs[5] = nil // not looked at; its message is received at the end
	for _, i := range random(4).Perm(n) {
		if i == 5 {
			continue
		}
		check(t, c.Send(buf([]int32{int32(i), 1, 2}), c.rank, 200+i, engine.Standard, nil))
		got, err := job.WaitAny(reqs, nil)
		check(t, err)
		if got != i {
			t.Fatalf("request %d completed, want %d", got, i)
		}
		if again, _ := job.WaitAny(reqs, nil); again != i {
			t.Fatalf("the second WaitAny says %d, want %d still", again, i)
		}
		st, ok, err := reqs[i].Test()
		check(t, err)
		if !ok || st.Tag != 200+i || st.Bytes != 12 || bufs[i][0] != int32(i) {
			t.Fatalf("request %d: status %+v (%v), data %v", i, st, ok, bufs[i])
		}
		reqs[i] = nil
	}
	if i, err := job.WaitAny(reqs, nil); i != -1 || err != nil {
		t.Fatalf("WaitAny at the end: %d, %v", i, err)
	}
	check(t, c.Send(buf([]int32{5, 1, 2}), c.rank, 205, engine.Standard, nil)) // for the dropped request
}

// Buffered sends complete with no receiver in sight, whatever their size.
func testBuffered(t *testing.T, c *comm) {
	to, from := (c.rank+1)%c.size, (c.rank+c.size-1)%c.size
	const n = 30
	for i := range n {
		data := fill[float64](20_000*(i%3)+1, i)
		if i%2 == 0 {
			check(t, c.Send(buf(data), to, 5, engine.Buffered, nil))
		} else {
			req, err := c.Isend(buf(data), to, 5, engine.Buffered)
			check(t, err)
			_, err = req.Wait(nil)
			check(t, err)
		}
		clear(data)
	}
	for i := range n {
		want := fill[float64](20_000*(i%3)+1, i)
		got := make([]float64, len(want))
		_, err := c.Recv(buf(got), from, 5, nil)
		check(t, err)
		equal(t, fmt.Sprintf("buffered %d", i), got, want)
	}
}

type namedLayout struct {
	name   string
	layout *engine.Layout
}

// layouts makes some of each kind that fit a slice of n elements.
func layouts(n int) []namedLayout {
	var indices []engine.Run
	r := random(9)
	for i := 0; i+4 < n; i += 3 + r.IntN(5) {
		indices = append(indices, engine.Run{Offset: i, Len: 1 + r.IntN(3), Count: 1, Stride: 0})
	}
	return []namedLayout{
		{"column", engine.NewLayout([]engine.Run{{Offset: 2, Len: 1, Count: n / 10, Stride: 10}})},
		{"blocks", engine.NewLayout([]engine.Run{{Offset: 0, Len: 3, Count: n / 7, Stride: 7}})},
		{"backwards", engine.NewLayout([]engine.Run{{Offset: n - 5, Len: 2, Count: n / 9, Stride: -8}})},
		{"two", engine.NewLayout([]engine.Run{{Offset: n / 2, Len: 4, Count: n / 20, Stride: 6}, {Offset: 1, Len: 1, Count: n / 20, Stride: 3}})},
		{"indices", engine.NewLayout(indices)},
		{"nothing", engine.NewLayout(nil)},
	}
}

func testLayouts(t *testing.T, c *comm) {
	to, from := (c.rank+1)%c.size, (c.rank+c.size-1)%c.size
	sizes := []int{50, 5000, 200_000}
	if job.local.crowded {
		sizes = []int{5000, 200_000}
	}
	for _, n := range sizes {
		for _, x := range layouts(n) {
			what, l := fmt.Sprintf("%s of %d", x.name, n), x.layout
			layoutCase[float64](t, c, what, l, n, to, from)
			layoutCase[point](t, c, what, l, n, to, from)
		}
	}
	if len(job.types.layouts.list) == 0 && job.maxCount == maxInt {
		t.Error("no layout went as a derived datatype")
	}
	// More layouts than are kept.
	for i := range maxLayouts + 20 {
		l := engine.NewLayout([]engine.Run{{Offset: i, Len: 1, Count: derivedBytes / 8, Stride: 2}})
		layoutCase[float64](t, c, "many", l, l.Span(), to, from)
	}
	if n := job.types.layouts.count; n > maxLayouts {
		t.Errorf("%d layouts are kept, at most %d should be", n, maxLayouts)
	}
}

func layoutCase[T comparable](t *testing.T, c *comm, what string, l *engine.Layout, n, to, from int) {
	t.Helper()
	size := int(unsafe.Sizeof(*new(T)))
	data := fill[T](n, c.rank)
	packed, want := make([]T, l.Count()), make([]T, n)
	l.Pack(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(packed))), l.Count()*size), unsafe.Pointer(&fill[T](n, from)[0]), size)
	l.Unpack(unsafe.Pointer(&want[0]), unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(packed))), l.Count()*size), size)

	// Layout to contiguous.
	got := make([]T, l.Count())
	req, err := c.Irecv(buf(got), from, 1)
	check(t, err)
	check(t, c.Send(view(data, l), to, 1, engine.Standard, nil))
	_, err = req.Wait(nil)
	check(t, err)
	equal(t, what+" sent", got, packed)

	// Layout to layout, and nothing beside it is written.
	full := make([]T, n)
	req, err = c.Isend(view(data, l), to, 2, engine.Standard)
	check(t, err)
	st, err := c.Recv(view(full, l), from, 2, nil)
	check(t, err)
	_, err = req.Wait(nil)
	check(t, err)
	if st.Bytes != l.Count()*size {
		t.Fatalf("%s: %d bytes, want %d", what, st.Bytes, l.Count()*size)
	}
	equal(t, what+" received", full, want)

	// A shorter message fills the first places only.
	if l.Count() < 2 {
		return
	}
	half := l.Count() / 2
	clear(full)
	req, err = c.Isend(buf(got[:half]), to, 3, engine.Standard)
	check(t, err)
	_, err = c.Recv(view(full, l), from, 3, nil)
	check(t, err)
	_, err = req.Wait(nil)
	check(t, err)
	back := make([]T, l.Count())
	l.Pack(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(back))), l.Count()*size), unsafe.Pointer(&full[0]), size)
	wantBack := make([]T, l.Count())
	beforeThat := (from + c.size - 1) % c.size
	l.Pack(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(wantBack))), l.Count()*size), unsafe.Pointer(&fill[T](n, beforeThat)[0]), size)
	clear(wantBack[half:])
	equal(t, what+" half", back, wantBack)
}
