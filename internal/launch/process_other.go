//go:build !unix

package launch

import (
	"errors"
	"os"
	"syscall"
)

// A process is a started rank.
type process struct{ p *os.Process }

// startAll starts the commands. On an error it returns the processes that were
// started all the same (nil where one was not), and the index that failed.
func startAll(cmds []command) (procs []*process, failed int, err error) {
	procs = make([]*process, len(cmds))
	for i := range cmds {
		c := &cmds[i]
		p, err := os.StartProcess(c.path, c.argv, &os.ProcAttr{Dir: c.dir, Env: c.env, Files: c.files})
		if err != nil {
			return procs, i, err
		}
		procs[i] = &process{p}
	}
	return procs, 0, nil
}

// wait returns when the process has ended, and how.
func (p *process) wait() exit {
	state, err := p.p.Wait()
	if err != nil {
		return exit{code: 1}
	}
	return exit{code: state.ExitCode()}
}

// id is the process number.
func (p *process) id() int { return p.p.Pid }

// signal ends the process if the signal would: there are no other signals here.
func (p *process) signal(sig syscall.Signal) {
	switch sig {
	case syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGKILL:
		_ = p.p.Kill()
	}
}

func (p *process) reap() {}

func apart() *syscall.SysProcAttr { return nil }

func inGroup(int, int) bool { return false }

func watch(int, func(exit, bool)) (stop func(), err error) { return nil, errors.ErrUnsupported }

func pidNamespace() string { return "" }

func controlSockets() (ours, theirs *os.File, err error) {
	return nil, nil, errors.New("this system has no sockets that a process inherits")
}

const (
	haveControl = false
	canBind     = false
)
