//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	startMost = 2 * time.Minute  // until there is a rank to strike
	endMost   = 30 * time.Second // from the blow to the end
	leaveMost = 3 * time.Second  // from the end until no process is left
	endless   = time.Minute      // traffic of a job that a blow ends
	whole     = 1500 * time.Millisecond
)

// job is one job of the campaign.
type job struct {
	id      string
	folder  string // temporary files of its ranks
	log     string
	draw    *rand.Rand
	ranks   int
	blow    blow
	wrapper wrapper
	after   time.Duration // from the start to the blow
	early   bool

	pid   int
	over  chan struct{} // closed when mpiexec has ended
	named []string      // ranks that the report has to name
}

// newJob draws a job.
func newJob(seed uint64, number int, folder string) *job {
	r := rand.New(rand.NewPCG(seed, uint64(number)))
	j := &job{
		id: fmt.Sprintf("%d-%d-%d", os.Getpid(), seed, number), folder: folder, draw: r,
		log:   filepath.Join(folder, "..", fmt.Sprintf("job-%d.log", number)),
		ranks: 3 + r.IntN(6), blow: drawBlow(r), wrapper: wrappers[r.IntN(len(wrappers))],
	}
	if j.early = r.IntN(2) == 0; j.early {
		j.after = time.Duration(r.Int64N(int64(200 * time.Millisecond)))
	} else {
		j.after = time.Duration(r.Int64N(int64(2 * time.Second)))
	}
	return j
}

func (j *job) String() string {
	return fmt.Sprintf("%d ranks, wrapper %s, %s after %v", j.ranks, j.wrapper.name, j.blow.name, j.after.Round(time.Millisecond))
}

// pick finds n ranks, waiting until some are there or the job has ended, and notes
// their numbers.
func (j *job) pick(n int) (pids []int) {
	var ranks []process
	for start := time.Now(); len(ranks) == 0 && time.Since(start) < startMost && !j.ended(); time.Sleep(2 * time.Millisecond) {
		ranks = slices.DeleteFunc(processes(j.id), func(p process) bool { return p.rank == "" || p.program != "traffic" })
	}
	j.draw.Shuffle(len(ranks), func(a, b int) { ranks[a], ranks[b] = ranks[b], ranks[a] })
	for _, p := range ranks[:min(n, len(ranks))] {
		pids = append(pids, p.pid)
		j.named = append(j.named, p.rank)
	}
	return pids
}

func (j *job) ended() bool {
	select {
	case <-j.over:
		return true
	default:
		return false
	}
}

// run runs the job and returns what was wrong with it.
func (j *job) run(bin string) (wrong []string, err error) {
	before := files(j.folder)
	out, err := os.Create(j.log)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	long := endless
	if !j.blow.ends {
		long = whole
	}
	args := append([]string{"-n", strconv.Itoa(j.ranks)}, j.wrapper.command...)
	args = append(args, filepath.Join(bin, "traffic"), "-seed", strconv.FormatUint(j.draw.Uint64(), 10), "-time", long.String(),
		"-goroutines", strconv.Itoa(1+j.draw.IntN(3)), "-max", strconv.Itoa(10+j.draw.IntN(13)))
	c := exec.Command(filepath.Join(bin, "mpiexec"), args...)
	c.Stdout, c.Stderr = out, out
	c.Env = append(os.Environ(), mark+"="+j.id, "TMPDIR="+j.folder)
	if j.draw.IntN(4) == 0 {
		c.Env = append(c.Env, "RINGO_PULL=0")
	}
	if j.draw.IntN(6) == 0 {
		c.Env = append(c.Env, "RINGO_CHECK=1")
	}
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.Start(); err != nil {
		return nil, err
	}
	j.pid = c.Process.Pid
	ended := make(chan error, 1)
	j.over = make(chan struct{})
	go func() {
		ended <- c.Wait()
		close(j.over)
	}()
	time.Sleep(j.after)
	j.blow.strike(j)
	select {
	case err = <-ended:
	case <-time.After(endMost):
		wrong = append(wrong, "hangs")
		for _, p := range processes(j.id) {
			_ = syscall.Kill(p.pid, syscall.SIGQUIT)
		}
		time.Sleep(time.Second)
		j.sweep()
		err = <-ended
	}
	if s := status(err); len(wrong) == 0 && !slices.Contains(j.blow.status, s) {
		wrong = append(wrong, fmt.Sprintf("status %d, not %v", s, j.blow.status))
	}
	left := processes(j.id)
	for start := time.Now(); len(left) > 0 && time.Since(start) < leaveMost; left = processes(j.id) {
		time.Sleep(20 * time.Millisecond)
	}
	if len(left) > 0 {
		wrong = append(wrong, fmt.Sprintf("%d processes left", len(left)))
		j.sweep()
	}
	for f := range files(j.folder) {
		if !before[f] {
			wrong = append(wrong, "left "+f)
			_ = os.RemoveAll(f)
		}
	}
	text, err := os.ReadFile(j.log)
	if err != nil {
		return nil, err
	}
	return append(wrong, j.said(text)...), nil
}

// sweep ends the processes of the job.
func (j *job) sweep() {
	for _, p := range processes(j.id) {
		_ = syscall.Kill(p.pid, syscall.SIGKILL)
	}
}

// said is what is wrong with the output of the job.
func (j *job) said(text []byte) (wrong []string) {
	for _, word := range []string{"WRONG DATA", "panic", "fatal error", "SIGSEGV", "SIGBUS"} {
		if bytes.Contains(text, []byte(word)) {
			wrong = append(wrong, "says "+word)
		}
	}
	if len(j.named) == 0 {
		return wrong
	}
	if j.blow.ends {
		for line := range strings.SplitSeq(string(text), "\n") {
			if strings.HasPrefix(line, "mpiexec") && slices.ContainsFunc(j.named, func(r string) bool { return names(line, r) }) {
				return wrong
			}
		}
		wrong = append(wrong, "no report names rank "+strings.Join(j.named, ", "))
	}
	return wrong
}

// names tells whether a line speaks of a rank, alone or in a list.
func names(line, rank string) bool {
	_, list, ok := strings.Cut(line, "rank")
	return ok && slices.Contains(strings.FieldsFunc(list, func(r rune) bool { return r < '0' || r > '9' }), rank)
}

// status is that of a shell: 128 and the signal for a process that one ended.
func status(err error) int {
	var e *exec.ExitError
	if !errors.As(err, &e) {
		return 0
	}
	if ws, ok := e.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return died(ws.Signal())
	}
	return e.ExitCode()
}
