package embedded_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/ringo-mpi/ringo/internal/embedded/board"
	"github.com/ringo-mpi/ringo/internal/embedded/inproc"
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/memory"
)

// unreached has links whose peers' memory cannot be reached.
type unreached struct{ transport.Self }

func (u unreached) Link(peer int) transport.Link { return closed{u.Self.Link(peer)} }

type closed struct{ transport.Link }

func (closed) Traits() transport.Traits            { return transport.Traits{Fenced: true} }
func (closed) Claims() []uint64                    { return nil }
func (closed) Transfer(uint64) *transport.Transfer { return nil }
func (closed) Reach() transport.Reach              { return nil }

// shared is a pool of boards alone.
type shared struct {
	transport.Pool
	world []byte
}

func (s shared) WorldBoard() []byte                    { return s.world }
func (s shared) NewBoard(int) (uint64, []byte, error)  { return 0, nil, errors.New("none") }
func (s shared) FreeBoard(uint64)                      {}
func (s shared) OpenBoard(uint64, int) ([]byte, error) { return nil, errors.New("none") }

// Ranks may share memory without reaching each other's: collectives of all lengths
// go over the board.
func TestPoolWithoutReach(t *testing.T) {
	const ranks = 3
	world := memory.Zeroed(board.Size(ranks))
	ends := inproc.New(ranks)
	for r := range ends {
		end := &ends[r]
		end.Facts.InProcess = false
		end.Self, end.Pool = unreached{end.Self}, shared{end.Pool, world}
	}
	onEnds(t, ends, bcasts)
}

func bcasts(e engine.Engine) error {
	w := e.World()
	if err := w.Collective(engine.Coll{Kind: engine.Barrier}, nil); err != nil {
		return err
	}
	for _, n := range []int{1, 1000, 100_000, 1 << 20} {
		want := bytes.Repeat([]byte{byte(n), 7}, n)
		buf := make([]byte, len(want))
		if w.Rank() == 1 {
			copy(buf, want)
		}
		if err := w.Collective(engine.Coll{Kind: engine.Bcast, Root: 1, Recv: engine.OfBytes(buf)}, nil); err != nil {
			return err
		}
		if !bytes.Equal(buf, want) {
			return fmt.Errorf("rank %d: %d bytes are wrong", w.Rank(), len(want))
		}
	}
	return nil
}
