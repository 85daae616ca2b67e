//go:build linux

package enginetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/ringo-mpi/ringo/internal/enginetest/installed"
	"github.com/ringo-mpi/ringo/internal/pmi"
	"github.com/ringo-mpi/ringo/internal/pmix/pmixtest"
)

// A launcher for tests starts the ranks of a job and serves them as a process
// manager of another MPI does. It ends no rank because another has died.
type launcher struct {
	server func(n int) (fakeServer, error)
	place  func(rank int) []string // more variables of a rank

	to     *output // of what the ranks write, nil if they report results
	vanish string  // the server goes when a rank has written this
}

// fakeServer is a process manager of one job.
type fakeServer interface {
	// prepare adds what a rank needs to a command; started is called once it runs.
	prepare(rank int, cmd *exec.Cmd) (started func(), err error)
	close()
}

// harness is that of processes which the launcher starts.
func (l launcher) harness(name string) Harness {
	skip := Shm().Skip
	return Harness{
		Name: name, light: true,
		Skip: func(c *Case) string {
			if c.Needs == "board" && l.place != nil {
				return "ranks of several hosts share no memory"
			}
			return skip(c)
		},
		start: func(ctx context.Context, n int, names []string, env environment, report func(result)) (string, error) {
			vars, err := rankVars(names, env)
			if err != nil {
				return "", err
			}
			return l.run(ctx, n, vars, report, os.Args[0])
		},
	}
}

// run runs a program on n ranks.
func (l launcher) run(ctx context.Context, n int, vars []string, report func(result), argv ...string) (string, error) {
	s, err := l.server(n)
	if err != nil {
		return "", err
	}
	defer s.close()
	var out, errOut output
	out.report = report
	stdout := io.Writer(&out)
	if l.to != nil {
		stdout = l.to
	}
	if l.vanish != "" {
		stdout = &watcher{stdout, l.vanish, s.close}
	}
	cmds := make([]*exec.Cmd, n)
	for r := range cmds {
		cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
		cmd.Env = append(append([]string{}, vars...), "RINGO_ENGINE=embedded")
		cmd.Stdout, cmd.Stderr = stdout, &errOut
		cmd.Cancel = func() error {
			quit(cmd.Process.Pid)
			return nil
		}
		cmd.WaitDelay = 10 * time.Second
		cmds[r] = cmd
		started, err := s.prepare(r, cmd)
		if l.place != nil {
			cmd.Env = append(cmd.Env, l.place(r)...)
		}
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			return "", err
		}
		started()
	}
	var failed error
	for r, cmd := range cmds {
		if err := cmd.Wait(); err != nil {
			failed = errors.Join(failed, fmt.Errorf("rank %d: %w", r, err))
		}
	}
	return trimProcessStacks(errOut.text()), failed
}

// watcher calls a function when something has been written.
type watcher struct {
	io.Writer
	text string
	do   func()
}

func (w *watcher) Write(p []byte) (int, error) {
	if strings.Contains(string(p), w.text) {
		w.do()
	}
	return w.Writer.Write(p)
}

// fakeHydra serves PMI-1 on sockets that the ranks inherit, or on a port.
type fakeHydra struct {
	server *pmi.Server
	port   net.Listener // nil: PMI_FD

	mu    sync.Mutex
	procs []*os.Process
	ours  []*os.File
}

func newHydra(byPort bool) func(n int) (fakeServer, error) {
	return func(n int) (fakeServer, error) {
		h := &fakeHydra{server: &pmi.Server{Size: n, Name: "kvs_test"}}
		h.server.Handler.Abort = func(int, int, string) { h.kill() }
		if !byPort {
			return h, nil
		}
		var err error
		h.port, err = net.Listen("tcp", "127.0.0.1:0")
		go h.accept()
		return h, err
	}
}

func (h *fakeHydra) accept() {
	for {
		c, err := h.port.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			var rank int
			if _, err := fmt.Fscanf(c, "cmd=initack pmiid=%d\n", &rank); err != nil {
				return
			}
			fmt.Fprintf(c, "cmd=initack\ncmd=set size=%d\ncmd=set rank=%d\ncmd=set debug=0\n", h.server.Size, rank)
			h.server.Serve(rank, c)
		}()
	}
}

