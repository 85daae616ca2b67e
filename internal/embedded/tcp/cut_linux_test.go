package tcp

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ringo-mpi/ringo/internal/embedded/ring"
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
)

// netspaces counts the namespaces that were made.
var netspaces atomic.Int32

// twoHosts makes a network namespace with a pair of devices to it, and returns the
// addresses of both sides and how to go there and cut the way. It ends with the test.
func twoHosts(t *testing.T) (here, there string, enter, cut, mend func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("LEFT OUT: cuts of the network: only root makes network namespaces")
	}
	pid, n := os.Getpid(), netspaces.Add(1)
	name := fmt.Sprintf("ringo%dt%d", pid, n)
	run := func(args ...string) error {
		out, err := exec.Command("ip", args...).CombinedOutput()
		if err != nil {
			err = fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
		}
		return err
	}
	if err := run("netns", "add", name); err != nil {
		t.Skipf("LEFT OUT: cuts of the network: %v", err)
	}
	t.Cleanup(func() { _ = run("netns", "del", name) })
	near, far := fmt.Sprintf("rg%dt%d", pid, n), fmt.Sprintf("rh%dt%d", pid, n)
	net := fmt.Sprintf("10.%d.%d.", 200+(pid>>8)%50, pid&255)
	here, there = net+fmt.Sprint(4*n+1), net+fmt.Sprint(4*n+2)
	for _, c := range []string{
		"link add " + near + " type veth peer name " + far + " netns " + name,
		"addr add " + here + "/30 dev " + near,
		"link set " + near + " up",
		"-n " + name + " addr add " + there + "/30 dev " + far,
		"-n " + name + " link set " + far + " up",
	} {
		if err := run(strings.Fields(c)...); err != nil {
			t.Skipf("LEFT OUT: cuts of the network: %v", err)
		}
	}
	enter = func() {
		f, err := os.Open("/run/netns/" + name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := unix.Setns(int(f.Fd()), unix.CLONE_NEWNET); err != nil {
			t.Fatal(err)
		}
	}
	set := func(state string) func() {
		return func() {
			if err := run("-n", name, "link", "set", far, state); err != nil {
				t.Fatal(err)
			}
		}
	}
	return here, there, enter, set("down"), set("up")
}

// worldOfTwoHosts is two ranks, of which the second listens on the other host. (The
// first calls it.)
func worldOfTwoHosts(t *testing.T, timeout time.Duration) (ends []*end, s *sender, r *receiver, cut, mend func()) {
	t.Helper()
	here, there, enter, cut, mend := twoHosts(t)
	ends = worldAt(t, 2, func(rank int) Config {
		c := Config{Listen: here + ":0", Timeout: timeout}
		if rank == 1 {
			c.Listen = there + ":0"
			// The thread is not used for anything else again: it ends with the goroutine.
			runtime.LockOSThread()
			enter()
		}
		return c
	}, func(addrs string) string { return addrs })
	s, r = ends[0].sender(1), &receiver{e: ends[1], from: 0}
	s.put(1, ring.Header{Tag: 1}, nil)
	if _, h, _ := r.next(t); h.Tag != 1 {
		t.Fatalf("tag %d", h.Tag)
	}
	return ends, s, r, cut, mend
}

// A peer whose network is cut for good is lost when the time is up, whether it is sent
// something or not.
func TestCutForGood(t *testing.T) {
	for _, sends := range []bool{false, true} {
		t.Run(fmt.Sprintf("sends=%v", sends), func(t *testing.T) {
			const timeout = 2 * time.Second
			ends, s, _, cut, mend := worldOfTwoHosts(t, timeout)
			defer mend()
			cut()
			begin := time.Now()
			if sends {
				s.put(1, ring.Header{Tag: 2}, pattern(3000, 1))
			}
			for ends[0].State(1) != transport.Dead {
				ends[0].Poll()
				if time.Since(begin) > time.Minute {
					t.Fatal("nothing is noticed within a minute")
				}
				time.Sleep(time.Millisecond)
			}
			t.Logf("noticed after %v: %s", time.Since(begin).Round(time.Millisecond), ends[0].Cause(1))
			if took := time.Since(begin); took < timeout/2 {
				t.Errorf("it counts as lost after %v, the time is %v", took, timeout)
			}
		})
	}
}

// A network that is cut for a second is waited for.
func TestCutForASecond(t *testing.T) {
	ends, s, r, cut, mend := worldOfTwoHosts(t, 0)
	cut()
	s.put(1, ring.Header{Tag: 2}, pattern(3000, 1))
	time.Sleep(time.Second)
	mend()
	if _, h, data := r.next(t); h.Tag != 2 || len(data) != 3000 {
		t.Errorf("tag %d, %d bytes", h.Tag, len(data))
	}
	if state := ends[0].State(1); state > transport.Finalizing {
		t.Errorf("rank 1 is %v", state)
	}
}
