package bench

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/ringo-mpi/ringo/mpi"
	"github.com/ringo-mpi/ringo/mpi/mpitest"
)

func TestHelloWorldInRankOrder(t *testing.T) {
	for _, n := range []int{1, 3, 11} {
		var b bytes.Buffer
		out := &lines{w: &b}
		mpitest.Run(t, n, func(t *testing.T, world *mpi.Comm) {
			if err := sayHello(world, out); err != nil {
				t.Error(err)
			}
			if world.Rank() != 0 {
				return
			}
			var want strings.Builder
			for i := range n {
				format := "Hello, World! I am process %d of %d on %s.\n"
				if n > 10 {
					format = strings.Replace(format, "%d", "%2d", 1)
				}
				fmt.Fprintf(&want, format, i, n, world.Host())
			}
			if b.String() != want.String() {
				t.Errorf("%s\nwant\n%s", b.String(), want.String())
			}
		})
	}
}

func TestRing(t *testing.T) {
	for _, n := range []int{1, 2, 3} {
		for _, o := range []ringOptions{{size: 0, loop: 1}, {size: 1, loop: 10, skip: 3}, {size: 100000, loop: 2}} {
			mpitest.Run(t, n, func(t *testing.T, world *mpi.Comm) {
				elapsed, err := o.ring(world)
				if err != nil || elapsed < 0 || elapsed > 60 {
					t.Errorf("%+v: %g s, %v", o, elapsed, err)
				}
			})
		}
	}
}

func TestRingOptions(t *testing.T) {
	for want, o := range map[string]ringOptions{
		"--size -1 is negative": {size: -1, loop: 1},
		"--skip -1 is negative": {skip: -1, loop: 1},
		"--loop 0 is below 1":   {},
		"need too much of the":  {size: math.MaxInt, loop: 1},
	} {
		if err := o.check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	if err := (&ringOptions{loop: 1}).check(); err != nil {
		t.Error(err)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestFullDisc(t *testing.T) {
	err := mpi.Run(1, func(world *mpi.Comm) error { return sayHello(world, &lines{w: full{}}) })
	if err == nil || !strings.Contains(err.Error(), "cannot write the output: no space left on device") {
		t.Errorf("error %v", err)
	}
}
