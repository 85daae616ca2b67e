//go:build unix

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ringo-mpi/ringo/internal/enginetest/installed"
)

// linkMpiexec makes a folder in which this test binary is mpiexec, under both of
// the names that MPI libraries look for.
func linkMpiexec(t *testing.T) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range []string{"mpiexec", "mpiexec.hydra"} {
		if err := os.Symlink(exe, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// outcome is how a program ended.
type outcome struct {
	status int // -1: a signal
	stderr string
}

// serveFake starts mpiexec for a fake singleton with process number pid, which is
// a function that gets the connection.
func serveFake(t *testing.T, mpiexec string, pid int, fake func(conn net.Conn, lines *bufio.Scanner)) outcome {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		lines := bufio.NewScanner(conn)
		fake(conn, lines)
		conn.Close()
	}()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return runArgs(t, mpiexec, "-pmi_args", port, "default_interface", "default_key", strconv.Itoa(pid))
}

func runArgs(t *testing.T, mpiexec string, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, mpiexec, args...)
	var stderr, stdout strings.Builder
	cmd.Stderr, cmd.Stdout = &stderr, &stdout
	_ = cmd.Run() // the status tells
	if ctx.Err() != nil {
		t.Errorf("mpiexec %q did not end", args)
	}
	if stdout.Len() > 0 {
		t.Errorf("mpiexec %q wrote %q", args, stdout.String())
	}
	return outcome{cmd.ProcessState.ExitCode(), stderr.String()}
}

// TestSingleton: mpiexec serves a process that has called it, and ends with it.
func TestSingleton(t *testing.T) {
	mpiexec := filepath.Join(linkMpiexec(t), "mpiexec")
	ask := func(conn net.Conn, lines *bufio.Scanner, send, want string) {
		io.WriteString(conn, send)
		if lines.Scan(); lines.Text() != want {
			t.Errorf("%.40q was answered with %q, want %q", send, lines.Text(), want)
		}
	}
	me := os.Getpid()
	begin := func(conn net.Conn, lines *bufio.Scanner, pid int) string {
		kvs := "kvs_" + strconv.Itoa(pid)
		ask(conn, lines, "", "cmd=singinit authtype=none")
		ask(conn, lines, "cmd=singinit pmi_version=1 pmi_subversion=2 stdio=yes authtype=none\n", "cmd=singinit_info versionok=yes stdio=no kvsname="+kvs)
		ask(conn, lines, "cmd=init pmi_version=1 pmi_subversion=1\n", "cmd=response_to_init pmi_version=1 pmi_subversion=1 rc=0")
		return kvs
	}

	t.Run("all", func(t *testing.T) {
		got := serveFake(t, mpiexec, me, func(conn net.Conn, lines *bufio.Scanner) {
			kvs := begin(conn, lines, me)
			ask(conn, lines, "cmd=get_universe_size\n", "cmd=universe_size size=-1")
			ask(conn, lines, "cmd=put kvsname="+kvs+" key=bc-0 value=x\n", "cmd=put_result rc=0 msg=success")
			ask(conn, lines, "cmd=get kvsname="+kvs+" key=bc-0\n", "cmd=get_result rc=0 msg=success value=x")
			ask(conn, lines, "cmd=get kvsname="+kvs+" key=PMI_process_mapping\n", "cmd=get_result rc=0 msg=success value=(vector,(0,1,1))")
			ask(conn, lines, "mcmd=spawn\nnprocs=2\nexecname=true\ntotspawns=1\nspawnssofar=1\nargcnt=0\nendcmd\n", "cmd=spawn_result rc=-1 msg=spawn_is_not_supported")
			ask(conn, lines, "cmd=publish_name service=s port=p\n", "cmd=publish_result info=ok rc=0 msg=success")
			ask(conn, lines, "cmd=lookup_name service=s\n", "cmd=lookup_result port=p info=ok rc=0 msg=success")
			ask(conn, lines, "cmd=barrier_in\n", "cmd=barrier_out")
			ask(conn, lines, "cmd=finalize\n", "cmd=finalize_ack")
		})
		if got != (outcome{}) {
			t.Errorf("%+v", got)
		}
	})
	t.Run("closed without Finalize", func(t *testing.T) {
		got := serveFake(t, mpiexec, me, func(conn net.Conn, lines *bufio.Scanner) { begin(conn, lines, me) })
		if got != (outcome{}) {
			t.Errorf("%+v", got)
		}
	})
	t.Run("process ends, connection stays", func(t *testing.T) {
		// A child of the singleton may have inherited the connection.
		sleeper := exec.Command("sleep", "600")
		if err := sleeper.Start(); err != nil {
			t.Fatal(err)
		}
		over := make(chan struct{})
		defer close(over)
		got := serveFake(t, mpiexec, sleeper.Process.Pid, func(conn net.Conn, lines *bufio.Scanner) {
			begin(conn, lines, sleeper.Process.Pid)
			sleeper.Process.Kill()
			sleeper.Wait()
			<-over
		})
		if got != (outcome{}) {
			t.Errorf("%+v", got)
		}
	})
	t.Run("process ends, nothing was said", func(t *testing.T) {
		sleeper := exec.Command("sleep", "600")
		if err := sleeper.Start(); err != nil {
			t.Fatal(err)
		}
		over := make(chan struct{})
		defer close(over)
		got := serveFake(t, mpiexec, sleeper.Process.Pid, func(net.Conn, *bufio.Scanner) {
			sleeper.Process.Kill()
			sleeper.Wait()
			<-over
		})
		if got.status != 1 || !strings.Contains(got.stderr, "has ended before it could be served") {
			t.Errorf("%+v", got)
		}
		got = runArgs(t, mpiexec, "-pmi_args", "1", "default_interface", "default_key", strconv.Itoa(sleeper.Process.Pid))
		if got.status != 1 || !strings.HasSuffix(got.stderr, "is not there\n") {
			t.Errorf("%+v", got)
		}
	})
}

