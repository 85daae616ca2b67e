package pmix_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/ringo-mpi/ringo/internal/pmix"
	"github.com/ringo-mpi/ringo/internal/pmix/pmixtest"
)

// lookup reads an environment that is a list.
func lookup(env []string) func(string) string {
	return func(name string) string {
		for _, kv := range env {
			if v, ok := strings.CutPrefix(kv, name+"="); ok {
				return v
			}
		}
		return ""
	}
}

func server(t *testing.T, size int) *pmixtest.Server {
	t.Helper()
	s, err := pmixtest.New(size)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func connect(t *testing.T, s *pmixtest.Server, rank int) (*pmix.Client, net.Conn) {
	t.Helper()
	at, err := pmix.FromEnvironment(lookup(s.Env(rank)))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", at.Address.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	c, err := pmix.Connect(conn, at, os.Geteuid(), os.Getegid())
	if err != nil {
		t.Fatal(err)
	}
	return c, conn
}

// Ranks see after a fence what the others have put, in two rounds.
func TestExchange(t *testing.T) {
	const size = 3
	s := server(t, size)
	finalized := make(chan bool, size)
	s.Closed = func(_ int, f bool) { finalized <- f }
	s.Start()
	var all sync.WaitGroup
	for rank := range size {
		c, conn := connect(t, s, rank)
		all.Go(func() {
			defer conn.Close()
			if n, err := c.Size(); n != size || err != nil {
				t.Errorf("size %d, %v", n, err)
			}
			for round := range 2 {
				key := fmt.Sprint("key", round)
				c.Put(key, fmt.Sprintf("value=%d/%d %s", rank, round, strings.Repeat("x", 600)))
				if err := c.Fence(); err != nil {
					t.Error(err)
					return
				}
				for r := range size {
					v, err := c.Get(r, key)
					if want := fmt.Sprintf("value=%d/%d ", r, round); err != nil || !strings.HasPrefix(v, want) {
						t.Errorf("%.20q, %v; want %s", v, err, want)
					}
				}
				if _, err := c.Get(0, "nothing"); !errors.Is(err, pmix.ErrNotFound) {
					t.Errorf("a key that is not there: %v", err)
				}
			}
			if err := c.Finalize(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for range size {
		if !<-finalized {
			t.Error("a rank was not seen to finalize")
		}
	}
}

func TestAbort(t *testing.T) {
	s := server(t, 2)
	told := make(chan string, 1)
	s.Aborted = func(rank, code int, message string) { told <- fmt.Sprint(rank, code, message) }
	s.Start()
	c, _ := connect(t, s, 1)
	if err := c.Abort(7, "enough"); err != nil {
		t.Fatal(err)
	}
	if got := <-told; got != fmt.Sprint(1, 7, "enough") {
		t.Errorf("the server was told %q", got)
	}
}

// A server that is gone is an error, and one that refuses.
func TestServerGone(t *testing.T) {
	s := server(t, 2)
	s.Start()
	c, conn := connect(t, s, 0)
	conn.Close()
	if err := c.Fence(); err == nil || !strings.Contains(err.Error(), "server is gone") {
		t.Errorf("a fence without a server: %v", err)
	}
	at, _ := pmix.FromEnvironment(lookup(s.Env(5)))
	conn, err := net.Dial("tcp", at.Address.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := pmix.Connect(conn, at, os.Geteuid(), os.Getegid()); err == nil || !strings.Contains(err.Error(), "refuses") {
		t.Errorf("a rank that the job has not: %v", err)
	}
}

func TestFromEnvironment(t *testing.T) {
	good := func(change ...string) []string {
		return append(change, "PMIX_NAMESPACE=n@1", "PMIX_RANK=3", "PMIX_SECURITY_MODE=munge,native", "PMIX_SERVER_URI2=s.1;tcp4://10.0.0.1:44")
	}
	s, err := pmix.FromEnvironment(lookup(good()))
	if err != nil || s.Namespace != "n@1" || s.Rank != 3 || s.Address.String() != "10.0.0.1:44" {
		t.Errorf("%+v, %v", s, err)
	}
	s, err = pmix.FromEnvironment(lookup(good("PMIX_SERVER_URI41=s.1;tcp6://[::1]:44;old=1")))
	if err != nil || s.Address.String() != "[::1]:44" {
		t.Errorf("%+v, %v", s, err)
	}
	for _, c := range []struct{ variable, text string }{
		{"PMIX_NAMESPACE=", "not set"},
		{"PMIX_RANK=x", "no rank"},
		{"PMIX_RANK=-1", "no rank"},
		{"PMIX_SECURITY_MODE=munge", "munge"},
		{"PMIX_SERVER_URI2=", "no address"},
		{"PMIX_SERVER_URI2=tcp4://10.0.0.1:44", "no address"},
		{"PMIX_SERVER_URI2=s;usock:/tmp/x", "neither"},
		{"PMIX_SERVER_URI2=s;tcp4://host:44", "no address with a port"},
	} {
		if _, err := pmix.FromEnvironment(lookup(good(c.variable))); err == nil || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v", c.variable, err)
		}
	}
}
