package cli

import (
	"slices"
	"strconv"
	"strings"

	"github.com/ringo-mpi/ringo/internal/launch/hosts"
	"github.com/ringo-mpi/ringo/internal/topo"
)

// A machine is a host of the job. All names of this machine are one.
type machine struct {
	hosts.Host
	local bool
}

// placing says where the ranks run.
type placing struct {
	machines []machine // those that have ranks
	of       []int     // the machine of each rank
	here     int       // this machine; -1: it has no ranks
}

// alone reports whether all ranks run here.
func (p *placing) alone() bool { return len(p.machines) == 1 && p.here == 0 }

// located is a host's name and number.
type located struct {
	name   string
	number int
}

// host is that of a rank.
func (p *placing) host(rank int) located {
	k := p.of[rank]
	return located{p.machines[k].Name, k}
}

// near returns the ranks that run here.
func (p *placing) near() (ranks []int) {
	for rank, m := range p.of {
		if m == p.here {
			ranks = append(ranks, rank)
		}
	}
	return ranks
}

// A list is the hosts that programs run on, in their order, and how far they have been
// filled.
type list struct {
	machines []int // by their numbers
	slots    []int // ranks on each in a turn
	most     []int // … at most; 0: no limit
	used     []int // ranks that each has
	at, turn int   // the next rank goes to this one, which has so many of this turn
}

// add takes up a host. One that is there already takes as many more.
func (l *list) add(number int, h hosts.Host, slots int) {
	if i := slices.Index(l.machines, number); i >= 0 {
		l.slots[i] += slots
		if l.most[i] > 0 && h.Most > 0 {
			l.most[i] += h.Most
		} else {
			l.most[i] = 0
		}
		return
	}
	l.machines = append(l.machines, number)
	l.slots = append(l.slots, slots)
	l.most = append(l.most, h.Most)
	l.used = append(l.used, 0)
}

// total is how many ranks there are slots for.
func (l *list) total() (n int) {
	for _, s := range l.slots {
		n += s
	}
	return n
}

// next returns the machine of the next rank: each is filled in its turn, and then they
// begin anew. It returns -1 where none takes any more.
func (l *list) next() int {
	for range 2*len(l.machines) + 1 {
		if l.turn < l.slots[l.at] && (l.most[l.at] == 0 || l.used[l.at] < l.most[l.at]) {
			l.turn++
			l.used[l.at]++
			return l.machines[l.at]
		}
		l.turn = 0
		l.at = (l.at + 1) % len(l.machines)
	}
	return -1
}

// A mapper finds the machines of the job and puts its ranks on them.
type mapper struct {
	c        *config
	machines []machine
	all      *list // of -hostfile and -hosts, or of the first program's -host; nil: this machine
}

// number returns the number of a host among the machines.
func (m *mapper) number(h hosts.Host) int {
	local := isLocal(h.Name)
	for i, o := range m.machines {
		if local && o.local || !local && !o.local && strings.EqualFold(h.Name, o.Name) && h.User == o.User && h.Port == o.Port {
			return i
		}
	}
	if local {
		h = hosts.Host{Name: ownName(), At: h.At}
	}
	m.machines = append(m.machines, machine{h, local})
	return len(m.machines) - 1
}

// list makes a list of hosts.
func (m *mapper) list(named []hosts.Host) (*list, error) {
	l := &list{}
	for _, h := range named {
		number := m.number(h)
		slots := h.Slots
		switch {
		case m.c.perHost > 0:
			slots = m.c.perHost
			if slices.Contains(l.machines, number) {
				slots = 0
			}
		case slots == 0 && m.machines[number].local:
			slots = topo.LocalUsableCores()
		case slots == 0:
			return nil, usagef("%v", &hosts.Error{Place: h.At, What: h.Name + ":*: how many cores another host has is not known before it is asked; write " + h.Name + ":N"})
		}
		l.add(number, h, slots)
	}
	return l, nil
}

