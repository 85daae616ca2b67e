//go:build !linux

package main

import (
	"fmt"
	"os"

	"github.com/ringo-mpi/ringo/internal/topo"
)

// confine cannot restrict processes to cores here: it only counts them.
func confine(n int) (cores, error) {
	m, err := topo.Local()
	if err != nil {
		return cores{}, err
	}
	have := m.UsableCores()
	if have < n {
		return cores{}, fmt.Errorf("-cores %d: this process may use %d", n, have)
	}
	c := cores{all: true, root: os.Geteuid() == 0}
	for id := range min(n, have) {
		c.ids = append(c.ids, id)
	}
	return c, nil
}
