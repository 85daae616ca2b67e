package launch

import (
	"fmt"

	"github.com/ringo-mpi/ringo/internal/launch/control"
	hostfile "github.com/ringo-mpi/ringo/internal/launch/hosts"
	"github.com/ringo-mpi/ringo/internal/topo"
)

// Binding says how the ranks of a host are bound to its CPUs, in words that every host
// reads for itself.
type Binding struct {
	To, By string          // see [ParsePlacement]
	File   []hostfile.Rank // a rankfile, which goes before those; nil: there is none
	Report bool            // say where each rank is bound
}

// CPUs returns for each of the given ranks, which are those of this host, the CPUs that
// it is bound to; nil if none is bound. m is this host, nil to look at it only if that
// is needed.
func (b Binding) CPUs(m *topo.Machine, ranks []int) ([]topo.Set, error) {
	place, err := ParsePlacement(b.To, b.By)
	if err != nil {
		return nil, err
	}
	bound := b.File != nil || place.Binds()
	if !bound && (b.To != "" || b.By != "" || !canBind || len(ranks) < 2 || len(ranks) > topo.LocalUsableCores()) {
		return nil, nil
	}
	if m == nil {
		m, err = topo.Local()
	}
	switch {
	case err != nil && !bound: // where the system does not tell of its cores, nothing is bound
		return nil, nil
	case err != nil:
		return nil, err
	case !bound:
		return Shares(m, len(ranks)), nil
	case b.File != nil:
		return b.byFile(m, ranks)
	case !canBind:
		return nil, fmt.Errorf("-bind-to %s: this system does not let mpiexec bind ranks to CPUs", b.To)
	}
	return place.CPUs(m, len(ranks))
}

// byFile returns the CPUs of ranks as a rankfile says; nil if it binds none. Ranks
// without slots run where mpiexec may.
func (b Binding) byFile(m *topo.Machine, ranks []int) ([]topo.Set, error) {
	bind := make([]topo.Set, len(ranks))
	bound := false
	for i, rank := range ranks {
		r := b.File[rank]
		bind[i] = m.Allowed
		if r.Slots == nil {
			continue
		}
		if bound = true; !canBind {
			return nil, &hostfile.Error{Place: r.At, What: "this system does not let mpiexec bind ranks to CPUs"}
		}
		bind[i] = topo.Set{}
		for _, s := range r.Slots {
			cpus, err := cpusOf(m, s)
			if err == nil && cpus.And(m.Allowed).Count() == 0 {
				err = fmt.Errorf("slot %v is not among the CPUs that mpiexec may use (%v)", s, m.Allowed)
			}
			if err != nil {
				return nil, &hostfile.Error{Place: r.At, What: err.Error()}
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
func cpusOf(m *topo.Machine, s hostfile.Slot) (topo.Set, error) {
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

// BindingLines says where ranks are bound, a line for each. m is this host; cpus may
// be nil.
func BindingLines(m *topo.Machine, ranks []int, cpus []topo.Set) []string {
	lines := make([]string, len(ranks))
	for i, rank := range ranks {
		var set topo.Set
		if cpus != nil {
			set = cpus[i]
		}
		lines[i] = fmt.Sprintf("MCW rank %d %s", rank, DescribeBinding(m, set))
	}
	return lines
}

// message is what a host is told of the ranks that it has.
func (b Binding) message(ranks []int) control.Bind {
	m := control.Bind{To: b.To, By: b.By, Given: b.File != nil, Report: b.Report}
	for _, rank := range ranks {
		if b.File == nil {
			break
		}
		r := b.File[rank]
		for _, s := range r.Slots {
			m.Slots = append(m.Slots, control.Slot{Rank: rank, Socket: s.Socket, First: s.First, Last: s.Last, File: r.At.File, Line: r.At.Line})
		}
	}
	return m
}

// bindingOf reads such a message, for a job of n ranks.
func bindingOf(m control.Bind, n int) (Binding, error) {
	b := Binding{To: m.To, By: m.By, Report: m.Report}
	if m.Given {
		b.File = make([]hostfile.Rank, n)
	}
	for _, s := range m.Slots {
		if s.Rank < 0 || s.Rank >= len(b.File) {
			return b, fmt.Errorf("slots of rank %d of %d", s.Rank, n)
		}
		r := &b.File[s.Rank]
		r.At = hostfile.Place{File: s.File, Line: s.Line}
		r.Slots = append(r.Slots, hostfile.Slot{Socket: s.Socket, First: s.First, Last: s.Last})
	}
	return b, nil
}

// spreadOver puts the CPUs of the ranks of a host at their places among all n.
func spreadOver(n int, ranks []int, cpus []topo.Set) []topo.Set {
	if cpus == nil {
		return nil
	}
	all := make([]topo.Set, n)
	for i, rank := range ranks {
		all[rank] = cpus[i]
	}
	return all
}