// newMapper reads what the command line says of hosts.
func newMapper(c *config) (*mapper, error) {
	m := &mapper{c: c}
	named := c.hosts
	if named == nil {
		named = c.apps[0].hosts
	}
	if named == nil {
		return m, nil
	}
	var err error
	m.all, err = m.list(named)
	return m, err
}

// place puts ranks on machines, as many of each program as counts says.
func (m *mapper) place(counts []int) (*placing, error) {
	n := 0
	for _, k := range counts {
		n += k
	}
	var of []int
	var err error
	switch {
	case m.c.rankfile != nil:
		of, err = m.byFile(n)
	case m.c.rankMap != nil:
		of, err = m.byVector(n)
	default:
		of, err = m.bySlots(counts)
	}
	if err != nil {
		return nil, err
	}
	// Machines without ranks are left out.
	p := &placing{here: -1, of: of}
	numbers := map[int]int{}
	for rank, machine := range of {
		k, seen := numbers[machine]
		if !seen {
			k = len(p.machines)
			numbers[machine] = k
			p.machines = append(p.machines, m.machines[machine])
			if m.machines[machine].local {
				p.here = k
			}
		}
		of[rank] = k
	}
	return p, nil
}

func (m *mapper) bySlots(counts []int) (of []int, err error) {
	for i, count := range counts {
		a := m.c.apps[i]
		l := m.all
		if a.hosts != nil && (m.c.hosts != nil || i > 0) {
			if l, err = m.list(a.hosts); err != nil {
				return nil, err
			}
		}
		for range count {
			machine := 0
			switch {
			case l == nil:
				machine = m.number(hosts.Host{Name: "localhost"})
			default:
				if machine = l.next(); machine < 0 {
					return nil, usagef("%d ranks: with max_slots the hosts take %d", len(of)+1, len(of))
				}
			}
			of = append(of, machine)
		}
	}
	return of, nil
}

// byFile puts ranks where the rankfile says.
func (m *mapper) byFile(n int) ([]int, error) {
	file := m.c.rankfile
	if n > len(file) {
		return nil, usagef("%s: it has ranks 0 to %d, the job has %d ranks", file[0].At.File, len(file)-1, n)
	}
	// +nK is the host K of the other options, or of the file.
	order := []int{}
	if m.all != nil {
		order = m.all.machines
	}
	of := make([]int, n)
	for i, r := range file {
		if r.Index < 0 {
			k := m.number(r.Host)
			if m.all == nil && !slices.Contains(order, k) {
				order = append(order, k)
			}
			if i < n {
				of[i] = k
			}
		}
	}
	if len(order) == 0 {
		order = append(order, m.number(hosts.Host{Name: "localhost"}))
	}
	for i, r := range file[:n] {
		if r.Index < 0 {
			continue
		}
		if r.Index >= len(order) {
			return nil, usagef("%v", &hosts.Error{Place: r.At, What: "+n" + strconv.Itoa(r.Index) + ": " + upTo(len(order))})
		}
		of[i] = order[r.Index]
	}
	return of, nil
}

// byVector puts ranks where -rankmap says; the vector begins anew at its end.
func (m *mapper) byVector(n int) ([]int, error) {
	order := []int{}
	if m.all != nil {
		order = m.all.machines
	}
	if len(order) == 0 {
		order = append(order, m.number(hosts.Host{Name: "localhost"}))
	}
	of := make([]int, n)
	for i := range of {
		k := m.c.rankMap[i%len(m.c.rankMap)]
		if k >= len(order) {
			return nil, usagef("-rankmap: host %d: %s", k, upTo(len(order)))
		}
		of[i] = order[k]
	}
	return of, nil
}

// upTo says which hosts there are.
func upTo(n int) string {
	if n == 1 {
		return "there is host 0 only"
	}
	return "there are hosts 0 to " + strconv.Itoa(n-1)
}
