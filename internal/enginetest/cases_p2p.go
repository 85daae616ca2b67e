package enginetest

import (
	"errors"
	"slices"
	"time"

	"github.com/ringo-mpi/ringo/mpi"
)

// p2pCases are the rules of messages from rank to rank.
var p2pCases = []Case{
	{Name: "3.2 Send and Recv of every length", Min: 2, Run: sendOfEveryLength,
		Rule: "What Send sends, Recv receives, whatever the length, with source, tag and count in the status."},
	{Name: "3.2.2 Send and Recv of every element type", Min: 2, Max: 2, Run: sendOfEveryType,
		Rule: "Elements of all basic types, structs and arrays arrive as they were."},
	{Name: "3.2.4 a shorter message leaves the rest of the buffer alone", Min: 2, Max: 2, Run: shorterMessageLeavesRest,
		Rule: "A receive buffer longer than the message keeps its tail; Count gives the length of the message."},
	{Name: "3.2.4 a longer message is an ErrTruncate and nothing else is lost", Min: 2, Needs: "truncation", Run: longerMessageIsTruncated,
		Rule: "A message longer than the buffer ends the receive with ErrTruncate and the send well; the next message is intact."},
	{Name: "3.3.1 a message of another element type is an ErrType and stays", Min: 2, Max: 2, Needs: "types", Run: otherTypeStays,
		Rule: "Types of sender and receiver match; else the receive fails with ErrType and the message can be received rightly."},
	{Name: "3.4 Ssend completes only when matched", Min: 2, Run: ssendWhenMatched,
		Rule: "A synchronous send completes only when the matching receive has started."},
	{Name: "3.4 Bsend completes without a receive", Min: 2, Run: bsendWithoutReceive,
		Rule: "A buffered send is local: it completes whatever the receiver does, and its buffer may be changed."},
	{Name: "3.4 Rsend needs a posted receive", Min: 2, Needs: "ready errors", Run: rsendNeedsReceive,
		Rule: "A ready send with a posted receive delivers; without one it fails with ErrNotReady and nothing is sent."},
	{Name: "3.5 messages do not overtake", Run: messagesDoNotOvertake,
		Rule: "Messages from one sender that both match a receive are received in the order sent, of whatever lengths and modes."},
	{Name: "3.5 receives posted first match in their order", Run: receivesMatchInOrder,
		Rule: "Of several posted receives that match a message, the one posted first gets it, wildcards or not."},
	{Name: "3.5 tags select", Min: 2, Run: tagsSelect,
		Rule: "A receive with a tag takes the oldest message with that tag and leaves the others, from 0 to TagUB."},
	{Name: "3.2.4 AnySource receives from every rank", Min: 2, Run: anySourceReceives,
		Rule: "A receive from AnySource gets messages of all ranks, each once, and its status says whose."},
	{Name: "3.5 ten thousand unexpected messages", Min: 2, Max: 3, Run: manyUnexpectedMessages,
		Rule: "Messages that nobody has posted a receive for are kept, whatever their number, and found by tag."},
	{Name: "3.2.4 messages to oneself", Run: messagesToOneself,
		Rule: "A rank may send to itself, before or after it posts the receive, in every mode."},
	{Name: "3.10 Sendrecv and SendrecvReplace", Min: 1, Run: sendrecvRoundRing,
		Rule: "Send and receive at the same time, round a ring and between the same pair, cannot deadlock."},
	{Name: "3.10 ProcNull", Run: procNull,
		Rule: "Communication with ProcNull succeeds at once and transfers nothing."},
	{Name: "3.5 a slow receiver does not stop others", Min: 3, Run: slowReceiverStopsNone,
		Rule: "Fairness between pairs: messages between two ranks flow while a third does not receive."},
	{Name: "3.7.4 progress without the receiver in a call", Min: 2, Run: progressWithoutReceiver,
		Rule: "A send completes once its receive is posted, whatever the receiving rank does meanwhile."},
	{Name: "3.2 zero-size elements and nil buffers", Min: 2, Max: 2, Run: nilBuffers,
		Rule: "A message of no bytes is a message."},
}

