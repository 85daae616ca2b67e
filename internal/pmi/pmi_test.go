package pmi

import (
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
)

// job runs a server for n ranks over in-memory streams and one function for
// each rank, and returns the events the handler saw, in order.
func job(t *testing.T, s *Server, n int, rank func(r int, conn net.Conn)) []string {
	t.Helper()
	var mu sync.Mutex
	var events []string
	note := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		events = append(events, fmt.Sprintf(format, args...))
	}
	s.Size = n
	if s.Name == "" {
		s.Name = "kvs_test"
	}
	s.Handler = Handler{
		Init:     func(r int) { note("init %d", r) },
		Join:     func(r int, _ Message) { note("join %d", r) },
		Finalize: func(r int) { note("finalize %d", r) },
		Abort:    func(r, code int, msg string) { note("abort %d %d %q", r, code, msg) },
		Barrier:  func(r int) { note("barrier %d", r) },
		Closed:   func(r int, active bool, err error) { note("closed %d active=%v %v", r, active, err) },
	}
	var wg sync.WaitGroup
	for r := range n {
		ours, theirs := net.Pipe()
		wg.Go(func() { s.Serve(r, ours); ours.Close() })
		wg.Go(func() { rank(r, theirs); theirs.Close() })
	}
	wg.Wait()
	return events
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
}

func TestExchange(t *testing.T) {
	const n = 5
	s := &Server{Universe: 12, AppNum: func(r int) int { return r / 3 }}
	s.Put("PMI_process_mapping", ProcessMapping(make([]int, n)))
	events := job(t, s, n, func(r int, conn net.Conn) {
		c := NewClient(conn)
		must(t, c.Init())
		if c.KVSName() != "kvs_test" {
			t.Errorf("table %q", c.KVSName())
		}
		if name, key, value, err := c.Maxes(); name != KVSNameMax || key != KeyMax || value != ValueMax || err != nil {
			t.Errorf("maxes %d %d %d %v", name, key, value, err)
		}
		if u, err := c.UniverseSize(); u != 12 || err != nil {
			t.Errorf("universe %d %v", u, err)
		}
		if a, err := c.AppNum(); a != r/3 || err != nil {
			t.Errorf("rank %d: appnum %d %v", r, a, err)
		}
		if v, err := c.Get("PMI_process_mapping"); v != "(vector,(0,1,5))" || err != nil {
			t.Errorf("mapping %q %v", v, err)
		}
		for round := range 3 {
			must(t, c.Put(fmt.Sprintf("card-%d-%d", round, r), fmt.Sprintf("a=b;c=%d", r*r)))
			must(t, c.Barrier())
			for other := range n {
				v, err := c.Get(fmt.Sprintf("card-%d-%d", round, other))
				if want := fmt.Sprintf("a=b;c=%d", other*other); v != want || err != nil {
					t.Errorf("rank %d: %q %v, want %q", r, v, err, want)
				}
			}
		}
		if _, err := c.Get("no-such"); !errors.Is(err, ErrNotFound) {
			t.Errorf("missing key: %v", err)
		}
		must(t, c.Finalize())
	})
	got := strings.Join(events, "\n")
	for r := range n {
		for _, want := range []string{fmt.Sprintf("init %d", r), fmt.Sprintf("finalize %d", r), fmt.Sprintf("closed %d active=false <nil>", r)} {
			if strings.Count(got, want) != 1 {
				t.Errorf("not exactly one %q in\n%s", want, got)
			}
		}
		if strings.Count(got, fmt.Sprintf("barrier %d", r)) != 3 {
			t.Errorf("rank %d: not three barriers", r)
		}
	}
}

func TestNames(t *testing.T) {
	job(t, &Server{}, 1, func(_ int, conn net.Conn) {
		c := NewClient(conn)
		must(t, c.Init())
		if _, err := c.LookupName("ocean"); !errors.Is(err, ErrNotFound) {
			t.Errorf("lookup: %v", err)
		}
		must(t, c.PublishName("ocean", "tag#0$port#1234$"))
		if err := c.PublishName("ocean", "x"); err == nil || !strings.Contains(err.Error(), "key_already_present") {
			t.Errorf("second publish: %v", err)
		}
		if p, err := c.LookupName("ocean"); p != "tag#0$port#1234$" || err != nil {
			t.Errorf("lookup: %q %v", p, err)
		}
		if err := c.PublishName("sea", strings.Repeat("x", ValueMax+1)); err == nil {
			t.Error("a port that C clients cannot read was published")
		}
		must(t, c.UnpublishName("ocean"))
		if err := c.UnpublishName("ocean"); err == nil {
			t.Error("second unpublish succeeded")
		}
	})
}

