//go:build linux

package main

import (
	"math/rand/v2"
	"os"
	"syscall"
	"time"
)

// blow is what is done to a job.
type blow struct {
	name   string
	weight int
	ends   bool  // the job ends by it, and does not run to its end
	status []int // one of these is right
	strike func(j *job)
}

// died is the status of a process that a signal ended, as Go and shells give it.
func died(s syscall.Signal) int { return 128 + int(s) }

var blows = []blow{
	{"kill -9 of a rank", 5, true, []int{died(9)}, func(j *job) { j.hit(1, syscall.SIGKILL) }},
	{"kill -9 of two ranks", 1, true, []int{died(9)}, func(j *job) { j.hit(2, syscall.SIGKILL) }},
	{"kill -9 of all ranks", 1, true, []int{died(9)}, func(j *job) { j.hit(j.ranks, syscall.SIGKILL) }},
	{"TERM to a rank", 1, true, []int{died(15)}, func(j *job) { j.hit(1, syscall.SIGTERM) }},
	{"kill -9 of mpiexec", 3, true, []int{died(9)}, func(j *job) { j.signal(syscall.SIGKILL) }},
	{"kill -9 of its process group", 1, true, []int{died(9)}, func(j *job) { _ = syscall.Kill(-j.pid, syscall.SIGKILL) }},
	{"TERM to mpiexec", 2, true, []int{died(15)}, func(j *job) { j.signal(syscall.SIGTERM) }},
	{"INT to mpiexec", 2, true, []int{died(2)}, func(j *job) { j.signal(syscall.SIGINT) }},
	{"INT twice", 1, true, []int{died(2), died(9)}, func(j *job) {
		j.signal(syscall.SIGINT)
		time.Sleep(200 * time.Millisecond)
		j.signal(syscall.SIGINT)
	}},
	{"STOP and CONT of a rank", 3, false, []int{0}, func(j *job) {
		for _, pid := range j.pick(1) {
			_ = syscall.Kill(pid, syscall.SIGSTOP)
			time.Sleep(time.Duration(1+j.draw.IntN(2)) * time.Second)
			_ = syscall.Kill(pid, syscall.SIGCONT)
		}
	}},
	{"STOP of a rank, kill -9 of another", 1, true, []int{died(9)}, func(j *job) {
		pids := j.pick(2)
		if len(pids) == 0 {
			return
		}
		_ = syscall.Kill(pids[0], syscall.SIGSTOP)
		time.Sleep(300 * time.Millisecond)
		j.named = j.named[len(j.named)-1:]
		_ = syscall.Kill(pids[len(pids)-1], syscall.SIGKILL)
	}},
	{"nothing", 1, false, []int{0}, func(*job) {}},
}

func drawBlow(r *rand.Rand) blow {
	sum := 0
	for _, b := range blows {
		sum += b.weight
	}
	at := r.IntN(sum)
	for _, b := range blows {
		if at -= b.weight; at < 0 {
			return b
		}
	}
	return blows[0]
}

// wrapper is what stands between mpiexec and the program.
type wrapper struct {
	name    string
	command []string
}

var wrappers = []wrapper{
	{"none", nil}, {"none", nil},
	{"sh", []string{"sh", "-c", `"$@"; exit $?`, "sh"}},
	{"python3", []string{"python3", "-c", "import subprocess, sys\ns = subprocess.call(sys.argv[1:], close_fds=False)\nsys.exit(s if s >= 0 else 128 - s)"}},
}

// hit sends a signal to n ranks, whose numbers the report has to name.
func (j *job) hit(n int, s syscall.Signal) {
	for _, pid := range j.pick(n) {
		_ = syscall.Kill(pid, s)
	}
}

func (j *job) signal(s syscall.Signal) {
	if p, err := os.FindProcess(j.pid); err == nil {
		_ = p.Signal(s)
	}
}
