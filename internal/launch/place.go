package launch

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ringo-mpi/ringo/internal/topo"
)

// Placement says on which CPUs the ranks run, in the words of MPICH's and Open
// MPI's launchers. The zero value binds nothing.
//
// Mapping deals the ranks out to objects of the machine one after another, or n
// at a time to each object (ppr:n:object). Binding then takes for each rank the
// next free smaller object inside the object that it was dealt to, or the
// larger object around that.
type Placement struct {
	bind    bool
	level   topo.Level
	width   int // objects of the level for each rank
	user    []topo.Set
	osOrder bool // hardware threads in the order of the system's numbers

	mapped   bool // an order was asked for
	mapLevel topo.Level
	perObj   int // ppr; 0: one rank for each object in turn
}

var levels = map[string]topo.Level{
	"hwthread": topo.LevelThread, "thread": topo.LevelThread, "pu": topo.LevelThread,
	"core": topo.LevelCore, "slot": topo.LevelCore,
	"l1cache": topo.LevelL1, "l1": topo.LevelL1, "l2cache": topo.LevelL2, "l2": topo.LevelL2, "l3cache": topo.LevelL3, "l3": topo.LevelL3,
	"numa": topo.LevelNUMA, "numanode": topo.LevelNUMA, "socket": topo.LevelSocket, "package": topo.LevelSocket,
	"board": topo.LevelMachine, "machine": topo.LevelMachine, "node": topo.LevelMachine,
}

// maxWidth bounds counts in a placement.
const maxWidth = 1 << 16

// ParsePlacement reads the values of -bind-to and -map-by; "" is an option that
// was not given.
//
//	bind  none | rr | OBJECT[:N] | user:LIST     (LIST: 0+2,1,4-7: one item for each rank, in turn)
//	map   OBJECT[:pe=N] | ppr:N:OBJECT[:pe=N]
//
// OBJECT is hwthread, core, l1cache, l2cache, l3cache, numa, socket or board.
// Open MPI's qualifiers that concern other limits (overload-allowed,
// oversubscribe …) are accepted.
func ParsePlacement(bind, mapBy string) (Placement, error) {
	var p Placement
	if err := p.parseMap(mapBy); err != nil {
		return Placement{}, fmt.Errorf("-map-by %s: %w", mapBy, err)
	}
	if err := p.parseBind(bind); err != nil {
		return Placement{}, fmt.Errorf("-bind-to %s: %w", bind, err)
	}
	if !p.mapped {
		// MPICH's rule: without -map-by ranks are dealt to what they are bound to.
		p.mapLevel = p.level
		if !p.bind || p.level == topo.LevelMachine {
			p.mapLevel = topo.LevelCore
		}
	}
	return p, nil
}

func (p *Placement) parseMap(text string) error {
	if text == "" {
		return nil
	}
	words := strings.Split(strings.ToLower(text), ":")
	if words[0] == "" && len(words) > 1 { // ":oversubscribe": qualifiers alone
		words[0] = "slot"
	}
	if words[0] == "none" {
		return nil
	}
	if words[0] == "ppr" {
		if len(words) < 3 {
			return fmt.Errorf("write ppr:N:OBJECT, for example ppr:2:socket")
		}
		n, err := count(words[1])
		if err != nil {
			return err
		}
		p.perObj = n
		words = words[2:]
	}
	level, ok := levels[words[0]]
	if !ok {
		return fmt.Errorf("%q is not one of hwthread, core, l1cache, l2cache, l3cache, numa, socket, slot, node", words[0])
	}
	p.mapped, p.mapLevel = true, level
	if level == topo.LevelMachine && p.perObj == 0 {
		p.mapLevel = topo.LevelCore // one node: in the order of its cores
	}
	for _, w := range strings.Split(strings.Join(words[1:], ","), ",") {
		if v, ok := strings.CutPrefix(w, "pe="); ok {
			n, err := count(v)
			if err != nil {
				return err
			}
			p.bind, p.level, p.width = true, topo.LevelCore, n
			continue
		}
		if err := qualifier(w); err != nil {
			return err
		}
	}
	return nil
}

func qualifier(w string) error {
	switch w {
	case "", "overload-allowed", "if-supported", "ordered", "oversubscribe", "nooversubscribe", "span":
		return nil
	}
	return fmt.Errorf("%q is not a known qualifier", w)
}

func (p *Placement) parseBind(text string) error {
	if text == "" {
		return nil
	}
	name, rest, _ := strings.Cut(strings.ToLower(text), ":")
	switch name {
	case "none":
		p.bind = false
		return qualifier(rest)
	case "user":
		for item := range strings.SplitSeq(rest, ",") {
			var set topo.Set
			for part := range strings.SplitSeq(item, "+") {
				s, err := topo.ParseList(part)
				if err != nil {
					return err
				}
				if s.Count() == 0 {
					return fmt.Errorf("write user:LIST, for example user:0+2,1,4-7")
				}
				set = set.Or(s)
			}
			p.user = append(p.user, set)
		}
		p.bind = true
		return nil
	case "rr":
		p.bind, p.level, p.width, p.osOrder = true, topo.LevelThread, 1, true
		return qualifier(rest)
	}
	level, ok := levels[name]
	if !ok || name == "slot" {
		return fmt.Errorf("%q is not one of none, rr, user:LIST, hwthread, core, l1cache, l2cache, l3cache, numa, socket, board", name)
	}
	width := max(p.width, 1) // pe=N of -map-by
	if p.width > 0 && level != topo.LevelCore && level != topo.LevelThread {
		return fmt.Errorf("pe=%d of -map-by needs -bind-to core or hwthread", p.width)
	}
	if n, err := strconv.Atoi(rest); err == nil {
		if n < 1 || n > maxWidth {
			return fmt.Errorf("%d objects for each rank", n)
		}
		width = n
	} else if err := qualifier(rest); err != nil {
		return err
	}
	p.bind, p.level, p.width = true, level, width
	return nil
}

