package embedded

import (
	"errors"
	"fmt"
	"testing"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/transport/hosttest"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// A message that Mprobe has taken is the receiver's, and its sender does not get
// it back; but on a communicator that has been revoked it does, and then the
// receiver no longer has it. One of the two has it, never both.
func TestRecallOfProbedMessage(t *testing.T) {
	for i, n := range []int{8, 20_000, 200_000, 8, 20_000, 200_000} {
		for _, revoked := range []bool{false, true} {
			ends := hosttest.New([]int{0, i / 3}) // without and with a common table
			from, to := newRank(ends[0]), newRank(ends[1])
			introduce([]*endpoint{from, to})
			what := fmt.Sprintf("hosts 0 and %d, %d bytes, revoked %v", i/3, n, revoked)
			src, dst := make([]byte, n), make([]byte, n)
			fill(src, 1)
			buf := func(b []byte) engine.Buf {
				return engine.Buf{Ptr: unsafe.Pointer(&b[0]), Count: len(b), Type: rawType}
			}
			req, err := from.World().Isend(buf(src), 1, 3, engine.Synchronous)
			if err != nil {
				t.Fatal(err)
			}
			m, _, found, err := to.World().Mprobe(0, 3, false, nil)
			if !found || err != nil {
				t.Fatalf("%s: no message: %v", what, err)
			}
			if revoked {
				to.World().Revoke("enough")
				lookOnce(from) // its communicator is revoked too, and it asks for the message
			} else if err := req.Cancel(); err != nil {
				t.Fatal(err)
			}
			look := func() { // a long message leaves in parts, and is asked for after the last
				for range 100 {
					lookOnce(from)
					lookOnce(to)
				}
			}
			look()
			if _, ended, err := outcome(req); ended != revoked || revoked && !errors.Is(err, engine.ErrRevoked) {
				t.Errorf("%s: the send has ended: %v, %v", what, ended, err)
			}
			rr, err := m.Irecv(buf(dst))
			if revoked {
				if !errors.Is(err, engine.ErrRevoked) {
					t.Errorf("%s: the receive of a message that is gone: %v", what, err)
				}
				continue
			}
			look()
			_, sent, serr := outcome(req)
			_, received, rerr := outcome(rr)
			if !sent || !received || serr != nil || rerr != nil || string(dst) != string(src) {
				t.Errorf("%s: sent %v %v, received %v %v", what, sent, serr, received, rerr)
			}
		}
	}
}