// sendModes are the blocking sends.
func (k *kindOf[E]) sendModes() map[string]func(c *mpi.Comm, buf []E, dest, tag int) error {
	return map[string]func(c *mpi.Comm, buf []E, dest, tag int) error{
		"Send": mpi.Send[E], "Ssend": mpi.Ssend[E], "Bsend": mpi.Bsend[E],
		"Isend": func(c *mpi.Comm, buf []E, dest, tag int) error {
			_, err := mpi.Isend(c, buf, dest, tag).Wait()
			return err
		},
		"Issend": func(c *mpi.Comm, buf []E, dest, tag int) error {
			_, err := mpi.Issend(c, buf, dest, tag).Wait()
			return err
		},
		"Ibsend": func(c *mpi.Comm, buf []E, dest, tag int) error {
			_, err := mpi.Ibsend(c, buf, dest, tag).Wait()
			return err
		},
	}
}

// recvModes are the receives of n elements.
func (k *kindOf[E]) recvModes() map[string]func(c *mpi.Comm, n, source, tag int) ([]E, mpi.Status, error) {
	return map[string]func(c *mpi.Comm, n, source, tag int) ([]E, mpi.Status, error){
		"Recv": func(c *mpi.Comm, n, source, tag int) ([]E, mpi.Status, error) {
			buf := make([]E, n)
			st, err := mpi.Recv(c, buf, source, tag)
			return buf, st, err
		},
		"Irecv": func(c *mpi.Comm, n, source, tag int) ([]E, mpi.Status, error) {
			buf := make([]E, n)
			st, err := mpi.Irecv(c, buf, source, tag).Wait()
			return buf, st, err
		},
		"RecvAppend": func(c *mpi.Comm, _, source, tag int) ([]E, mpi.Status, error) {
			return mpi.RecvAppend[E](c, nil, source, tag)
		},
		"Mprobe+Mrecv": func(c *mpi.Comm, _, source, tag int) ([]E, mpi.Status, error) {
			m, st, err := c.Mprobe(source, tag)
			if err != nil {
				return nil, st, err
			}
			buf := make([]E, mpi.Count[E](st))
			st, err = mpi.Mrecv(m, buf)
			return buf, st, err
		},
		"Probe+Recv": func(c *mpi.Comm, _, source, tag int) ([]E, mpi.Status, error) {
			st, err := c.Probe(source, tag)
			if err != nil {
				return nil, st, err
			}
			buf := make([]E, mpi.Count[E](st))
			st, err = mpi.Recv(c, buf, st.Source, st.Tag)
			return buf, st, err
		},
	}
}

// transfer sends n elements from rank 0 to the last rank in every mode and
// receives them in every way. The receiver is sometimes early.
func (k *kindOf[E]) transfer(t *T, c *mpi.Comm, n int) {
	last := c.Size() - 1
	sends, recvs := k.sendModes(), k.recvModes()
	var combinations [][2]string
	for _, s := range []string{"Send", "Ssend", "Bsend", "Isend", "Issend", "Ibsend"} {
		for _, r := range []string{"Recv", "Irecv", "RecvAppend", "Mprobe+Mrecv", "Probe+Recv"} {
			combinations = append(combinations, [2]string{s, r})
		}
	}
	for i, m := range sample(t, 6, combinations) {
		what := label("%s → %s of %d × %s", m[0], m[1], n, k.label)
		want := k.fill(n+i, n)
		early := t.Rand.IntN(2) == 0
		if t.Rank == last {
			if early {
				time.Sleep(100 * time.Microsecond)
			}
			got, st, err := recvs[m[1]](c, n, 0, i)
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			if st.Source != 0 || st.Tag != i || mpi.Count[E](st) != n || st.Cancelled {
				t.Errorf("%s: status %+v", what, st)
			}
			same(t, what, got, want)
		}
		if t.Rank == 0 {
			send := want
			if err := sends[m[0]](c, send, last, i); err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			clear(send) // the buffer is the program's again
		}
	}
}

func sendOfEveryLength(t *T, c *mpi.Comm) {
	for _, n := range sample(t, 16, sizes) {
		bytesKind.transfer(t, c, n)
	}
}

func sendOfEveryType(t *T, c *mpi.Comm) {
	for _, k := range kinds {
		for _, n := range append([]int{0, 1, 3}, sample(t, 2, nearby(k, upTo(70000)))...) {
			k.transfer(t, c, n)
		}
	}
}

func shorterMessageLeavesRest(t *T, c *mpi.Comm) {
	for _, n := range sample(t, 10, upTo(300000)) {
		if t.Rank == 0 {
			t.OK(mpi.Send(c, bytesKind.fill(n, n), 1, 0))
			continue
		}
		buf := slices.Repeat([]uint8{0xee}, n+100)
		st, err := mpi.Recv(c, buf, 0, 0)
		t.OK(err)
		if mpi.Count[uint8](st) != n || st.Bytes != n {
			t.Errorf("%d bytes: status %+v", n, st)
		}
		same(t, "head", buf[:n], bytesKind.fill(n, n))
		same(t, "tail", buf[n:], slices.Repeat([]uint8{0xee}, 100))
	}
}

