package enginetest

import (
	"slices"
	"time"

	"github.com/ringo-mpi/ringo/mpi"
)

// requestCases are the rules of probes and requests.
var requestCases = []Case{
	{Name: "3.8.1 Probe describes and leaves the message", Min: 2, Run: probeLeavesMessage,
		Rule: "Probe tells source, tag and length of the message that a receive would get; the message stays."},
	{Name: "3.8.2 Mprobe takes the message out", Min: 2, Run: mprobeTakesMessage,
		Rule: "After Mprobe no other receive or probe finds the message; its Mrecv gets it, also when later messages were received first."},
	{Name: "3.8.3 Mrecv into too small a buffer", Min: 2, Max: 2, Needs: "truncation", Run: mrecvIntoTooSmall,
		Rule: "A matched receive that is too small truncates as any other."},
	{Name: "3.8.4 a receive that has not matched can be cancelled", Run: cancelReceive,
		Rule: "Cancel withdraws a posted receive: it completes with Cancelled set, and a later message goes to the next receive."},
	{Name: "3.8.4 cancelling while another goroutine waits", Run: cancelWhileAnotherWaits,
		Rule: "Cancel may come from any goroutine and ends a Wait that is blocked in another."},
	{Name: "3.8.4 a send that has not been received can be cancelled", Min: 2, Needs: "send cancel", Run: cancelSend,
		Rule: "Either the cancelled send is withdrawn whole or the message arrives whole."},
	{Name: "3.7.3 Wait and Test", Run: waitAndTest,
		Rule: "Test does not block; Wait and Test of a complete request give its result again; a nil request is complete."},
	{Name: "3.7.2 requests of the program are used again", Min: 2, Run: requestsUsedAgain,
		Rule: "StartSend and StartRecv start in a request whose completion has been reported, a send or a receive before, and refuse others."},
	{Name: "3.7.2 a request used again forgets its error", Min: 2, Needs: "truncation", Run: requestForgetsError,
		Rule: "The error of one operation does not come out of the next in the same request."},
	{Name: "3.7.5 WaitAny hands out each request once", Min: 2, Run: waitAnyHandsOutOnce,
		Rule: "WaitAny returns a complete request that has not been handed out, and -1 when none is left."},
	{Name: "3.7.5 WaitSome, TestSome, TestAny, TestAll, WaitAll", Min: 2, Run: waitSomeAndTests,
		Rule: "The completion calls for several requests complete what is complete, and say what is not."},
	{Name: "3.7.5 errors come out of the completion calls", Min: 2, Run: completionErrors,
		Rule: "The error of a request comes out of Wait, Test, WaitAll, WaitAny and WaitSome; the other requests complete."},
	{Name: "3.7 many requests at once", Min: 2, Run: manyRequests,
		Rule: "Thousands of sends and receives may be pending between two ranks and complete in any order."},
}

func probeLeavesMessage(t *T, c *mpi.Comm) {
	for i, n := range sample(t, 12, upTo(300000)) {
		switch t.Rank {
		case 0:
			if i%2 == 0 {
				time.Sleep(200 * time.Microsecond)
			}
			t.OK(mpi.Send(c, bytesKind.fill(i, n), 1, i))
		case 1:
			source, tag := []int{0, mpi.AnySource}[i%2], []int{i, mpi.AnyTag, i}[i%3]
			var st mpi.Status
			var err error
			if i%4 == 3 {
				for ok := false; !ok; {
					st, ok, err = c.Iprobe(source, tag)
					t.OK(err)
				}
			} else {
				st, err = c.Probe(source, tag)
				t.OK(err)
			}
			again, ok, err := c.Iprobe(source, tag)
			t.OK(err)
			if st.Source != 0 || st.Tag != i || st.Bytes != n || !ok || again != st {
				t.Errorf("%d bytes: status %+v, then %+v, %v", n, st, again, ok)
			}
			got := make([]byte, n)
			_, err = mpi.Recv(c, got, st.Source, st.Tag)
			t.OK(err)
			same(t, "message", got, bytesKind.fill(i, n))
			if st, ok, err := c.Iprobe(mpi.AnySource, i); ok || err != nil {
				t.Errorf("the message is still there: %+v, %v", st, err)
			}
		}
	}
}

