package runs

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Adopt makes processes whose parent dies children of this one, so that none of
// a killed launcher's ranks is lost.
func Adopt() { _ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }

// killLeftovers ends, by their numbers, the processes below this one: what a
// run that is over has left behind. No other command may be under way.
func killLeftovers() {
	for range 50 {
		pids := descendants(os.Getpid())
		for _, pid := range pids {
			_ = unix.Kill(pid, unix.SIGKILL)
		}
		reapOrphans()
		if len(pids) == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// reapOrphans collects the adopted processes that have ended.
func reapOrphans() {
	for _, pid := range zombies(os.Getpid()) {
		var status unix.WaitStatus
		_, _ = unix.Wait4(pid, &status, unix.WNOHANG, nil)
	}
}

// Process is a process of this machine.
type Process struct {
	PID, Parent int
	Zombie      bool
}

// Processes reads the process table.
func Processes() []Process {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var out []Process
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		text, err := os.ReadFile("/proc/" + e.Name() + "/stat")
		if err != nil {
			continue // it has ended
		}
		// The name, in parentheses, may hold anything.
		rest := string(text[strings.LastIndexByte(string(text), ')')+1:])
		fields := strings.Fields(rest)
		if len(fields) < 2 {
			continue
		}
		parent, err := strconv.Atoi(fields[1])
		if err != nil {
			continue
		}
		out = append(out, Process{pid, parent, fields[0] == "Z"})
	}
	return out
}

// descendants returns the living processes below root.
func descendants(root int) []int {
	all := Processes()
	tree := []int{root}
	for i := 0; i < len(tree); i++ {
		for _, p := range all {
			if p.Parent == tree[i] && !slices.Contains(tree, p.PID) {
				tree = append(tree, p.PID)
			}
		}
	}
	var out []int
	for _, pid := range tree[1:] {
		if i := slices.IndexFunc(all, func(p Process) bool { return p.PID == pid }); !all[i].Zombie {
			out = append(out, pid)
		}
	}
	return out
}

// zombies returns the ended children of parent that nobody has waited for.
func zombies(parent int) []int {
	var out []int
	for _, p := range Processes() {
		if p.Parent == parent && p.Zombie {
			out = append(out, p.PID)
		}
	}
	return out
}