func count(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxWidth {
		return 0, fmt.Errorf("%q is not a number of at least 1", text)
	}
	return n, nil
}

// Binds reports whether ranks are bound at all.
func (p Placement) Binds() bool { return p.bind }

// Ranks returns the number of ranks that the placement itself implies (ppr), or
// 0 if it implies none.
func (p Placement) Ranks(m *topo.Machine) int { return p.perObj * len(m.Objects(p.mapLevel)) }

// CPUs returns for each rank the CPUs it is bound to, nil if nothing is bound.
// With more ranks than objects the ranks start over from the first.
func (p Placement) CPUs(m *topo.Machine, ranks int) ([]topo.Set, error) {
	if !p.bind {
		return nil, nil
	}
	out := make([]topo.Set, ranks)
	if p.user != nil {
		for i, s := range p.user {
			if bad := s.AndNot(m.Allowed); bad.Count() > 0 {
				return nil, fmt.Errorf("-bind-to user: CPU %d (item %d) is not one of the CPUs that can be used here: %v", bad.First(), i+1, m.Allowed)
			}
		}
		for r := range out {
			out[r] = p.user[r%len(p.user)]
		}
		return out, nil
	}
	objects, homes := m.Objects(p.level), m.Objects(p.mapLevel)
	if p.osOrder && !p.mapped {
		slices.SortFunc(homes, func(a, b topo.Set) int { return a.First() - b.First() })
	}
	if len(objects) == 0 {
		return nil, fmt.Errorf("-bind-to %v: this machine does not tell of any", p.level)
	}
	if len(homes) == 0 {
		return nil, fmt.Errorf("-map-by %v: this machine does not tell of any", p.mapLevel)
	}
	used := make([]int, len(homes)) // ranks dealt to each
	for r := range out {
		h := r % len(homes)
		if p.perObj > 0 {
			h = r / p.perObj % len(homes)
		}
		inside, around := related(objects, homes[h])
		if around != nil {
			// The home itself and what follows it, if more than one is asked for.
			first := slices.IndexFunc(objects, around.Equal)
			for k := range min(p.width, len(objects)) {
				out[r] = out[r].Or(objects[(first+k)%len(objects)])
			}
		} else {
			for k := range min(p.width, len(inside)) {
				out[r] = out[r].Or(inside[(used[h]*p.width+k)%len(inside)])
			}
		}
		used[h]++
		out[r] = out[r].And(m.Allowed)
	}
	return out, nil
}

// Shares is where ranks run when the user has not said where: each on cores of
// its own, all of them on all cores. It returns nil, which binds nothing, for a
// single rank and for more ranks than there are cores (then the system moves
// ranks to where there is room).
//
// A rank has several threads, and the system tends to wake one on the core on
// which a peer is polling for its message.
func Shares(m *topo.Machine, ranks int) []topo.Set {
	cores := m.Objects(topo.LevelCore)
	if ranks < 2 || ranks > min(len(cores), m.UsableCores()) {
		return nil
	}
	out := make([]topo.Set, ranks)
	for r := range out {
		for _, core := range cores[r*len(cores)/ranks : (r+1)*len(cores)/ranks] {
			out[r] = out[r].Or(core)
		}
		out[r] = out[r].And(m.Allowed)
	}
	return out
}

// related returns the objects that lie inside of home, or if home is not larger
// than they are, the one around it.
func related(objects []topo.Set, home topo.Set) (inside []topo.Set, around topo.Set) {
	for _, o := range objects {
		if o.And(home).Equal(home) { // also the same
			return nil, o
		}
		if o.And(home).Count() > 0 {
			inside = append(inside, o)
		}
	}
	return inside, nil
}

// DescribeBinding tells a binding as Open MPI 4.1 does:
//
//	bound to socket 0[core 0[hwt 0-1]]: [BB/..][../..]
func DescribeBinding(m *topo.Machine, cpus topo.Set) string {
	if cpus == nil || cpus.Equal(m.Online()) {
		return "is not bound (or bound to all available processors)"
	}
	var where, picture []string
	for si, s := range m.Sockets {
		var cores []string
		for ci, core := range m.Cores {
			if !s.CPUs.Has(core.First()) {
				continue
			}
			var threads topo.Set
			marks := make([]byte, 0, 2)
			for t, id := range core.IDs() {
				if cpus.Has(id) {
					threads.Add(t)
					marks = append(marks, 'B')
				} else {
					marks = append(marks, '.')
				}
			}
			cores = append(cores, string(marks))
			if threads.Count() > 0 {
				where = append(where, fmt.Sprintf("socket %d[core %d[hwt %v]]", si, ci, threads))
			}
		}
		picture = append(picture, "["+strings.Join(cores, "/")+"]")
	}
	return "bound to " + strings.Join(where, ", ") + ": " + strings.Join(picture, "")
}