// TestSingletonErrors: what is wrong is one line and a status, and never a wait
// without an end.
func TestSingletonErrors(t *testing.T) {
	mpiexec := filepath.Join(linkMpiexec(t), "mpiexec")
	check := func(what string, got outcome, text string) {
		t.Helper()
		if got.status != 1 || strings.Count(got.stderr, "\n") != 1 || !strings.Contains(got.stderr, text) {
			t.Errorf("%s: %+v, want status 1 and a line with %q", what, got, text)
		}
	}
	for _, tt := range []struct{ say, want string }{
		{"", "closed the connection before it said anything"},
		{"HTTP/1.1 400 Bad Request\r\n\r\n", "is not a command"},
		{"SSH-2.0-OpenSSH", "unexpected EOF"},
		{strings.Repeat("x", 1<<20), "line too long"},
		{"cmd=singinit pmi_version=2 pmi_subversion=0 authtype=none\n", "speaks version 2, not 1"},
		{"cmd=singinit pmi_version=1 authtype=none\n\x00\x01\n", "is not a command"},
	} {
		got := serveFake(t, mpiexec, os.Getpid(), func(conn net.Conn, lines *bufio.Scanner) {
			lines.Scan()
			io.WriteString(conn, tt.say)
			conn.(*net.TCPConn).CloseWrite()
			for lines.Scan() {
				continue
			}
		})
		check(fmt.Sprintf("%.30q", tt.say), got, tt.want)
	}
	got := serveFake(t, mpiexec, os.Getpid(), func(conn net.Conn, _ *bufio.Scanner) { conn.Close() })
	check("closed at once", got, "port ")

	// Nobody listens at 127.0.0.1; what listens elsewhere is not asked.
	l, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil { // macOS has no such address
		l, err = net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	got = runArgs(t, mpiexec, "-pmi_args", port, "127.0.0.2", "default_key", strconv.Itoa(os.Getpid()))
	check("no such port", got, "connection refused")
}

// spawnProgram is a singleton that wants more processes: it says what it was
// told, and how it goes on without them. "handler" has it take errors by a
// function instead of a code, "exit" ends it without Finalize.
const spawnProgram = `
#include <mpi.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int handled = MPI_SUCCESS;
static void handle(MPI_Comm *comm, int *code, ...) { handled = *code; }

int main(int argc, char **argv) {
	int *usize, flag, err, kind = -1, codes[2], again;
	const char *how = argc > 1 ? argv[1] : "";
	MPI_Comm child = MPI_COMM_NULL;
	MPI_Errhandler handler = MPI_ERRORS_RETURN;
	MPI_Init(&argc, &argv);
	if (!strcmp(how, "handler"))
		MPI_Comm_create_errhandler(handle, &handler);
	MPI_Comm_set_errhandler(MPI_COMM_WORLD, handler);
	MPI_Comm_set_errhandler(MPI_COMM_SELF, handler);
	MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_UNIVERSE_SIZE, &usize, &flag);
	for (again = 0; again < 2; again++) {
		handled = MPI_SUCCESS;
		err = MPI_Comm_spawn("true", MPI_ARGV_NULL, 2, MPI_INFO_NULL, 0, MPI_COMM_SELF, &child,
			again ? MPI_ERRCODES_IGNORE : codes);
		if (!strcmp(how, "handler"))
			err = handled;
		MPI_Error_class(err, &kind);
		printf("spawn: %s\n", err == MPI_SUCCESS ? "done" : kind == MPI_ERR_OTHER ? "other" :
			kind == MPI_ERR_INTERN ? "intern" : kind == MPI_ERR_SPAWN ? "spawn" : "?");
	}
	printf("universe: %s\n", flag ? "known" : "not known");
	fflush(stdout);
	if (!strcmp(how, "exit"))
		_exit(3);
	if (!strcmp(how, "abort"))
		MPI_Abort(MPI_COMM_WORLD, 9);
	MPI_Finalize();
	return 0;
}
`

// TestSingletonsOfLibraries runs singletons of MPICH and its relatives with this
// mpiexec on PATH.
func TestSingletonsOfLibraries(t *testing.T) {
	libraries := map[string]installed.Library{}
	for _, l := range installed.Find(t) {
		libraries[l.Name] = l
	}
	bin := linkMpiexec(t)
	for _, l := range installed.All() {
		l, ok := libraries[l.Name]
		if !ok || l.Family != "MPICH" {
			continue
		}
		t.Run(l.Name, func(t *testing.T) {
			// Intel's wheel has no compiler; its libraries have the interfaces of
			// MPICH's.
			cc := l.Compiler
			intel := strings.HasPrefix(l.Name, "intel")
			if intel {
				cc = libraries[strings.Replace(l.Name, "intel", "mpich-5", 1)].Compiler
			}
			if cc == "" {
				installed.LeftOut(t, l.Name, "there is no compiler for its interface")
				return
			}
			dir := t.TempDir()
			src, prog := filepath.Join(dir, "prog.c"), filepath.Join(dir, "prog")
			if err := os.WriteFile(src, []byte(spawnProgram), 0o600); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command(cc, "-o", prog, src).CombinedOutput(); err != nil {
				installed.LeftOut(t, l.Name, fmt.Sprintf("%s does not work: %v: %s", cc, err, out))
				return
			}
			env := append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
			if intel {
				lib := filepath.Join(filepath.Dir(filepath.Dir(l.Launcher[0])), "lib")
				env = append(env, "LD_LIBRARY_PATH="+lib, "I_MPI_SPAWN=on")
			}
			for _, tt := range []struct {
				how    string
				status int
			}{{"", 0}, {"handler", 0}, {"exit", 3}, {"abort", 9}} {
				how, universe := tt.how, "not known"
				if l.Name == "intel-abi" {
					if how != "handler" {
						continue // it does not obey MPI_ERRORS_RETURN
					}
					universe = "known" // 16383, without asking
				}
				ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
				defer cancel()
				cmd := exec.CommandContext(ctx, prog, how)
				cmd.Env, cmd.Dir = env, dir
				// mpiexec has inherited the pipes: Run waits for its end too.
				var stdout, stderr strings.Builder
				cmd.Stdout, cmd.Stderr = &stdout, &stderr
				cmd.WaitDelay = 30 * time.Second
				err := cmd.Run()
				if got := cmd.ProcessState.ExitCode(); got != tt.status || ctx.Err() != nil || (got == 0 && err != nil) {
					t.Errorf("%q: status %d, want %d; %v", how, got, tt.status, err)
				}
				if want := strings.Repeat("spawn: other\n", 2) + "universe: " + universe + "\n"; stdout.String() != want {
					t.Errorf("%q: says\n%swant\n%s", how, stdout.String(), want)
				}
				if s := stderr.String(); s != "" && how != "abort" || strings.Contains(s, "mpiexec") {
					t.Errorf("%q: complains\n%s", how, s)
				}
			}
		})
	}
}
