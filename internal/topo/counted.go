package topo

import "runtime"

// counted is the machine of which only the number of CPUs is known.
func counted() *Machine {
	n := runtime.NumCPU()
	m := regular(1, n, n)
	m.Source = "count"
	return m
}

// regular is a machine of equal sockets, cores and threads, all CPUs allowed,
// numbered in the order of the tree. It is nil if the numbers do not divide.
func regular(sockets, cores, threads int) *Machine {
	if sockets < 1 || cores < sockets || threads < cores || cores%sockets != 0 || threads%cores != 0 {
		return nil
	}
	m := &Machine{NUMA: []Node{{}}}
	for id := range threads {
		c := CPU{ID: id, Core: id / (threads / cores), Socket: id / (threads / sockets), Thread: id % (threads / cores)}
		m.CPUs = append(m.CPUs, c)
		if c.Socket == len(m.Sockets) {
			m.Sockets = append(m.Sockets, Socket{ID: c.Socket})
		}
		if c.Core == len(m.Cores) {
			m.Cores = append(m.Cores, nil)
		}
		m.Sockets[c.Socket].CPUs.Add(id)
		m.Cores[c.Core].Add(id)
		m.NUMA[0].CPUs.Add(id)
		m.Allowed.Add(id)
	}
	return m
}