func longerMessageIsTruncated(t *T, c *mpi.Comm) {
	for i, n := range sample(t, 14, sizes[1:]) {
		room := []int{0, n / 2, n - 1}[i%3]
		early := t.Rand.IntN(2) == 0
		switch t.Rank {
		case 0:
			if early {
				time.Sleep(time.Millisecond)
			}
			var err error
			switch i % 4 {
			case 0:
				err = mpi.Ssend(c, bytesKind.fill(i, n), 1, 3)
			case 1:
				err = mpi.Bsend(c, bytesKind.fill(i, n), 1, 3)
			default:
				err = mpi.Send(c, bytesKind.fill(i, n), 1, 3)
			}
			t.OK(err)
			t.OK(mpi.Send(c, bytesKind.fill(i+1, 100), 1, 3))
		case 1:
			buf := slices.Repeat([]uint8{0xee}, room+16)
			_, err := mpi.Recv(c, buf[:room], 0, 3)
			t.Is(err, mpi.ErrTruncate)
			var e *mpi.Error
			if !errors.As(err, &e) || e.Peer != 0 || e.Tag != 3 {
				t.Errorf("the error does not name the sender: %v", err)
			}
			same(t, "behind the buffer", buf[room:], slices.Repeat([]uint8{0xee}, 16))
			next := make([]uint8, 100)
			_, err = mpi.Recv(c, next, 0, 3)
			t.OK(err)
			same(t, "the next message", next, bytesKind.fill(i+1, 100))
		}
	}
}

func otherTypeStays(t *T, c *mpi.Comm) {
	for _, n := range []int{1, 1000, 100000} {
		if t.Rank == 0 {
			t.OK(mpi.Send(c, make([]float64, n), 1, 0))
			continue
		}
		_, err := mpi.Recv(c, make([]int64, n), 0, 0)
		t.Is(err, mpi.ErrType)
		_, err = mpi.Recv(c, make([]float64, n), 0, 0)
		t.OK(err)
	}
}

func ssendWhenMatched(t *T, c *mpi.Comm) {
	for _, n := range sample(t, 8, upTo(1<<20)) {
		switch t.Rank {
		case 0:
			r := mpi.Issend(c, make([]byte, n), 1, 1)
			for range 20 {
				if _, ok, err := r.Test(); ok || err != nil {
					t.Fatalf("%d bytes: the send is complete before its receive exists (%v)", n, err)
				}
				time.Sleep(100 * time.Microsecond)
			}
			t.OK(mpi.Send(c, []byte{1}, 1, 2))
			_, err := r.Wait()
			t.OK(err)
		case 1:
			_, err := mpi.Recv(c, make([]byte, 1), 0, 2)
			t.OK(err)
			_, err = mpi.Recv(c, make([]byte, n), 0, 1)
			t.OK(err)
		}
	}
}

func bsendWithoutReceive(t *T, c *mpi.Comm) {
	list := sample(t, 10, upTo(1<<20))
	switch t.Rank {
	case 0:
		for i, n := range list {
			buf := bytesKind.fill(i, n)
			if i%2 == 0 {
				t.OK(mpi.Bsend(c, buf, 1, i))
			} else {
				_, err := mpi.Ibsend(c, buf, 1, i).Wait()
				t.OK(err)
			}
			clear(buf)
		}
		_, err := mpi.Recv(c, make([]byte, 1), 1, 100)
		t.OK(err)
	case 1:
		time.Sleep(2 * time.Millisecond)
		t.OK(mpi.Bsend(c, []byte{1}, 0, 100))
		for i, n := range slices.Backward(list) {
			got := make([]byte, n)
			_, err := mpi.Recv(c, got, 0, i)
			t.OK(err)
			same(t, "message", got, bytesKind.fill(i, n))
		}
	}
}