func mprobeTakesMessage(t *T, c *mpi.Comm) {
	for i, n := range sample(t, 10, upTo(300000)) {
		switch t.Rank {
		case 0:
			r := mpi.Isend(c, bytesKind.fill(i, n), 1, 4)
			t.OK(mpi.Send(c, []byte{1, 2, 3}, 1, 4))
			_, err := r.Wait()
			t.OK(err)
			_, err = mpi.Recv(c, make([]byte, 1), 1, 5)
			t.OK(err)
		case 1:
			m, st, err := c.Mprobe(mpi.AnySource, mpi.AnyTag)
			t.OK(err)
			if st.Source != 0 || st.Tag != 4 || st.Bytes != n {
				t.Errorf("status %+v", st)
			}
			next := make([]byte, 3)
			_, err = mpi.Recv(c, next, 0, 4)
			t.OK(err)
			same(t, "the next message", next, []byte{1, 2, 3})
			if n2, _, ok, err := c.Improbe(mpi.AnySource, mpi.AnyTag); n2 != nil || ok || err != nil {
				t.Errorf("Improbe finds a message that Mprobe had taken (%v)", err)
			}
			got := make([]byte, n)
			if i%2 == 0 {
				_, err = mpi.Mrecv(m, got)
			} else {
				_, err = mpi.Imrecv(m, got).Wait()
			}
			t.OK(err)
			same(t, "message", got, bytesKind.fill(i, n))
			_, err = mpi.Mrecv(m, got)
			t.Is(err, mpi.ErrRequest)
			t.OK(mpi.Send(c, []byte{1}, 0, 5))
		}
	}
}

func mrecvIntoTooSmall(t *T, c *mpi.Comm) {
	for _, n := range []int{10, 5000, 200000} {
		if t.Rank == 0 {
			t.OK(mpi.Send(c, bytesKind.fill(1, n), 1, 4))
			t.OK(mpi.Send(c, []byte{7}, 1, 4))
			continue
		}
		m, _, err := c.Mprobe(0, 4)
		t.OK(err)
		_, err = mpi.Mrecv(m, make([]byte, n-1))
		t.Is(err, mpi.ErrTruncate)
		one := make([]byte, 1)
		_, err = mpi.Recv(c, one, 0, 4)
		t.OK(err)
		same(t, "next", one, []byte{7})
	}
}

func cancelReceive(t *T, c *mpi.Comm) {
	next, prev := (t.Rank+1)%t.Size, (t.Rank+t.Size-1)%t.Size
	for i := range 10 {
		lost, kept := make([]int, 1), make([]int, 1)
		a, b := mpi.Irecv(c, lost, prev, 2), mpi.Irecv(c, kept, mpi.AnySource, 2)
		t.OK(a.Cancel())
		st, err := a.Wait()
		t.OK(err)
		if !st.Cancelled {
			t.Errorf("the receive was not cancelled")
		}
		t.OK(c.Barrier())
		t.OK(mpi.Send(c, []int{100 + i}, next, 2))
		st, err = b.Wait()
		t.OK(err)
		if st.Cancelled || kept[0] != 100+i || lost[0] != 0 {
			t.Errorf("status %+v, cancelled receive got %d, the other %d", st, lost[0], kept[0])
		}
		t.OK(b.Cancel()) // of a complete request: nothing
		if b.Status().Cancelled {
			t.Errorf("a complete receive counts as cancelled")
		}
	}
}

func cancelWhileAnotherWaits(t *T, c *mpi.Comm) {
	for i := range 5 {
		r := mpi.Irecv(c, make([]int, 1), mpi.AnySource, 3)
		ended := make(chan mpi.Status)
		go func() {
			st, _ := r.Wait()
			ended <- st
		}()
		time.Sleep(time.Duration(i) * time.Millisecond)
		t.OK(r.Cancel())
		if st := <-ended; !st.Cancelled {
			t.Errorf("status %+v", st)
		}
	}
}

func cancelSend(t *T, c *mpi.Comm) {
	for i, n := range sample(t, 6, upTo(1<<20)) {
		switch t.Rank {
		case 0:
			r := mpi.Issend(c, make([]byte, n), 1, 10+i)
			t.OK(r.Cancel())
			st, err := r.Wait()
			t.OK(err)
			cancelled := 0
			if st.Cancelled {
				cancelled = 1
			}
			t.OK(mpi.Send(c, []int{cancelled}, 1, 4))
		case 1:
			word := make([]int, 1)
			_, err := mpi.Recv(c, word, 0, 4)
			t.OK(err)
			st, ok, err := c.Iprobe(0, 10+i)
			t.OK(err)
			if ok != (word[0] == 0) {
				t.Errorf("cancelled: %v, message there: %v", word[0] == 1, ok)
			}
			if ok {
				_, err := mpi.Recv(c, make([]byte, st.Bytes), 0, 10+i)
				t.OK(err)
			}
		}
	}
}

