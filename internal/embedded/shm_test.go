//go:build linux

package embedded_test

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/ringo-mpi/ringo/internal/embedded"
	"github.com/ringo-mpi/ringo/internal/embedded/shm"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// programs are what a rank process of these tests can run; the name comes in
// the environment.
var programs = map[string]func(e engine.Engine) error{}

func TestMain(m *testing.M) {
	if name := os.Getenv("EMBEDDED_TEST_PROGRAM"); name != "" {
		end, err := shm.Join()
		if err == nil {
			e := embedded.New(forbidden(end))
			if err = programs[name](e); err == nil {
				err = e.Finalize()
			}
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// processes starts n copies of the test binary as ranks that run a program.
func processes(t testing.TB, n int, program string, env ...string) []byte {
	t.Helper()
	seg, err := shm.Create(n, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer seg.Close()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmds := make([]*exec.Cmd, n)
	var out []byte
	outs := make(chan []byte, n)
	for r := range cmds {
		c := exec.Command(exe)
		c.Env = append(os.Environ(), append(env, "EMBEDDED_TEST_PROGRAM="+program, "RINGO_RANK="+strconv.Itoa(r), "RINGO_SIZE="+strconv.Itoa(n), "RINGO_SHM_FD=3")...)
		c.ExtraFiles = []*os.File{seg.File()}
		cmds[r] = c
		go func() {
			o, err := c.CombinedOutput()
			if err != nil {
				seg.MarkDead(r, err.Error())
				o = append(o, fmt.Sprintf("rank %d: %v\n", r, err)...)
				t.Errorf("rank %d: %v: %s", r, err, o)
			}
			outs <- o
		}()
	}
	for range cmds {
		out = append(out, <-outs...)
	}
	return out
}

func init() {
	programs["pingpong"] = pingPongSizes
	programs["latency"] = func(e engine.Engine) error {
		w, me := e.World(), e.World().Rank()
		for _, n := range []int{1, 128, 512, 1024, 2048, 8192, 131072} {
			buf := floats(make([]float64, n))
			k, _ := strconv.Atoi(os.Getenv("ROUNDS"))
			k = k / (1 + n/64)
			var start float64
			for i := range k + k/10 {
				if i == k/10 {
					start = now()
				}
				if me == 0 {
					w.Send(buf, 1, 0, 0, nil)
				}
				w.Recv(buf, 1-me, 0, nil)
				if me == 1 {
					w.Send(buf, 0, 0, 0, nil)
				}
			}
			if me == 0 {
				fmt.Printf("%8d bytes %8.3f us\n", 8*n, (now()-start)/float64(k)/2*1e6)
			}
		}
		return nil
	}
}

func TestShmPingPongSizes(t *testing.T) {
	processes(t, 2, "pingpong")
	processes(t, 2, "pingpong", "RINGO_PULL=0")
}

func BenchmarkShmLatency(b *testing.B) {
	for range b.N {
		b.Logf("\n%s", processes(b, 2, "latency", "ROUNDS=200000"))
	}
}
