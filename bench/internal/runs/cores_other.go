//go:build !linux

package runs

import (
	"fmt"
	"os"

	"github.com/ringo-mpi/ringo/internal/topo"
)

// Confine cannot restrict processes to cores here: it only counts them.
func Confine(n int) (Cores, error) {
	m, err := topo.Local()
	if err != nil {
		return Cores{}, err
	}
	have := m.UsableCores()
	if have < n {
		return Cores{}, fmt.Errorf("-cores %d: this process may use %d", n, have)
	}
	c := Cores{All: true, Root: os.Geteuid() == 0}
	for id := range min(n, have) {
		c.IDs = append(c.IDs, id)
	}
	return c, nil
}