func waitAndTest(t *T, c *mpi.Comm) {
	next, prev := (t.Rank+1)%t.Size, (t.Rank+t.Size-1)%t.Size
	for i, n := range sample(t, 8, upTo(300000)) {
		buf := make([]byte, n)
		r := mpi.Irecv(c, buf, prev, 1)
		if _, ok, err := r.Test(); ok || err != nil {
			t.Errorf("a receive without a message is complete (%v)", err)
		}
		t.OK(c.Barrier())
		s := mpi.Isend(c, bytesKind.fill(t.Rank+i, n), next, 1)
		for ok := false; !ok; {
			var err error
			_, ok, err = r.Test()
			t.OK(err)
		}
		same(t, "message", buf, bytesKind.fill(prev+i, n))
		for range 2 {
			st, err := r.Wait()
			t.OK(err)
			if st.Source != prev || st.Bytes != n || st != r.Status() {
				t.Errorf("status %+v, then %+v", st, r.Status())
			}
		}
		st, err := s.Wait()
		t.OK(err)
		if st.Source != mpi.AnySource || st.Tag != mpi.AnyTag || st.Bytes != 0 {
			t.Errorf("status of a send: %+v", st)
		}
	}
	var none *mpi.Request
	_, err := none.Wait()
	t.OK(err)
	if _, ok, err := none.Test(); !ok || err != nil {
		t.Errorf("a nil request is not complete (%v)", err)
	}
}

func requestsUsedAgain(t *T, c *mpi.Comm) {
	next, prev := (t.Rank+1)%t.Size, (t.Rank+t.Size-1)%t.Size
	const window = 5
	var slots [2 * window]mpi.Request
	reqs := make([]*mpi.Request, len(slots))
	for i := range slots {
		reqs[i] = &slots[i]
	}
	for round, n := range sample(t, 20, upTo(300000)) {
		var got [window][]byte
		sent := make([][]byte, window)
		for i := range window {
			got[i], sent[i] = make([]byte, n+i), bytesKind.fill(t.Rank+round+i, n+i)
		}
		// Of a slot used for a send, the next round makes a receive.
		send, recv := reqs[:window], reqs[window:]
		if round%2 == 1 {
			send, recv = recv, send
		}
		if round%3 == 0 {
			for i := range window {
				t.OK(mpi.StartSend(c, send[i], sent[i], next, i))
			}
		}
		for i := range window {
			t.OK(mpi.StartRecv(c, recv[i], got[i], prev, i))
		}
		if round%3 != 0 {
			for i := range window {
				t.OK(mpi.StartSend(c, send[i], sent[i], next, i))
			}
		}
		switch round % 4 {
		case 0:
			t.OK(mpi.WaitAll(reqs...))
		case 1:
			for range reqs {
				i, _, err := mpi.WaitAny(reqs...)
				t.OK(err)
				if i < 0 {
					t.Fatalf("WaitAny finds no request")
				}
			}
			if i, _, err := mpi.WaitAny(reqs...); i != -1 || err != nil {
				t.Errorf("with none left: %d, %v", i, err)
			}
		case 2:
			for _, r := range reqs {
				_, err := r.Wait()
				t.OK(err)
			}
		case 3:
			for ok := false; !ok; {
				var err error
				ok, err = mpi.TestAll(reqs...)
				t.OK(err)
			}
		}
		for i := range window {
			same(t, "message", got[i], bytesKind.fill(prev+round+i, n+i))
			want := mpi.Status{Source: prev, Tag: i, Bytes: n + i}
			if st := recv[i].Status(); st != want {
				t.Errorf("status of the receive %+v", st)
			}
			if st := send[i].Status(); st.Source != mpi.AnySource || st.Tag != mpi.AnyTag || st.Bytes != 0 {
				t.Errorf("status of the send %+v", st)
			}
		}
	}
	r, buf := reqs[0], make([]byte, 8)
	t.OK(mpi.StartRecv(c, r, buf, prev, 50))
	t.Is(mpi.StartRecv(c, r, buf, prev, 51), mpi.ErrRequest)
	t.Is(mpi.StartSend(c, r, buf, next, 51), mpi.ErrRequest)
	t.Is(mpi.StartSend(c, r, buf, next, -1), mpi.ErrTag)
	t.OK(c.Barrier())
	t.OK(mpi.Send(c, []byte("it goes on")[:8], next, 50))
	st, err := r.Wait()
	t.OK(err)
	if st.Source != prev || st.Tag != 50 || string(buf) != "it goes " {
		t.Errorf("status %+v, message %q", st, buf)
	}
	t.Is(mpi.StartRecv(c, r, buf, t.Size, 0), mpi.ErrRank)
	if r.Status() != st {
		t.Errorf("a start that failed has changed the status: %+v", r.Status())
	}
	t.OK(mpi.StartRecv(c, r, buf, mpi.ProcNull, 0))
	if st, err := r.Wait(); err != nil || st.Source != mpi.ProcNull || st.Bytes != 0 {
		t.Errorf("from ProcNull: %+v, %v", st, err)
	}
	t.OK(mpi.StartSend(c, r, buf, mpi.ProcNull, 0))
	_, err = r.Wait()
	t.OK(err)
}