func TestEnds(t *testing.T) {
	events := job(t, &Server{}, 1, func(_ int, conn net.Conn) { must(t, NewClient(conn).Init()) })
	if got := strings.Join(events, ", "); got != "init 0, closed 0 active=true <nil>" {
		t.Errorf("a rank that dies: %s", got)
	}
	events = job(t, &Server{}, 1, func(_ int, conn net.Conn) {})
	if got := strings.Join(events, ", "); got != "closed 0 active=false <nil>" {
		t.Errorf("a rank that never calls Init: %s", got)
	}
	events = job(t, &Server{}, 1, func(_ int, conn net.Conn) {
		c := NewClient(conn)
		for range 2 { // a script that runs two MPI programs one after the other
			must(t, c.Init(), c.Finalize())
		}
	})
	if got := strings.Join(events, ", "); got != "init 0, finalize 0, init 0, finalize 0, closed 0 active=false <nil>" {
		t.Errorf("two programs: %s", got)
	}
}

func TestAbort(t *testing.T) {
	for _, msg := range []string{"", "no disk: 100% full\nat /a b", "ünïcode", strings.Repeat("x y", 10000)} {
		events := job(t, &Server{}, 1, func(_ int, conn net.Conn) {
			c := NewClient(conn)
			must(t, c.Init(), c.Abort(-3, msg))
		})
		want := fmt.Sprintf("init 0, abort 0 -3 %q, closed 0 active=true <nil>", msg[:min(len(msg), MaxLine/8)])
		if got := strings.Join(events, ", "); got != want {
			t.Errorf("got  %.200s\nwant %.200s", got, want)
		}
	}
}

// TestAbortDuringBarrier: Abort must get through while another goroutine waits.
func TestAbortDuringBarrier(t *testing.T) {
	entered := make(chan struct{})
	s := &Server{}
	events := job(t, s, 2, func(r int, conn net.Conn) {
		c := NewClient(conn)
		must(t, c.Init())
		if r == 1 {
			<-entered
			return
		}
		failed := make(chan error)
		go func() { failed <- c.Barrier() }()
		for s.Waiting() == 0 {
			continue
		}
		must(t, c.Abort(4, ""))
		conn.Close()
		if err := <-failed; err == nil {
			t.Error("the barrier of one rank ended well")
		}
		close(entered)
	})
	if !strings.Contains(strings.Join(events, ","), `abort 0 4 ""`) {
		t.Errorf("%v", events)
	}
	if s.Waiting() != 0 {
		t.Error("a rank that is gone waits in the barrier")
	}
}

