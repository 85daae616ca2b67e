package cli

import (
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/ringo-mpi/ringo/internal/launch/hosts"
	"github.com/ringo-mpi/ringo/internal/topo"
)

// rankFile reads the file that says where each rank runs.
func (p *parser) rankFile(name string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return plainError(err)
	}
	list, err := hosts.ParseRankfile(name, string(text))
	if err != nil {
		return usagef("%v", err)
	}
	for _, r := range list {
		switch {
		case r.Index > 0:
			return usagef("%v", &hosts.Error{Place: r.At, What: fmt.Sprintf("+n%d: there is host 0 only", r.Index)})
		case r.Index < 0:
			if err := onlyHere(r.Host); err != nil {
				return err
			}
		}
	}
	p.cfg.rankfile = list
	return nil
}

// mapBy takes up the value of -map-by.
func (p *parser) mapBy(value string) error {
	if len(value) >= len(byFile) && strings.EqualFold(value[:len(byFile)], byFile) {
		return p.rankFile(value[len(byFile):])
	}
	p.cfg.mapBy = value
	return nil
}

// bindable says that this system lets mpiexec bind ranks to CPUs.
const bindable = runtime.GOOS == "linux"

// byFile is how Open MPI 5 names a file of ranks.
const byFile = "rankfile:file="

// bindByFile returns the CPUs of each of n ranks, as the file says; nil if it binds
// none. Ranks without slots run where mpiexec may.
func (c *config) bindByFile(m *topo.Machine, n int) ([]topo.Set, error) {
	if n > len(c.rankfile) {
		at := c.rankfile[0].At
		return nil, usagef("%s: it has ranks 0 to %d, the job has %d ranks", at.File, len(c.rankfile)-1, n)
	}
	bind := make([]topo.Set, n)
	bound := false
	for i, r := range c.rankfile[:n] {
		bind[i] = m.Allowed
		if r.Slots == nil {
			continue
		}
		if bound = true; !bindable {
			return nil, usagef("%v", &hosts.Error{Place: r.At, What: "this system does not let mpiexec bind ranks to CPUs"})
		}
		bind[i] = topo.Set{}
		for _, s := range r.Slots {
			cpus, err := cpusOf(m, s)
			if err == nil && cpus.And(m.Allowed).Count() == 0 {
				err = fmt.Errorf("slot %v is not among the CPUs that mpiexec may use (%v)", s, m.Allowed)
			}
			if err != nil {
				return nil, usagef("%v", &hosts.Error{Place: r.At, What: err.Error()})
			}
			bind[i] = bind[i].Or(cpus.And(m.Allowed))
		}
	}
	if !bound {
		return nil, nil
	}
	return bind, nil
}

// cpusOf finds the CPUs of a slot: logical processors by the system's numbers, or
// the cores of a socket in their order.
func cpusOf(m *topo.Machine, s hosts.Slot) (topo.Set, error) {
	var cpus topo.Set
	if s.Socket < 0 {
		for id := s.First; id <= s.Last; id++ {
			if !m.Online().Has(id) {
				return cpus, fmt.Errorf("slot %v: there is no CPU %d: there are %v", s, id, m.Online())
			}
			cpus.Add(id)
		}
		return cpus, nil
	}
	if s.Socket >= len(m.Sockets) {
		return cpus, fmt.Errorf("slot %v: there is no socket %d: there are %d", s, s.Socket, len(m.Sockets))
	}
	socket := m.Sockets[s.Socket].CPUs
	if s.First < 0 {
		return socket, nil
	}
	var cores []topo.Set
	for _, core := range m.Cores {
		if core.And(socket).Count() > 0 {
			cores = append(cores, core)
		}
	}
	if s.Last >= len(cores) {
		return cpus, fmt.Errorf("slot %v: socket %d has cores 0 to %d", s, s.Socket, len(cores)-1)
	}
	for _, core := range cores[s.First : s.Last+1] {
		cpus = cpus.Or(core)
	}
	return cpus, nil
}