func requestForgetsError(t *T, c *mpi.Comm) {
	var r mpi.Request
	for i, n := range []int{10, 5000, 200000} {
		switch t.Rank {
		case 0:
			for range 2 {
				t.OK(mpi.Send(c, make([]byte, n), 1, i))
				t.OK(mpi.Send(c, []byte{7}, 1, i))
			}
		case 1:
			for _, wait := range []bool{false, true} { // before the message comes, and with it there
				if wait {
					time.Sleep(time.Millisecond)
				}
				t.OK(mpi.StartRecv(c, &r, make([]byte, n-1), 0, i))
				_, err := r.Wait()
				t.Is(err, mpi.ErrTruncate)
				one := make([]byte, 1)
				t.OK(mpi.StartRecv(c, &r, one, 0, i))
				_, err = r.Wait()
				t.OK(err)
				same(t, "next", one, []byte{7})
			}
		}
	}
}

func waitAnyHandsOutOnce(t *T, c *mpi.Comm) {
	const n = 40
	if t.Rank != 0 {
		for i := t.Rank - 1; i < n; i += t.Size - 1 {
			t.OK(mpi.Send(c, []int{i}, 0, i))
		}
		return
	}
	bufs, reqs := make([][]int, n+2), make([]*mpi.Request, n+2)
	for i := range n {
		bufs[i] = make([]int, 1)
		reqs[i] = mpi.Irecv(c, bufs[i], mpi.AnySource, i)
	}
	reqs[n] = nil
	reqs[n+1] = mpi.Irecv(c, make([]int, 1), mpi.ProcNull, 0)
	seen := map[int]bool{}
	for range n + 1 {
		i, st, err := mpi.WaitAny(reqs...)
		t.OK(err)
		if i < 0 || seen[i] || i < n && (bufs[i][0] != i || st.Tag != i) {
			t.Fatalf("index %d (seen %v), status %+v", i, seen[i], st)
		}
		seen[i] = true
	}
	if i, _, err := mpi.WaitAny(reqs...); i != -1 || err != nil {
		t.Errorf("with none left: %d, %v", i, err)
	}
	if i, _, ok, err := mpi.TestAny(reqs...); i != -1 || !ok || err != nil {
		t.Errorf("TestAny with none left: %d, %v, %v", i, ok, err)
	}
	if i, _, err := mpi.WaitAny(); i != -1 || err != nil {
		t.Errorf("with no requests: %d, %v", i, err)
	}
}

