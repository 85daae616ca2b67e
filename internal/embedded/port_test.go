package embedded

import (
	"testing"

	"github.com/ringo-mpi/ringo/internal/embedded/inproc"
)

// A board has other ways where ranks outnumber cores.
func TestBoardKnowsOfACrowd(t *testing.T) {
	for _, crowded := range []bool{false, true} {
		end := inproc.New(2)[0]
		end.Facts.InProcess, end.Facts.Crowded = false, crowded
		if f := newBoardHost(newRank(end).world).Facts(); f.Crowded != crowded {
			t.Errorf("crowded %v: a board hears of %v", crowded, f.Crowded)
		}
	}
}
