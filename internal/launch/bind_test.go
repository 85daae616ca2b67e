package launch

import (
	"strings"
	"testing"

	"github.com/ringo-mpi/ringo/internal/launch/control"
	hostfile "github.com/ringo-mpi/ringo/internal/launch/hosts"
	"github.com/ringo-mpi/ringo/internal/topo"
)

// twoSockets is a machine of two sockets with two cores of two threads each; core 3
// is not to be used. Thread t of core c is CPU c+4t.
func twoSockets() *topo.Machine {
	m := &topo.Machine{}
	for id := range 8 {
		m.CPUs = append(m.CPUs, topo.CPU{ID: id})
	}
	for c := range 4 {
		m.Cores = append(m.Cores, topo.SetOf(c, c+4))
	}
	m.Sockets = []topo.Socket{{CPUs: topo.SetOf(0, 1, 4, 5)}, {CPUs: topo.SetOf(2, 3, 6, 7)}}
	m.Allowed = topo.SetOf(0, 1, 2, 4, 5, 6)
	return m
}

func TestBindByFile(t *testing.T) {
	parse := func(text string) (b Binding, ranks []int) {
		t.Helper()
		list, err := hostfile.ParseRankfile("r", text)
		if err != nil {
			t.Fatal(err)
		}
		for rank := range list {
			ranks = append(ranks, rank)
		}
		// As it comes to another host.
		sent, err := bindingOf(Binding{File: list}.message(ranks), len(list))
		if err != nil {
			t.Fatal(err)
		}
		return sent, ranks
	}
	b, _ := parse("rank 0=a slot=1:0\nrank 1=a slot=0:*\nrank 2=a slot=4,0-1\nrank 3=a\nrank 4=a slot=1:0-1\nrank 5=a slot=0:0;1:0\n")
	if !canBind {
		t.Skip("LEFT OUT: this system does not let mpiexec bind ranks")
	}
	got, err := b.byFile(twoSockets(), []int{0, 1, 2, 3, 4, 5})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []topo.Set{
		topo.SetOf(2, 6), topo.SetOf(0, 1, 4, 5), topo.SetOf(0, 1, 4), topo.SetOf(0, 1, 2, 4, 5, 6), topo.SetOf(2, 6), topo.SetOf(0, 4, 2, 6),
	} {
		if !got[i].Equal(want) {
			t.Errorf("rank %d runs on %v, want %v", i, got[i], want)
		}
	}
	if got, err := b.byFile(twoSockets(), []int{4, 2}); err != nil || !got[0].Equal(topo.SetOf(2, 6)) || !got[1].Equal(topo.SetOf(0, 1, 4)) {
		t.Errorf("ranks 4 and 2 alone: %v, %v", got, err)
	}
	b, ranks := parse("rank 0=a\nrank 1=a")
	if got, err := b.CPUs(twoSockets(), ranks); got != nil || err != nil {
		t.Errorf("without slots: %v, %v", got, err)
	}
	for text, want := range map[string]string{
		"rank 0=a slot=8":             "r:1: slot 8: there is no CPU 8: there are 0-7",
		"rank 0=a\nrank 1=a slot=2:0": "r:2: slot 2:0: there is no socket 2: there are 2",
		"rank 0=a slot=0:2":           "r:1: slot 0:2: socket 0 has cores 0 to 1",
		"rank 0=a slot=1:1":           "r:1: slot 1:1 is not among the CPUs that mpiexec may use",
		"rank 0=a slot=0:0-99":        "r:1: slot 0:0-99: socket 0 has cores 0 to 1",
		"rank 0=a slot=0;0:0;3":       "r:1: slot 3 is not among the CPUs",
	} {
		b, ranks := parse(text)
		if got, err := b.CPUs(twoSockets(), ranks); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, error %v; want %q", text, got, err, want)
		}
	}
	if _, err := bindingOf(control.Bind{Given: true, Slots: []control.Slot{{Rank: 2}}}, 2); err == nil {
		t.Error("slots of a rank that there is not")
	}
}