func rsendNeedsReceive(t *T, c *mpi.Comm) {
	for _, n := range sample(t, 6, upTo(300000)) {
		switch t.Rank {
		case 0:
			t.Is(mpi.Rsend(c, make([]byte, n), 1, 5), mpi.ErrNotReady)
			t.OK(mpi.Send(c, []byte{1}, 1, 1))
			_, err := mpi.Recv(c, make([]byte, 1), 1, 1)
			t.OK(err)
			t.OK(mpi.Rsend(c, bytesKind.fill(n, n), 1, 5))
			_, err = mpi.Recv(c, make([]byte, 1), 1, 1)
			t.OK(err)
			_, err = mpi.Irsend(c, bytesKind.fill(n+1, n), 1, 5).Wait()
			t.OK(err)
		case 1:
			_, err := mpi.Recv(c, make([]byte, 1), 0, 1)
			t.OK(err)
			for i := range 2 {
				buf := make([]byte, n)
				r := mpi.Irecv(c, buf, 0, 5)
				t.OK(mpi.Send(c, []byte{1}, 0, 1))
				_, err := r.Wait()
				t.OK(err)
				same(t, "message", buf, bytesKind.fill(n+i, n))
			}
		}
	}
	t.OK(c.Barrier())
	if t.Rank == 1 {
		if st, ok, err := c.Iprobe(mpi.AnySource, 5); ok || err != nil {
			t.Errorf("a refused ready send has left a message: %+v, %v", st, err)
		}
	}
}

func messagesDoNotOvertake(t *T, c *mpi.Comm) {
	next, prev := (t.Rank+1)%t.Size, (t.Rank+t.Size-1)%t.Size
	var list []int
	for range 120 {
		list = append(list, sizes[t.Rand.IntN(30)])
	}
	list = append(list, 300000, 5, 70000, 0, 100000, 1)
	var reqs []*mpi.Request
	for i, n := range list {
		buf := bytesKind.fill(i+t.Rank, n+4)
		buf[0], buf[1], buf[2], buf[3] = byte(i), byte(i>>8), byte(t.Rank), 0
		if i%7 == 3 {
			reqs = append(reqs, mpi.Issend(c, buf, next, 1))
		} else {
			reqs = append(reqs, mpi.Isend(c, buf, next, 1))
		}
	}
	for i, n := range list {
		tag, source := 1, prev
		if i%3 == 1 {
			tag = mpi.AnyTag
		}
		if i%5 == 1 {
			source = mpi.AnySource
		}
		got, st, err := mpi.RecvAppend[byte](c, nil, source, tag)
		t.OK(err)
		if st.Source != prev || len(got) != n+4 || int(got[0])|int(got[1])<<8 != i || int(got[2]) != prev {
			t.Fatalf("message %d: status %+v, begins with %v; want %d bytes from rank %d", i, st, got[:min(4, len(got))], n+4, prev)
		}
		same(t, label("message %d", i), got[4:], bytesKind.fill(i+prev, n+4)[4:])
	}
	t.OK(mpi.WaitAll(reqs...))
}

func receivesMatchInOrder(t *T, c *mpi.Comm) {
	next, prev := (t.Rank+1)%t.Size, (t.Rank+t.Size-1)%t.Size
	const n = 60
	bufs, reqs := make([][]int, n), make([]*mpi.Request, n)
	for i := range n {
		bufs[i] = make([]int, 1)
		source, tag := prev, 4
		if i%2 == 1 {
			source = mpi.AnySource
		}
		if i%3 == 1 {
			tag = mpi.AnyTag
		}
		reqs[i] = mpi.Irecv(c, bufs[i], source, tag)
	}
	t.OK(c.Barrier())
	for i := range n {
		t.OK(mpi.Send(c, []int{i}, next, 4))
	}
	for i := range n {
		st, err := reqs[i].Wait()
		t.OK(err)
		if bufs[i][0] != i || st.Source != prev {
			t.Fatalf("receive %d got message %d from rank %d", i, bufs[i][0], st.Source)
		}
	}
}

func tagsSelect(t *T, c *mpi.Comm) {
	tags := []int{0, 1, 77, mpi.TagUB, 32767, mpi.TagUB - 1}
	switch t.Rank {
	case 0:
		for range 2 {
			for _, tag := range tags {
				t.OK(mpi.Send(c, []int{tag}, 1, tag))
			}
		}
	case 1:
		for _, tag := range slices.Backward(tags) {
			for range 2 {
				got := make([]int, 1)
				st, err := mpi.Recv(c, got, 0, tag)
				t.OK(err)
				if got[0] != tag || st.Tag != tag {
					t.Errorf("tag %d: got message %d, status %+v", tag, got[0], st)
				}
			}
		}
	}
}