func waitSomeAndTests(t *T, c *mpi.Comm) {
	const n = 12
	if t.Rank == 1 {
		_, err := mpi.Recv(c, make([]int, 1), 0, 0)
		t.OK(err)
		for i := range n {
			t.OK(mpi.Send(c, []int{i}, 0, i))
		}
		_, err = mpi.Recv(c, make([]int, 1), 0, 0)
		t.OK(err)
		for i := range 2 * n {
			t.OK(mpi.Send(c, []int{i}, 0, i%n))
		}
		return
	}
	if t.Rank != 0 {
		return
	}
	post := func() (reqs []*mpi.Request) {
		for i := range n {
			reqs = append(reqs, mpi.Irecv(c, make([]int, 1), 1, i))
		}
		return reqs
	}
	reqs := post()
	if ok, err := mpi.TestAll(reqs...); ok || err != nil {
		t.Errorf("TestAll of what cannot be complete: %v, %v", ok, err)
	}
	if list, err := mpi.TestSome(reqs...); list != nil || err != nil {
		t.Errorf("TestSome of what cannot be complete: %v, %v", list, err)
	}
	if i, _, ok, err := mpi.TestAny(reqs...); i != -1 || ok || err != nil {
		t.Errorf("TestAny of what cannot be complete: %d, %v, %v", i, ok, err)
	}
	t.OK(mpi.Send(c, []int{1}, 1, 0))
	seen := map[int]bool{}
	for len(seen) < n {
		list, err := mpi.WaitSome(reqs...)
		t.OK(err)
		if len(list) == 0 {
			t.Fatalf("WaitSome returns nothing, %d of %d seen", len(seen), n)
		}
		for _, i := range list {
			if seen[i] || reqs[i].Status().Tag != i {
				t.Errorf("index %d twice, or status %+v", i, reqs[i].Status())
			}
			seen[i] = true
		}
	}
	if list, err := mpi.WaitSome(reqs...); list != nil || err != nil {
		t.Errorf("WaitSome with none left: %v, %v", list, err)
	}
	reqs = post()
	t.OK(mpi.Send(c, []int{1}, 1, 0))
	count := 0
	for count < n {
		list, err := mpi.TestSome(reqs[:n/2]...)
		t.OK(err)
		count += len(list)
		if i, _, ok, err := mpi.TestAny(reqs[n/2:]...); ok && i >= 0 {
			t.OK(err)
			count++
		}
	}
	reqs = post()
	for ok := false; !ok; {
		var err error
		ok, err = mpi.TestAll(reqs...)
		t.OK(err)
	}
	t.OK(mpi.WaitAll(reqs...))
	t.OK(mpi.WaitAll())
	t.OK(mpi.WaitAll(nil, nil))
}

func completionErrors(t *T, c *mpi.Comm) {
	switch t.Rank {
	case 0:
		for i := range 4 {
			t.OK(mpi.Send(c, make([]byte, 100), 1, i))
			t.OK(mpi.Send(c, []byte{9}, 1, 10+i))
		}
	case 1:
		post := func(i int) (short, fine *mpi.Request, buf []byte) {
			buf = make([]byte, 1)
			return mpi.Irecv(c, make([]byte, 10), 0, i), mpi.Irecv(c, buf, 0, 10+i), buf
		}
		short, fine, buf := post(0)
		t.Is(mpi.WaitAll(short, fine), mpi.ErrTruncate)
		same(t, "the other", buf, []byte{9})
		short, fine, buf = post(1)
		for range 2 {
			i, _, err := mpi.WaitAny(short, fine)
			if i == 0 {
				t.Is(err, mpi.ErrTruncate)
			} else {
				t.OK(err)
				same(t, "the other", buf, []byte{9})
			}
		}
		short, fine, _ = post(2)
		_, err := fine.Wait()
		t.OK(err)
		_, err = mpi.WaitSome(short)
		t.Is(err, mpi.ErrTruncate)
		_, err = short.Wait()
		t.Is(err, mpi.ErrTruncate)
		short, fine, _ = post(3)
		for ok := false; !ok; {
			_, ok, err = short.Test()
		}
		t.Is(err, mpi.ErrTruncate)
		t.OK(mpi.WaitAll(fine))
	}
}

func manyRequests(t *T, c *mpi.Comm) {
	const n = 2000
	if t.Rank > 1 {
		return
	}
	other := 1 - t.Rank
	bufs, recvs, sends := make([][]int32, n), make([]*mpi.Request, n), make([]*mpi.Request, n)
	lengths := make([]int, n)
	for i := range lengths {
		lengths[i] = 1 + t.Rand.IntN(40)
	}
	lengths[n/2], lengths[n/3] = 30000, 3000
	shuffled := t.Rand.Perm(n)
	for _, i := range shuffled {
		bufs[i] = make([]int32, lengths[i])
		recvs[i] = mpi.Irecv(c, bufs[i], other, i)
	}
	for i := range n {
		send := slices.Repeat([]int32{int32(i + t.Rank)}, lengths[i])
		sends[i] = mpi.Isend(c, send, other, i)
	}
	t.OK(mpi.WaitAll(sends...))
	t.OK(mpi.WaitAll(recvs...))
	for i := range n {
		same(t, "message", bufs[i], slices.Repeat([]int32{int32(i + other)}, lengths[i]))
	}
}