// TestTranscript sends the lines that C clients send and checks every byte of
// the answers.
func TestTranscript(t *testing.T) {
	for _, tt := range []struct{ send, want string }{
		{"cmd=init pmi_version=1 pmi_subversion=1", "cmd=response_to_init pmi_version=1 pmi_subversion=1 rc=0"},
		{"cmd=init pmi_version=2 pmi_subversion=0", "cmd=response_to_init pmi_version=1 pmi_subversion=1 rc=-1"},
		{"  pmi_subversion=1   pmi_version=1 cmd=init \r", "cmd=response_to_init pmi_version=1 pmi_subversion=1 rc=0"},
		{"cmd=get_maxes", "cmd=maxes kvsname_max=256 keylen_max=64 vallen_max=1024"},
		{"cmd=get_appnum", "cmd=appnum appnum=0"},
		{"cmd=get_my_kvsname", "cmd=my_kvsname kvsname=kvs_test"},
		{"cmd=get_universe_size", "cmd=universe_size size=-1"},
		{"cmd=put kvsname=kvs_test key=k value=v=1==", "cmd=put_result rc=0 msg=success"},
		{"cmd=put kvsname=other key=k value=v", "cmd=put_result rc=-1 msg=kvs_other_not_found"},
		{"cmd=put kvsname=kvs_test value=v", "cmd=put_result rc=-1 msg=no_key_given"},
		{"cmd=put kvsname=kvs_test key= value=", "cmd=put_result rc=0 msg=success"},
		{"cmd=put kvsname=kvs_test key=" + strings.Repeat("k", KeyMax+1) + " value=v", "cmd=put_result rc=-1 msg=key_too_long"},
		{"cmd=put kvsname=kvs_test key=k value=" + strings.Repeat("v", ValueMax+1), "cmd=put_result rc=-1 msg=value_too_long"},
		{"cmd=put kvsname=" + strings.Repeat("z", 4000) + " key=k value=v", "cmd=put_result rc=-1 msg=kvs_" + strings.Repeat("z", 256) + "_not_found"},
		{"cmd=get kvsname=kvs_test key=k", "cmd=get_result rc=0 msg=success value=v=1=="},
		{"cmd=get kvsname=kvs_test key=absent", "cmd=get_result rc=-1 msg=key_absent_not_found value=unknown"},
		{"\ncmd=barrier_in", "cmd=barrier_out"},
		{"cmd=future_thing a=b", "cmd=future_thing_result rc=-1 msg=unknown_command"},
		{"mcmd=spawn\nnprocs=1\nexecname=x\ntotspawns=2\nspawnssofar=1\narg1=a b\nargcnt=1\npreput_num=0\ninfo_num=0\nendcmd\n" +
			"mcmd=spawn\nnprocs=1\nexecname=y\ntotspawns=2\nspawnssofar=2\nargcnt=0\nendcmd", "cmd=spawn_result rc=-1 msg=spawn_is_not_supported"},
		{"cmd=finalize", "cmd=finalize_ack"},
	} {
		// Rank 1 is absent, so a barrier of one rank needs a job of one.
		job(t, &Server{}, 1, func(_ int, conn net.Conn) {
			c := newLineReader(conn)
			if strings.Contains(tt.send, "cmd=get kvsname") {
				fmt.Fprint(conn, "cmd=put kvsname=kvs_test key=k value=v=1==\n")
				c.next()
			}
			go fmt.Fprint(conn, tt.send+"\n")
			if got, err := c.next(); got != tt.want || err != nil {
				t.Errorf("%.100q\n got %.300q, %v\nwant %.300q", tt.send, got, err, tt.want)
			}
		})
	}
}

func TestBrokenStreams(t *testing.T) {
	for _, tt := range []struct{ send, want string }{
		{"no command here\n", `closed 0 active=false pmi: "no command here" is not a command: it has no cmd=NAME`},
		{strings.Repeat("x", MaxLine+1), "closed 0 active=false pmi: line too long"},
		{"cmd=init", "closed 0 active=false unexpected EOF"},
		{"mcmd=spawn\nnprocs=1\n", "closed 0 active=false <nil>"},
		{"cmd=abort exitcode=many\n", `abort 0 1 "", closed 0 active=false <nil>`},
		{"cmd=join\n", "join 0, closed 0 active=false <nil>"},
		{"cmd=abort\n", `abort 0 1 "", closed 0 active=false <nil>`},
	} {
		events := job(t, &Server{}, 1, func(_ int, conn net.Conn) {
			go io.Copy(io.Discard, conn)
			io.WriteString(conn, tt.send)
		})
		if got := strings.Join(events, ", "); got != tt.want {
			t.Errorf("%.40q\n got %s\nwant %s", tt.send, got, tt.want)
		}
	}
}

// TestClientErrors: what a client says to bad process managers.
func TestClientErrors(t *testing.T) {
	for _, tt := range []struct{ reply, want string }{
		{"cmd=response_to_init rc=0 pmi_version=2 pmi_subversion=0\ncmd=my_kvsname kvsname=k\n", "speaks version 2"},
		{"cmd=response_to_init rc=-1 pmi_version=1\n", "init failed"},
		{"cmd=maxes\n", "answered with maxes"},
		{"hello\n", "not a command"},
		{"cmd=resp", "unexpected EOF"},
		{"", "no reply"},
	} {
		ours, theirs := net.Pipe()
		go func() {
			lines := newLineReader(ours)
			lines.next()
			io.WriteString(ours, tt.reply)
			ours.Close()
		}()
		if err := NewClient(theirs).Init(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: %v, want %q", tt.reply, err, tt.want)
		}
		theirs.Close()
	}
}