func anySourceReceives(t *T, c *mpi.Comm) {
	const each = 50
	if t.Rank != 0 {
		for i := range each {
			t.OK(mpi.Send(c, []int{t.Rank, i}, 0, t.Rank%3))
		}
		return
	}
	seen := make([]int, t.Size)
	for range each * (t.Size - 1) {
		got := make([]int, 2)
		st, err := mpi.Recv(c, got, mpi.AnySource, mpi.AnyTag)
		t.OK(err)
		if st.Source != got[0] || st.Tag != got[0]%3 || got[1] != seen[st.Source] {
			t.Fatalf("status %+v with message %v; %d seen from that rank", st, got, seen[st.Source])
		}
		seen[st.Source]++
	}
	for r := 1; r < t.Size; r++ {
		if seen[r] != each {
			t.Errorf("%d messages from rank %d, want %d", seen[r], r, each)
		}
	}
}

func manyUnexpectedMessages(t *T, c *mpi.Comm) {
	const n = 10000
	switch t.Rank {
	case 0:
		for i := range n {
			t.OK(mpi.Send(c, []int{i, 1, 2}, 1, i))
		}
		t.OK(mpi.Send(c, []int{-1}, 1, n))
	case 1:
		_, err := mpi.Recv(c, make([]int, 1), 0, n)
		t.OK(err)
		buf := make([]int, 3)
		for i := range 200 { // from the far end first
			_, err := mpi.Recv(c, buf, 0, n-1-i)
			t.OK(err)
			if buf[0] != n-1-i {
				t.Fatalf("tag %d: message %d", n-1-i, buf[0])
			}
		}
		for i := range n - 200 {
			_, err := mpi.Recv(c, buf, mpi.AnySource, mpi.AnyTag)
			t.OK(err)
			if buf[0] != i {
				t.Fatalf("message %d instead of %d", buf[0], i)
			}
		}
	}
}

func messagesToOneself(t *T, c *mpi.Comm) {
	for i, n := range sample(t, 12, upTo(1<<20)) {
		want, got := bytesKind.fill(i, n), make([]byte, n)
		send := mpi.Isend(c, want, t.Rank, 1)
		st, err := mpi.Recv(c, got, t.Rank, 1)
		t.OK(err)
		_, err = send.Wait()
		t.OK(err)
		same(t, "after", got, want)
		if st.Source != t.Rank || st.Bytes != n {
			t.Errorf("status %+v", st)
		}
		clear(got)
		recv := mpi.Irecv(c, got, mpi.AnySource, mpi.AnyTag)
		t.OK(mpi.Send(c, want, t.Rank, 2))
		_, err = recv.Wait()
		t.OK(err)
		same(t, "before", got, want)
		clear(got)
		recv = mpi.Irecv(c, got, t.Rank, 3)
		t.OK(mpi.Ssend(c, want, t.Rank, 3))
		_, err = recv.Wait()
		t.OK(err)
		same(t, "Ssend", got, want)
		t.OK(mpi.Bsend(c, want, t.Rank, 4))
		_, err = mpi.Recv(c, got, t.Rank, 4)
		t.OK(err)
		ss := mpi.Issend(c, want, t.Rank, 5)
		if _, ok, err := ss.Test(); ok {
			t.Errorf("Issend to oneself is complete before its receive (%v)", err)
		}
		_, err = mpi.Recv(c, got, t.Rank, 5)
		t.OK(err)
		_, err = ss.Wait()
		t.OK(err)
		if n > 0 {
			s := mpi.Isend(c, want, t.Rank, 6)
			_, err = mpi.Recv(c, got[:n-1], t.Rank, 6)
			t.Is(err, mpi.ErrTruncate)
			_, err = s.Wait()
			t.OK(err)
		}
	}
}

func sendrecvRoundRing(t *T, c *mpi.Comm) {
	next, prev := (t.Rank+1)%t.Size, (t.Rank+t.Size-1)%t.Size
	for i, n := range sample(t, 12, upTo(1<<20)) {
		got := make([]byte, n)
		st, err := mpi.Sendrecv(c, bytesKind.fill(t.Rank+i, n), next, i, got, prev, i)
		t.OK(err)
		if st.Source != prev || st.Tag != i || st.Bytes != n {
			t.Errorf("status %+v", st)
		}
		same(t, "Sendrecv", got, bytesKind.fill(prev+i, n))
		st, err = mpi.SendrecvReplace(c, got, next, 100, prev, mpi.AnyTag)
		t.OK(err)
		same(t, "SendrecvReplace", got, bytesKind.fill((prev+t.Size-1)%t.Size+i, n))
		if st.Tag != 100 {
			t.Errorf("status %+v", st)
		}
		floats := make([]float64, 2)
		_, err = mpi.Sendrecv(c, []float64{float64(t.Rank), 1}, next, 7, floats, mpi.AnySource, 7)
		t.OK(err)
		if floats[0] != float64(prev) {
			t.Errorf("got %v from rank %d", floats, prev)
		}
	}
}

