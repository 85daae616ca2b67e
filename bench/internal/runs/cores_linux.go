package runs

import (
	"fmt"
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/ringo-mpi/ringo/internal/topo"
)

// Confine restricts this process and all it starts to n cores, one CPU of each.
// Unless these are all that it has, the program starts once more.
func Confine(n int) (Cores, error) {
	m, err := topo.Local()
	if err != nil {
		return Cores{}, err
	}
	var ids []int
	for _, core := range m.Cores {
		if cpus := core.And(m.Allowed).IDs(); len(cpus) > 0 && len(ids) < n {
			ids = append(ids, cpus[0])
		}
	}
	if len(ids) < n && n == 2 { // the bars are for two cores
		return Cores{}, fmt.Errorf("this process may use %d cores, not 2: say -cores %d if that is to be", len(ids), len(ids))
	}
	if len(ids) < n {
		return Cores{}, fmt.Errorf("-cores %d: this process may use %d", n, len(ids))
	}
	c := Cores{IDs: ids, All: len(ids) == m.Allowed.Count(), Root: os.Geteuid() == 0}
	if os.Getenv(ConfinedMark) != "" {
		c.All = false // other programs see the whole machine
		return c, os.Unsetenv(ConfinedMark)
	}
	if c.All {
		return c, nil
	}
	// A process passes the mask of its thread on to what it executes.
	runtime.LockOSThread()
	var set unix.CPUSet
	for _, id := range ids {
		set.Set(id)
	}
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return Cores{}, fmt.Errorf("cannot confine the run to the CPUs %v: %w", ids, err)
	}
	self, err := os.Executable()
	if err != nil {
		return Cores{}, err
	}
	return Cores{}, syscall.Exec(self, os.Args, append(os.Environ(), ConfinedMark+"=1"))
}