func TestProcessMapping(t *testing.T) {
	var many []int
	for i := range 2000 {
		many = append(many, slices.Repeat([]int{i}, i%2+1)...)
	}
	for _, tt := range []struct {
		nodes []int
		want  string
	}{
		{[]int{0, 0, 0, 0}, "(vector,(0,1,4))"}, {[]int{0, 0, 1, 1}, "(vector,(0,2,2))"},
		{[]int{0, 0, 1, 1, 2, 3, 3, 3, 4, 4, 4}, "(vector,(0,2,2),(2,1,1),(3,2,3))"},
		{[]int{0, 1, 0, 1, 0, 1}, "(vector,(0,2,1))"}, {[]int{1, 0, 0}, "(vector,(1,1,1),(0,1,2))"},
		{[]int{0, 0, 1, 0, 0, 1}, "(vector,(0,1,2),(1,1,1))"}, {many, ""},
	} {
		if got := ProcessMapping(tt.nodes); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.nodes, got, tt.want)
		}
	}
}

func TestEscape(t *testing.T) {
	for _, s := range []string{"", "plain", "a b\n%41", "100%", "%", "%4", "é\x00\xff"} {
		e := Escape(s)
		if strings.ContainsAny(e, " \n\r\t") || Unescape(e) != s {
			t.Errorf("%q became %q and %q", s, e, Unescape(e))
		}
	}
	if got := Unescape("50%_full_%zz"); got != "50%_full_%zz" {
		t.Errorf("%q", got)
	}
	line := string(NewMessage("put", "key", "a b", "value", "x\ny").Append(nil))
	if line != "cmd=put key=a_b value=x_y\n" {
		t.Errorf("%q", line)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"cmd=init pmi_version=1", "cmd=put kvsname=k key=a value==", "mcmd=spawn", "cmd=", "=x", "cmd=a cmd=b", "\x00 cmd=x \xff=\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		m, err := Parse(line)
		if err != nil {
			return
		}
		again, err := Parse(string(m.Append(nil)))
		if err != nil {
			t.Fatalf("%q: %v does not read back: %v", line, m, err)
		}
		if again.Name != strings.ReplaceAll(m.Name, "\x00", "_") || len(again.keys) != len(m.keys) {
			t.Fatalf("%q: %v became %v", line, m, again)
		}
	})
}

// FuzzServe feeds a server any bytes: it must answer or end the stream, never
// panic, and report the end once.
func FuzzServe(f *testing.F) {
	f.Add("cmd=init pmi_version=1 pmi_subversion=1\ncmd=get_maxes\ncmd=barrier_in\ncmd=finalize\n")
	f.Add("mcmd=spawn\ntotspawns=1\nspawnssofar=1\nendcmd\ncmd=abort exitcode=9 message=a%20b\n")
	f.Add("cmd=put kvsname=k key=a value=b\ncmd=get kvsname=k key=a\ncmd=publish_name service=a port=b\ncmd=lookup_name service=a\ncmd=unpublish_name service=a\n")
	f.Fuzz(func(t *testing.T, input string) {
		closed := 0
		s := &Server{Size: 1, Name: "k", Handler: Handler{Closed: func(int, bool, error) { closed++ }}}
		var out strings.Builder
		s.Serve(0, struct {
			io.Reader
			io.Writer
		}{strings.NewReader(input), &out})
		if closed != 1 {
			t.Fatalf("closed %d times", closed)
		}
		for line := range strings.Lines(out.String()) {
			if !strings.HasSuffix(line, "\n") || !strings.HasPrefix(line, "cmd=") {
				t.Fatalf("reply %q", line)
			}
			if len(line) > 2*ValueMax {
				t.Fatalf("a reply of %d bytes", len(line))
			}
		}
	})
}
