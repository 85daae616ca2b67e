package enginetest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/ringo-mpi/ringo/internal/launch"
)

// Shm is the harness of process ranks over shared memory, started as mpiexec
// starts them.
func Shm() Harness {
	return Harness{
		Name: "shm",
		Skip: func(c *Case) string {
			switch c.Needs {
			case ownProcess:
				return notHere
			case "inproc":
				return "about goroutine ranks"
			case "check":
				return "needs RINGO_CHECK=1"
			}
			return ""
		},
		start: startShm,
	}
}

func startShm(ctx context.Context, n int, names []string, env environment, report func(result)) (string, error) {
	exe, err := os.Executable()
	if err != nil {
		return "", err
	}
	vars, err := rankVars(names, env)
	if err != nil {
		return "", err
	}
	var out, errOut output
	out.report = report
	var mu sync.Mutex
	var pids []int
	job := launch.Job{
		Apps:   []launch.App{{Path: exe, Env: vars, Ranks: n}},
		Stdout: &out, Stderr: &errOut, Grace: time.Minute,
		Label: func(dst []byte, rank int, s launch.Stream) []byte {
			if s == launch.Stderr {
				dst = fmt.Appendf(dst, "[%d] ", rank)
			}
			return dst
		},
		Started: func(p []int) {
			mu.Lock()
			pids = p
			mu.Unlock()
		},
	}
	over := make(chan error, 1)
	run, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		_, err := job.Run(run)
		over <- err
	}()
	select {
	case err = <-over:
	case <-ctx.Done():
		select {
		case err = <-over:
		case <-time.After(2 * time.Second):
			// Have the ranks write their stacks.
			mu.Lock()
			for _, pid := range pids {
				quit(pid)
			}
			mu.Unlock()
			select {
			case err = <-over:
			case <-time.After(10 * time.Second):
				cancel()
				err = <-over
			}
		}
	}
	return trimProcessStacks(errOut.text()), err
}

// rankVars is the environment of a rank.
func rankVars(names []string, env environment) ([]string, error) {
	file := filepath.Join(env.dir, fmt.Sprintf("cases-%d", time.Now().UnixNano()))
	if err := os.WriteFile(file, []byte(strings.Join(names, "\n")), 0o600); err != nil {
		return nil, err
	}
	vars := append(os.Environ(), varCases+"="+file, varHarness+"="+env.harness, varDir+"="+env.dir)
	if env.short {
		vars = append(vars, varShort+"=1")
	}
	return vars, nil
}

// output takes the standard output or error stream of the ranks, in whole
// lines: results are reported, the rest is kept.
type output struct {
	report func(result)
	mu     sync.Mutex
	part   []byte
	kept   bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.part = append(o.part, p...)
	for {
		i := bytes.IndexByte(o.part, '\n')
		if i < 0 {
			return len(p), nil
		}
		line := o.part[:i]
		if at := bytes.Index(line, []byte(mark)); at >= 0 && o.report != nil {
			var r result
			if err := json.Unmarshal(line[at+len(mark):], &r); err == nil {
				o.report(r)
			}
		} else if o.kept.Len() < 4<<20 {
			o.kept.Write(line)
			o.kept.WriteByte('\n')
		}
		o.part = o.part[i+1:]
	}
}

func (o *output) text() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.kept.String() + string(o.part)
}

// trimProcessStacks shortens what ranks write when they are told to quit, or
// when they panic.
func trimProcessStacks(s string) string {
	const most = 60 << 10
	var keep []string
	for _, l := range strings.Split(s, "\n") {
		if !strings.Contains(l, "/usr/local/go/src/") && !strings.Contains(l, "] r") {
			keep = append(keep, l)
		}
	}
	s = strings.Join(keep, "\n")
	if len(s) > most {
		s = s[:most] + "\n…"
	}
	return s
}

// Launched is the harness of processes that a launcher of another MPI starts:
// argv(n) is the launcher and its options, before the program. extra are
// variables for the ranks.
func Launched(name string, argv func(n int) []string, extra ...string) Harness {
	return Harness{
		Name: name,
		start: func(ctx context.Context, n int, names []string, env environment, report func(result)) (string, error) {
			exe, err := os.Executable()
			if err != nil {
				return "", err
			}
			vars, err := rankVars(names, env)
			if err != nil {
				return "", err
			}
			args := append(argv(n), exe)
			var out, errOut output
			out.report = report
			cmd := exec.CommandContext(ctx, args[0], args[1:]...)
			cmd.Env = append(vars, extra...)
			cmd.Stdout, cmd.Stderr = &out, &errOut
			cmd.Cancel = func() error {
				for _, pid := range descendants(cmd.Process.Pid, exe) {
					quit(pid)
				}
				time.Sleep(500 * time.Millisecond) // the stacks are on their way
				return cmd.Process.Signal(os.Interrupt)
			}
			cmd.WaitDelay = 10 * time.Second
			err = cmd.Run()
			return trimProcessStacks(errOut.text()), err
		},
	}
}
