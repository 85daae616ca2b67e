package main

import (
	"fmt"
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/ringo-mpi/ringo/internal/topo"
)

// confinedMark tells the program that it has confined itself already.
const confinedMark = "RINGO_COMPARE_CONFINED"

// confine restricts this process and all it starts to n cores, one CPU of each.
func confine(n int) (cores, error) {
	m, err := topo.Local()
	if err != nil {
		return cores{}, err
	}
	var ids []int
	for _, core := range m.Cores {
		if cpus := core.And(m.Allowed).IDs(); len(cpus) > 0 && len(ids) < n {
			ids = append(ids, cpus[0])
		}
	}
	if len(ids) < n && n == 2 { // the bars are for two cores
		return cores{}, fmt.Errorf("this process may use %d cores, not 2: say -cores %d if that is to be", len(ids), len(ids))
	}
	if len(ids) < n {
		return cores{}, fmt.Errorf("-cores %d: this process may use %d", n, len(ids))
	}
	c := cores{ids: ids, all: len(ids) == m.Allowed.Count(), root: os.Geteuid() == 0}
	if os.Getenv(confinedMark) != "" {
		c.all = false // other programs see the whole machine
		return c, os.Unsetenv(confinedMark)
	}
	if c.all {
		return c, nil
	}
	// A process passes the mask of its thread on to what it executes.
	runtime.LockOSThread()
	var set unix.CPUSet
	for _, id := range ids {
		set.Set(id)
	}
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return cores{}, fmt.Errorf("cannot confine the run to the CPUs %v: %w", ids, err)
	}
	self, err := os.Executable()
	if err != nil {
		return cores{}, err
	}
	return cores{}, syscall.Exec(self, os.Args, append(os.Environ(), confinedMark+"=1"))
}
