package pmi

import (
	"io"
	"net"
	"strings"
	"testing"
)

// singleton answers a server as a process that has started one itself: it sends
// what is given after the server's first line, and returns all it was sent.
func singleton(t *testing.T, send string) (got string, err error) {
	t.Helper()
	ours, theirs := net.Pipe()
	ended := make(chan error, 1)
	go func() {
		defer ours.Close()
		s := &Server{Size: 1, Name: "kvs_9"}
		stream, err := s.Greet(ours)
		ended <- err
		if err == nil {
			s.Serve(0, stream)
		}
	}()
	lines := newLineReader(theirs)
	first, _ := lines.next()
	go func() {
		io.WriteString(theirs, send)
		if send == "" || strings.HasSuffix(send, "END") {
			theirs.Close()
		}
	}()
	got = first + "\n"
	for {
		line, e := lines.next()
		if e != nil {
			theirs.Close()
			return got, <-ended
		}
		got += line + "\n"
		if strings.HasPrefix(line, "cmd=finalize_ack") {
			theirs.Close()
		}
	}
}

// TestSingleton has the lines that MPICH 5.0 sends, and checks every byte of the
// answers; whether they come one by one or together is the same.
func TestSingleton(t *testing.T) {
	got, err := singleton(t, "cmd=singinit pmi_version=1 pmi_subversion=2 stdio=yes authtype=none\n"+
		"cmd=init pmi_version=1 pmi_subversion=1\ncmd=get_maxes\ncmd=get_universe_size\n"+
		"cmd=put kvsname=kvs_9 key=bc-0 value=mpi#02008DD7$\ncmd=get kvsname=kvs_9 key=bc-0\n"+
		"mcmd=spawn\nnprocs=2\nexecname=/bin/true\ntotspawns=1\nspawnssofar=1\nargcnt=0\npreput_num=1\n"+
		"preput_key_0=PARENT_ROOT_PORT_NAME\npreput_val_0=tag#0$\ninfo_num=0\nendcmd\n"+
		"cmd=barrier_in\ncmd=finalize\n")
	const want = "cmd=singinit authtype=none\n" +
		"cmd=singinit_info versionok=yes stdio=no kvsname=kvs_9\n" +
		"cmd=response_to_init pmi_version=1 pmi_subversion=1 rc=0\n" +
		"cmd=maxes kvsname_max=256 keylen_max=64 vallen_max=1024\n" +
		"cmd=universe_size size=-1\n" +
		"cmd=put_result rc=0 msg=success\n" +
		"cmd=get_result rc=0 msg=success value=mpi#02008DD7$\n" +
		"cmd=spawn_result rc=-1 msg=spawn_is_not_supported\n" +
		"cmd=barrier_out\n" +
		"cmd=finalize_ack\n"
	if err != nil || got != want {
		t.Errorf("%v\n got %s\nwant %s", err, got, want)
	}
}

func TestSingletonRefused(t *testing.T) {
	const no = "cmd=singinit_info versionok=no stdio=no kvsname=kvs_9\n"
	for _, tt := range []struct{ send, reply, err string }{
		{"", "", "closed the connection before it said anything"},
		{"HTTP/1.1 400 Bad Request\r\n", "", `"HTTP/1.1 400 Bad Request" is not a command`},
		{"cmd=init pmi_version=1\n", "", `singinit was answered with "init"`},
		{"cmd=singinit pmi_version=1END", "", "unexpected EOF"},
		{strings.Repeat("x", MaxLine+1), "", "line too long"},
		{"\n", "", "is not a command"},
		{"cmd=singinit authtype=none\n", no, "singinit has no pmi_version"},
		{"cmd=singinit pmi_version=one authtype=none\n", no, "is not a number"},
		{"cmd=singinit pmi_version=2 authtype=none\n", no, "speaks version 2, not 1"},
		{"cmd=singinit pmi_version=1 authtype=munge\n", no, `authentication "munge"`},
	} {
		got, err := singleton(t, tt.send)
		if want := "cmd=singinit authtype=none\n" + tt.reply; got != want {
			t.Errorf("%.40q was told %q, want %q", tt.send, got, want)
		}
		if err == nil || !strings.Contains(err.Error(), tt.err) || strings.Contains(err.Error(), "\n") || len(err.Error()) > 200 {
			t.Errorf("%.40q: %v, want %q", tt.send, err, tt.err)
		}
	}
}

// FuzzGreet feeds the greeting any bytes: it ends with an error of one line, or
// hands all that follows the first line on.
func FuzzGreet(f *testing.F) {
	f.Add("cmd=singinit pmi_version=1 pmi_subversion=2 stdio=yes authtype=none\ncmd=init\n")
	f.Add("cmd=singinit pmi_version=2\n")
	f.Add("cmd=singinit pmi_version=1 authtype=\r\n\n")
	f.Add("cmd=x")
	f.Fuzz(func(t *testing.T, input string) {
		s := &Server{Size: 1, Name: "k"}
		var out strings.Builder
		stream, err := s.Greet(struct {
			io.Reader
			io.Writer
		}{strings.NewReader(input), &out})
		for line := range strings.Lines(out.String()) {
			if !strings.HasPrefix(line, "cmd=singinit") || !strings.HasSuffix(line, "\n") {
				t.Fatalf("said %q", line)
			}
		}
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Fatalf("%q", err)
			}
			return
		}
		rest, err := io.ReadAll(stream)
		if _, want, _ := strings.Cut(input, "\n"); err != nil || string(rest) != want {
			t.Fatalf("what follows is %q, %v, want %q", rest, err, want)
		}
	})
}