func (h *fakeHydra) prepare(rank int, cmd *exec.Cmd) (func(), error) {
	var theirs *os.File
	if h.port != nil {
		_, port, _ := net.SplitHostPort(h.port.Addr().String())
		cmd.Env = append(cmd.Env, "PMI_PORT=localhost:"+port, "PMI_ID="+strconv.Itoa(rank))
	} else {
		fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
		if err != nil {
			return nil, err
		}
		ours := os.NewFile(uintptr(fds[0]), "ours")
		theirs = os.NewFile(uintptr(fds[1]), "theirs")
		cmd.ExtraFiles = []*os.File{theirs}
		cmd.Env = append(cmd.Env, "PMI_FD=3", "PMI_RANK="+strconv.Itoa(rank), "PMI_SIZE="+strconv.Itoa(h.server.Size))
		h.mu.Lock()
		h.ours = append(h.ours, ours)
		h.mu.Unlock()
		go func() {
			h.server.Serve(rank, ours)
			ours.Close()
		}()
	}
	return func() {
		if theirs != nil {
			theirs.Close()
		}
		h.mu.Lock()
		h.procs = append(h.procs, cmd.Process)
		h.mu.Unlock()
	}, nil
}

func (h *fakeHydra) kill() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, p := range h.procs {
		_ = p.Kill()
	}
}

