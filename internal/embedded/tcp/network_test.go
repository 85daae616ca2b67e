//go:build unix

package tcp

import (
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/ringo-mpi/ringo/internal/embedded/inproc"
	"github.com/ringo-mpi/ringo/internal/embedded/ring"
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
)

// worldAt is world with ranks that listen at the addresses of list, and whose
// addresses are told as disguise says.
func worldAt(t *testing.T, n int, list func(rank int) Config, disguise func(addrs string) string) []*end {
	t.Helper()
	var mu sync.Mutex
	addrs := map[int]string{}
	bases := inproc.New(n)
	ends := make([]*end, n)
	for r := range ends {
		c := list(r)
		c.Key = testKey
		c.Publish = func(addr string) { mu.Lock(); addrs[r] = addr; mu.Unlock() }
		c.Find = func(rank int) string { mu.Lock(); defer mu.Unlock(); return disguise(addrs[rank]) }
		over, err := Over(bases[r], c)
		if err != nil {
			t.Fatal(err)
		}
		ends[r] = over.Self.(*end)
	}
	t.Cleanup(func() { leaveAll(t, ends) })
	return ends
}

func leaveAll(t *testing.T, ends []*end) {
	var all sync.WaitGroup
	for _, e := range ends {
		all.Go(func() {
			e.Advance(transport.Finalizing)
			e.Advance(transport.Finalized)
			if err := e.Leave(); err != nil {
				t.Errorf("rank %d: %v", e.rank, err)
			}
		})
	}
	all.Wait()
}

// exchange sends a frame each way.
func exchange(t *testing.T, ends []*end) {
	t.Helper()
	for from := range 2 {
		ends[from].sender(1-from).put(1, ring.Header{Tag: int32(from)}, pattern(100, from))
		if _, h, data := (&receiver{e: ends[1-from], from: from}).next(t); h.Tag != int32(from) || len(data) != 100 {
			t.Errorf("from rank %d: tag %d, %d bytes", from, h.Tag, len(data))
		}
	}
}

// Of several addresses the first counts at which the rank proves itself: not one
// where nobody listens, nor one of somebody who says nothing, or something else.
func TestSeveralAddresses(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	go func() {
		for {
			c, err := other.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write(pattern(1000, 1))
			defer c.Close()
		}
	}()
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody.Close()
	wrong := strings.Join([]string{silent.Addr().String(), nobody.Addr().String(), "no address", other.Addr().String()}, ",")
	ends := worldAt(t, 2,
		func(int) Config { return Config{Listen: "127.0.0.1:0"} },
		func(addrs string) string {
			if addrs == "" {
				return ""
			}
			return wrong + "," + addrs
		})
	exchange(t, ends)
	ends[0].mu.Lock()
	defer ends[0].mu.Unlock()
	if n := len(ends[0].joined); n != 1 {
		t.Errorf("%d connections", n)
	}
}

// A rank listens at several addresses, of both families.
func TestListensAtSeveralAddresses(t *testing.T) {
	list, count := "127.0.0.1:0,127.0.0.1:0", 2
	if l, err := net.Listen("tcp", "[::1]:0"); err == nil {
		l.Close()
		list, count = list+",[::1]:0", 3
	}
	for which := range count {
		ends := worldAt(t, 2,
			func(int) Config { return Config{Listen: list} },
			func(addrs string) string {
				all := strings.Split(addrs, ",")
				if addrs == "" {
					return ""
				}
				if len(all) != count {
					t.Errorf("%d addresses of %d: %s", len(all), count, addrs)
				}
				return all[which]
			})
		exchange(t, ends)
	}
}

// A port 0 is one of the range, and one that is free.
func TestPorts(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	first := uint16(taken.Addr().(*net.TCPAddr).Port)
	if first > 65000 {
		first -= 500
	}
	ports := Ports{first, first + 400}
	for range 5 {
		fds, addr, err := listenAll("127.0.0.1:0", ports)
		if err != nil {
			t.Fatal(err)
		}
		defer closeFD(fds[0])
		_, p, _ := net.SplitHostPort(addr)
		if n, _ := strconv.Atoi(p); n < int(ports.First) || n > int(ports.Last) {
			t.Errorf("port %d is not from %d to %d", n, ports.First, ports.Last)
		}
	}
	only := uint16(taken.Addr().(*net.TCPAddr).Port)
	if _, _, err := listenAll("127.0.0.1:0", Ports{only, only}); err == nil || !strings.Contains(err.Error(), "no port from") {
		t.Errorf("a port that is taken: %v", err)
	}
}

// A rank that has failed takes up no connection any more: its end would never be seen.
func TestFailedRankTakesNoCalls(t *testing.T) {
	ends := world(t, 2)
	ends[1].Fail("an error")
	ends[0].mu.Lock()
	p := ends[0].peer(1)
	p.state = calling
	ends[0].mu.Unlock()
	if verdict, err := ends[0].callAt(p, ends[0].cfg.Find(1)); err != nil || verdict != verdictNo {
		t.Errorf("verdict %d, error %v", verdict, err)
	}
	ends[0].mu.Lock()
	p.state = apart
	ends[0].mu.Unlock()
}
