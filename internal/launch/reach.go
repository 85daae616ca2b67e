package launch

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/ringo-mpi/ringo/internal/launch/control"
)

const (
	// helloTime is how long a host may take at least until its agent has said hello, and
	// sendTime what sending mpiexec there may take.
	helloTime = 20 * time.Second
	sendTime  = 5 * time.Minute
	// atOnce is how many hosts are called at a time.
	atOnce = 16
	// noise is how much a host's shell may write before its agent speaks.
	noise = 1 << 20
)

// agentProcess is what was started to have an agent on a host: ssh, or the agent.
type agentProcess struct {
	name string // of what was started
	host string
	cmd  *exec.Cmd
	in   *os.File      // what it reads
	out  *os.File      // what it writes
	text tail          // of its standard error
	done chan struct{} // closed at its end
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if over := len(t.text) - 4<<10; over > 0 {
		t.text = append(t.text[:0], t.text[over:]...)
	}
	return len(p), nil
}

// last is the last line that says anything.
func (t *tail) last() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := bytes.Split(t.text, []byte("\n"))
	for i := len(lines) - 1; i >= 0; i-- {
		if l := oneLine(string(lines[i])); l != "" {
			return l
		}
	}
	return ""
}

// startAgent starts what is to have an agent on a host.
func startAgent(s *Spread, to Remote) (*agentProcess, error) {
	argv, err := s.call(to)
	if err != nil {
		return nil, err
	}
	p := &agentProcess{name: argv[0], host: to.Name, done: make(chan struct{})}
	p.cmd = exec.Command(argv[0], argv[1:]...)
	if s.Launcher == "fork" {
		p.name = "its agent"
		p.cmd.Args[0] = os.Args[0]
	}
	theirIn, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	out, theirOut, err := os.Pipe()
	if err != nil {
		theirIn.Close()
		in.Close()
		return nil, err
	}
	p.in, p.out = in, out
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = theirIn, theirOut, &p.text
	p.cmd.SysProcAttr = apart()
	p.cmd.WaitDelay = 500 * time.Millisecond // a process that ssh has left behind may hold its standard error
	err = p.cmd.Start()
	theirIn.Close()
	theirOut.Close()
	if err != nil {
		in.Close()
		out.Close()
		return nil, err
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// gone reports whether the process has ended.
func (p *agentProcess) gone() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// ended is why the process has closed its output.
func (p *agentProcess) ended() error {
	select {
	case <-p.done:
	case <-time.After(time.Second):
	}
	if text := p.text.last(); text != "" {
		return errors.New(advice(text, p.host))
	}
	if !p.gone() {
		return errors.New("the connection to it has ended")
	}
	e := p.cmd.ProcessState
	if ws, ok := e.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return fmt.Errorf("%s was killed by signal %d (%v)", p.name, int(ws.Signal()), ws.Signal())
	}
	return fmt.Errorf("%s ended with status %d", p.name, e.ExitCode())
}

// stop kills the process.
func (p *agentProcess) stop() {
	if !p.gone() {
		_ = p.cmd.Process.Kill()
	}
}

// leave waits for the end of the process, which has been told to end.
func (p *agentProcess) leave() {
	select {
	case <-p.done:
	case <-time.After(2 * time.Second):
		p.stop()
		<-p.done
	}
	p.out.Close()
}

// call is the command that has an agent on a host.
func (s *Spread) call(to Remote) ([]string, error) {
	user := func(argv []string) []string {
		if to.User != "" {
			argv = append(argv, "-l", to.User)
		}
		return argv
	}
	words := s.Command
	switch s.Launcher {
	case "fork":
		exe, err := ownExecutable()
		return append([]string{exe}, s.Agent...), err
	case "rsh":
		if len(words) == 0 {
			words = []string{"rsh"}
		}
		return append(user(words[:len(words):len(words)]), to.Name, bootstrap(s.Agent)), nil
	case "", "ssh":
		if len(words) == 0 {
			words = []string{"ssh"}
		}
		argv := append(words[:len(words):len(words)], "-x", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=10")
		if to.Port > 0 {
			argv = append(argv, "-p", strconv.Itoa(to.Port))
		}
		return append(user(argv), to.Name, bootstrap(s.Agent)), nil
	}
	return nil, fmt.Errorf("launcher %s is not known", s.Launcher)
}

// advice adds to what ssh has said what to do about it.
func advice(text, host string) string {
	switch {
	case strings.Contains(text, "Host key verification failed"):
		return text + " Connect to it once by hand (ssh " + host + "), or add its key to ~/.ssh/known_hosts"
	case strings.Contains(text, "Permission denied ("):
		return text + " It wants a password: have it take your key (ssh-copy-id " + host + ")"
	case strings.Contains(text, "Could not resolve hostname"):
		return text + "; correct its name, or add it to /etc/hosts"
	}
	return text
}

// passing reports whether it may work when it is tried again.
func passing(text string) bool {
	for _, s := range []string{"Connection refused", "Connection reset", "kex_exchange_identification", "Connection closed by"} {
		if strings.Contains(text, s) {
			return true
		}
	}
	return false
}

// reach has an agent on the host, and hears its hello.
func (f *far) reach(ctx context.Context) error {
	err := f.try(ctx)
	if err != nil && ctx.Err() == nil && passing(err.Error()) {
		// The host may have had too many to answer at once.
		select {
		case <-time.After(200*time.Millisecond + rand.N(300*time.Millisecond)):
		case <-ctx.Done():
		}
		err = f.try(ctx)
	}
	if err == nil {
		return nil
	}
	return &HostError{Host: f.remote.Name, Err: err}
}

func (f *far) try(ctx context.Context) error {
	p, err := startAgent(f.job.Spread, f.remote)
	if err != nil {
		var missing *exec.Error
		if errors.As(err, &missing) {
			return fmt.Errorf("%s, which is to reach it, is not there: %w", missing.Name, missing.Err)
		}
		return err
	}
	var late atomic.Bool
	patience := max(helloTime, helloTime/2+f.job.Spread.Silence)
	limit := time.AfterFunc(patience, func() { late.Store(true); p.stop() })
	stop := context.AfterFunc(ctx, p.stop)
	in := bufio.NewReaderSize(p.out, 64<<10)
	err = greet(in, p.in, func() { limit.Reset(sendTime) })
	if err == nil {
		f.agent, f.link = p, newLink(f.number, in, p.in)
		var m control.Message
		if m, err = f.link.receive(); err == nil {
			var ok bool
			if f.hello, ok = m.(*control.Hello); !ok {
				err = fmt.Errorf("its agent begins with %T", m)
			} else if f.hello.Version != agentVersion() {
				err = fmt.Errorf("it has another version of mpiexec, %s; this one is %s", f.hello.Version, agentVersion())
			}
		}
	}
	limit.Stop()
	stop()
	if err == nil && !late.Load() && ctx.Err() == nil {
		return nil
	}
	if f.link != nil {
		f.link.close()
		f.link = nil
	} else {
		p.in.Close()
	}
	switch {
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case late.Load():
		err = fmt.Errorf("its agent has not come within %v", patience)
	case errors.Is(err, io.EOF):
		err = p.ended()
	}
	p.stop()
	p.leave()
	return err
}

// greet brings mpiexec to the host if it is not there, and reads up to the line after
// which its agent's frames follow.
func greet(in *bufio.Reader, out io.Writer, sending func()) error {
	sent := ""
	for read := 0; read < noise; {
		line, err := in.ReadString('\n')
		if err != nil {
			return err
		}
		read += len(line)
		line = strings.TrimRight(line, "\r\n")
		if line == control.Marker {
			return nil
		}
		if uname, ok := control.ParseMissing(line); ok && sent == "" {
			if sent, err = binaryFor(uname); err != nil {
				return err
			}
			p := describeProgram(sent)
			if p.Error != "" {
				return errors.New(p.Error)
			}
			if _, err := fmt.Fprintf(out, "%s %d\n", p.Hash, p.Size); err != nil {
				return io.EOF // it has gone, and says why
			}
		}
		if line == control.MarkSend && sent != "" {
			sending()
			if err := copyProgram(out, sent); err != nil {
				return err
			}
		}
	}
	return errors.New("its shell writes without end in place of starting mpiexec")
}

// reachAll has an agent on every host. The error is that of the first host that
// cannot be reached.
func reachAll(ctx context.Context, s *Spread, all []*far) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	n := s.AtOnce
	if n <= 0 {
		n = atOnce
	}
	turn := make(chan struct{}, n)
	var calls sync.WaitGroup
	for _, f := range all {
		calls.Go(func() {
			turn <- struct{}{}
			defer func() { <-turn }()
			if ctx.Err() != nil {
				return
			}
			if err := f.reach(ctx); err != nil {
				cancel(err)
			}
		})
	}
	calls.Wait()
	return context.Cause(ctx)
}
