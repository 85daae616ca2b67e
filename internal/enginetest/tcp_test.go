//go:build unix

package enginetest

import (
	"crypto/rand"
	"fmt"
	"sync"
	"testing"

	"github.com/ringo-mpi/ringo/internal/embedded/inproc"
	"github.com/ringo-mpi/ringo/internal/embedded/tcp"
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
)

// addresses are where the ranks of a job wait for connections.
type addresses struct {
	mu sync.Mutex
	of map[int]string
}

func (a *addresses) find(rank int) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.of[rank]
}

func (a *addresses) publish(rank int, addr string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.of[rank] = addr
}

// tcpEnds are the ends of n goroutine ranks of which rank r is on host of[r], with
// connections between hosts. All are on hosts of their own if of is nil.
func tcpEnds(n int, of []int) ([]transport.End, error) {
	key := make([]byte, 32)
	rand.Read(key)
	a := &addresses{of: map[int]string{}}
	ends := inproc.New(n)
	for r := range ends {
		cfg := tcp.Config{
			Key: key, Listen: "127.0.0.1:0", Find: a.find,
			Publish: func(addr string) { a.publish(r, addr) },
		}
		if of != nil {
			cfg.Near = func(rank int) bool { return of[rank] == of[r] }
			cfg.Host = func(rank int) transport.Host {
				return transport.Host{Name: fmt.Sprintf("host%d", of[rank]), Number: of[rank]}
			}
		}
		end, err := tcp.Over(ends[r], cfg)
		if err != nil {
			return nil, err
		}
		ends[r] = end
	}
	return ends, nil
}

// overTCP is the harness of goroutine ranks with connections between them.
func overTCP(name string, ranks []int, of []int) Harness {
	return onEnds("tcp "+name, ranks, func(n int) []transport.End {
		ends, err := tcpEnds(n, of)
		if err != nil {
			panic(err)
		}
		return ends
	})
}

func TestTCP(t *testing.T) {
	t.Run("each", func(t *testing.T) { Run(t, overTCP("each", []int{2, 3, 4}, nil)) })
}

// Some ranks share a host, and have connections to the others.
func TestTCPBesides(t *testing.T) {
	t.Run("2+2", func(t *testing.T) { Run(t, overTCP("2+2", []int{4}, []int{0, 1, 0, 1})) })
	t.Run("3+1", func(t *testing.T) { Run(t, overTCP("3+1", []int{4}, []int{0, 0, 0, 1})) })
}

// Processes of one host have connections, as those of several hosts have.
func TestTCPProcesses(t *testing.T) {
	t.Setenv("RINGO_TRANSPORT", "tcp")
	h := withoutBoards(Shm())
	h.Name = "tcp processes"
	h.Ranks = []int{2, 3, 4}
	Run(t, h)
}
