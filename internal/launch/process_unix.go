//go:build unix && !linux

package launch

import (
	"errors"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// A process is a started rank.
type process struct{ pid int }

// startAll starts the commands. On an error it returns the processes that were
// started all the same (nil where one was not), and the index that failed.
func startAll(cmds []command) (procs []*process, failed int, err error) {
	procs = make([]*process, len(cmds))
	for i := range cmds {
		c := &cmds[i]
		attr := &syscall.ProcAttr{Dir: c.dir, Env: c.env, Files: make([]uintptr, len(c.files)), Sys: &syscall.SysProcAttr{Setpgid: true}}
		for k, f := range c.files {
			attr.Files[k] = f.Fd()
		}
		pid, err := forkExec(c.path, c.argv, attr)
		runtime.KeepAlive(c.files)
		if err != nil {
			return procs, i, err
		}
		procs[i] = &process{pid: pid}
	}
	return procs, 0, nil
}

// wait returns when the process has ended, and how.
func (p *process) wait() exit {
	var ws unix.WaitStatus
	for {
		_, err := unix.Wait4(p.pid, &ws, 0, nil)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return exit{code: 1}
		case ws.Signaled():
			return exit{signal: ws.Signal(), core: ws.CoreDump()}
		}
		return exit{code: ws.ExitStatus()}
	}
}

// id is the process number.
func (p *process) id() int { return p.pid }

// signal sends a signal to the rank and to what it has started in its group.
func (p *process) signal(sig syscall.Signal) { _ = unix.Kill(-p.pid, sig) }

// reap kills what is left of the ended process's group.
func (p *process) reap() { _ = unix.Kill(-p.pid, unix.SIGKILL) }

// watch does nothing here: only Linux reports the ends of other processes.
func watch(int, func(exit, bool)) (stop func(), err error) { return nil, errors.ErrUnsupported }

func pidNamespace() string { return "" }

const canBind = false