func (h *fakeHydra) close() {
	if h.port != nil {
		h.port.Close()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, f := range h.ours {
		if raw, err := f.SyscallConn(); err == nil {
			_ = raw.Control(func(fd uintptr) { _ = syscall.Shutdown(int(fd), syscall.SHUT_RDWR) })
		}
	}
}

// fakePMIx serves PMIx.
type fakePMIx struct {
	*pmixtest.Server
	fakeHydra
}

func newPMIx(n int) (fakeServer, error) {
	s, err := pmixtest.New(n)
	if err != nil {
		return nil, err
	}
	p := &fakePMIx{Server: s}
	s.Aborted = func(int, int, string) { p.kill() }
	s.Start()
	return p, nil
}

func (p *fakePMIx) prepare(rank int, cmd *exec.Cmd) (func(), error) {
	cmd.Env = append(cmd.Env, p.Env(rank)...)
	return func() {
		p.mu.Lock()
		p.procs = append(p.procs, cmd.Process)
		p.mu.Unlock()
	}, nil
}

func (p *fakePMIx) close() { p.Server.Close() }

// fakeSrun has no process manager: it leaves Slurm's variables, and rank 0 serves.
type fakeSrun struct {
	n, nodes int
	id       int
}

func newSrun(nodes int) func(n int) (fakeServer, error) {
	return func(n int) (fakeServer, error) { return &fakeSrun{n, min(nodes, n), int(jobs.Add(1))}, nil }
}

// jobs numbers the jobs of this process.
var jobs atomic.Int64

func (s *fakeSrun) prepare(rank int, cmd *exec.Cmd) (func(), error) {
	cmd.Env = append(cmd.Env,
		"SLURM_PROCID="+strconv.Itoa(rank), "SLURM_STEP_NUM_TASKS="+strconv.Itoa(s.n), "SLURM_STEP_NUM_NODES="+strconv.Itoa(s.nodes),
		"SLURM_JOB_ID="+strconv.Itoa(os.Getpid()), "SLURM_STEP_ID="+strconv.Itoa(s.id), "SLURM_STEP_NODELIST=localhost,other[1-3]")
	return func() {}, nil
}

func (s *fakeSrun) close() {}

// The suite by the process managers of other MPIs, which the test plays itself.
func TestUnderPMI(t *testing.T) {
	h := launcher{server: newHydra(false)}.harness("pmi")
	h.Ranks = []int{2, 3, 4}
	Run(t, h)
}

func TestUnderPMIPort(t *testing.T) {
	h := launcher{server: newHydra(true)}.harness("pmi port")
	h.Ranks = []int{2}
	Run(t, h)
}

func TestUnderPMIx(t *testing.T) {
	h := launcher{server: newPMIx}.harness("pmix")
	h.Ranks = []int{1, 2, 4}
	Run(t, h)
}

// Rank 0 is the process manager where srun has none.
func TestUnderSrun(t *testing.T) {
	h := launcher{server: newSrun(1)}.harness("srun")
	h.Ranks = []int{2, 4}
	Run(t, h)
}

// On several hosts there are connections between the ranks of different ones.
func TestUnderSrunOnHosts(t *testing.T) {
	t.Setenv("RINGO_TOKEN", "0123456789abcdef0123")
	h := launcher{server: newSrun(2), place: onHosts(2)}.harness("srun on hosts")
	h.Ranks = []int{4}
	Run(t, h)
}

func TestUnderPMIOnHosts(t *testing.T) {
	h := launcher{server: newHydra(false), place: onHosts(3)}.harness("pmi on hosts")
	h.Ranks = []int{2, 4}
	Run(t, h)
}

// onHosts spreads ranks over hosts, which are this one in truth.
func onHosts(n int) func(rank int) []string {
	return func(rank int) []string {
		return []string{"RINGO_TEST_HOST=" + strconv.Itoa(rank%n), "RINGO_ADDRESS=127.0.0.1"}
	}
}

// Under Slurm itself, where test/slurm has started it.
func TestSlurm(t *testing.T) {
	kinds := os.Getenv("RINGO_TEST_SLURM")
	if kinds == "" {
		t.Skip("needs Slurm: test/slurm go test ./internal/enginetest -run TestSlurm")
	}
	for kind := range strings.SplitSeq(kinds, ",") {
		t.Run(kind, func(t *testing.T) {
			h := Launched("srun "+kind, func(n int) []string {
				return []string{"srun", "--quiet", "--kill-on-bad-exit=0", "--overcommit", "--mpi=" + kind, "-n", strconv.Itoa(n)}
			}, "RINGO_ENGINE=embedded")
			h.Ranks, h.Skip, h.light = []int{2, 3, 4}, skipManaged, true
			Run(t, h)
		})
	}
}

// Under launchers that are installed, on the hosts that test/hosts has made.
func TestManagedOnHosts(t *testing.T) {
	hosts := strings.Fields(os.Getenv("RINGO_TEST_HOSTS"))
	if len(hosts) < 2 {
		t.Skip("needs hosts: test/hosts 2 go test ./internal/enginetest -run TestManagedOnHosts")
	}
	for _, l := range installed.Find(t) {
		if l.File != "" {
			continue
		}
		t.Run(l.Name, func(t *testing.T) {
			h := Launched(l.Name+" on hosts", func(n int) []string { return onRealHosts(l, hosts, n) }, "RINGO_ENGINE=embedded")
			h.Ranks, h.Skip, h.light = []int{2, 4}, withoutBoards(Harness{Skip: skipManaged}).Skip, true
			Run(t, h)
		})
	}
}

// onRealHosts is the command line of a launcher with hosts.
func onRealHosts(l installed.Library, hosts []string, n int) []string {
	line := append([]string{}, l.Launcher...)
	if l.Family != "Open MPI" {
		return append(line, "-hosts", strings.Join(hosts, ","), "-ppn", strconv.Itoa((n+len(hosts)-1)/len(hosts)), "-n", strconv.Itoa(n))
	}
	line = append(line, "--host", strings.Join(hosts, ":8,")+":8", "--map-by", "node")
	for _, name := range []string{varCases, varHarness, varDir, varShort, "RINGO_ENGINE"} {
		line = append(line, "-x", name)
	}
	return append(line, "-n", strconv.Itoa(n))
}

// The suite under the launchers that are installed.
func TestManaged(t *testing.T) {
	for _, h := range Managed(t) {
		t.Run(h.Name, func(t *testing.T) { Run(t, h) })
	}
}