func procNull(t *T, c *mpi.Comm) {
	buf := []int{1, 2}
	for _, err := range []error{
		mpi.Send(c, buf, mpi.ProcNull, 0), mpi.Ssend(c, buf, mpi.ProcNull, 0), mpi.Bsend(c, buf, mpi.ProcNull, 0),
		mpi.Rsend(c, buf, mpi.ProcNull, 0), mpi.WaitAll(mpi.Isend(c, buf, mpi.ProcNull, 0)), mpi.SendObject(c, "x", mpi.ProcNull, 0),
	} {
		t.OK(err)
	}
	check := func(st mpi.Status, err error) {
		t.OK(err)
		if st.Source != mpi.ProcNull || st.Tag != mpi.AnyTag || st.Bytes != 0 || mpi.Count[int](st) != 0 {
			t.Errorf("status %+v", st)
		}
	}
	check(mpi.Recv(c, buf, mpi.ProcNull, 3))
	check(mpi.Irecv(c, buf, mpi.ProcNull, 3).Wait())
	check(mpi.Sendrecv(c, buf, mpi.ProcNull, 0, []int{0}, mpi.ProcNull, 0))
	check(mpi.SendrecvReplace(c, buf, mpi.ProcNull, 0, mpi.ProcNull, 0))
	check(c.Probe(mpi.ProcNull, 0))
	st, ok, err := c.Iprobe(mpi.ProcNull, 0)
	check(st, err)
	if !ok {
		t.Errorf("Iprobe of ProcNull finds nothing")
	}
	m, st, err := c.Mprobe(mpi.ProcNull, 0)
	check(st, err)
	check(mpi.Mrecv(m, buf))
	same(t, "buffer", buf, []int{1, 2})
}

func slowReceiverStopsNone(t *T, c *mpi.Comm) {
	switch t.Rank {
	case 0:
		var reqs []*mpi.Request
		for range 50 {
			reqs = append(reqs, mpi.Isend(c, make([]byte, 3000), 2, 0))
		}
		for i := range 100 {
			_, err := mpi.Sendrecv(c, []int{i}, 1, 1, make([]int, 1), 1, 1)
			t.OK(err)
		}
		t.OK(mpi.Send(c, []int{1}, 2, 1))
		t.OK(mpi.WaitAll(reqs...))
	case 1:
		for i := range 100 {
			_, err := mpi.Sendrecv(c, []int{i}, 0, 1, make([]int, 1), 0, 1)
			t.OK(err)
		}
	case 2:
		_, err := mpi.Recv(c, make([]int, 1), 0, 1)
		t.OK(err)
		for range 50 {
			_, err := mpi.Recv(c, make([]byte, 3000), 0, 0)
			t.OK(err)
		}
	}
}

func progressWithoutReceiver(t *T, c *mpi.Comm) {
	for _, n := range sample(t, 5, sizes[20:]) {
		switch t.Rank {
		case 0:
			_, err := mpi.Recv(c, make([]byte, 1), 1, 0)
			t.OK(err)
			t.OK(mpi.Ssend(c, bytesKind.fill(1, n), 1, 1))

			t.OK(mpi.Send(c, []byte{1}, 1, 2))
		case 1:
			buf := make([]byte, n)
			r := mpi.Irecv(c, buf, 0, 1)
			t.OK(mpi.Send(c, []byte{1}, 0, 0))
			_, err := mpi.Recv(c, make([]byte, 1), 0, 2)
			t.OK(err)
			_, err = r.Wait()
			t.OK(err)
			same(t, "message", buf, bytesKind.fill(1, n))
		}
	}
}

func nilBuffers(t *T, c *mpi.Comm) {
	if t.Rank == 0 {
		t.OK(mpi.Send[int](c, nil, 1, 0))
		t.OK(mpi.Ssend(c, []int{}, 1, 1))
		return
	}
	st, err := mpi.Recv[int](c, nil, 0, 0)
	t.OK(err)
	if st.Bytes != 0 || st.Source != 0 {
		t.Errorf("status %+v", st)
	}
	_, err = mpi.Recv[int](c, []int{}, 0, 1)
	t.OK(err)
}
