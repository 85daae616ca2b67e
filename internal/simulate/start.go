package simulate

import (
	"cmp"
	"fmt"
	"slices"
)

// Launch is how a job is started: by a launcher on the first host that starts an
// agent on each other one over ssh, directly or by way of agents that start
// further ones; each agent starts the ranks of its host, and the agents pass on,
// up the tree and down again, what the ranks tell of themselves.
type Launch struct {
	Ranks    int
	Network  Network
	Fanout   int  // hosts that one agent starts; 0: the launcher starts all
	Parallel int  // ssh connections that one agent makes at once
	Remote   Time // an ssh connection, until the agent there runs
	Spawn    Time // a process; the ranks of a host are started one after another
	Card     int  // bytes that each rank tells all others
}

// DefaultLaunch returns a job of 1,000 ranks that is started as mpiexec does: at
// most 32 connections at once, a tree above 64 hosts.
func DefaultLaunch() Launch {
	l := Launch{Ranks: 1000, Network: Default(), Parallel: 32, Remote: 150 * Millisecond, Spawn: Millisecond, Card: 64}
	return l
}

// TreeAbove is the number of hosts above which agents start further agents.
const TreeAbove = 64

// Started is when what has happened, after the command.
type Started struct {
	Agents    Time // the last agent runs
	Ranks     Time // the last rank runs
	Exchanged Time // the last rank knows all others
	Deepest   int  // agents between the launcher and the last one
}

// Check returns an error that names the first value without sense.
func (l *Launch) Check() error {
	if err := l.Network.Check(); err != nil {
		return err
	}
	switch {
	case l.Ranks < 1 || l.Ranks > MaxRanks:
		return fmt.Errorf("%d ranks: 1 to %d can be started", l.Ranks, MaxRanks)
	case l.Fanout < 0 || l.Fanout == 1:
		return fmt.Errorf("a fan-out of %d: an agent starts at least 2 others, or the launcher all (0)", l.Fanout)
	case l.Parallel < 1:
		return fmt.Errorf("%d connections at once: there is at least 1", l.Parallel)
	case l.Remote < 0 || l.Remote > longest || l.Spawn < 0 || l.Spawn > longest:
		return fmt.Errorf("the time of a connection and of a process is 0 to %v", longest)
	case l.Card < 0 || l.Card > 1<<20:
		return fmt.Errorf("%d bytes of each rank: 0 to %d", l.Card, 1<<20)
	}
	return nil
}

// Play returns when the job has started. Subtrees of as many hosts take equally
// long, so that one of each size is played.
func (l *Launch) Play() (Started, error) {
	if err := l.Check(); err != nil {
		return Started{}, err
	}
	hosts := (l.Ranks + l.Network.PerHost - 1) / l.Network.PerHost
	p := &launching{Launch: l, costs: l.Network.costs(), up: map[int]rise{}, down: map[int]Time{}}
	up := p.rise(hosts)
	return Started{Agents: up.agents, Ranks: up.ranks, Exchanged: up.whole + p.fall(hosts), Deepest: up.depth}, nil
}

type launching struct {
	*Launch
	costs costs
	up    map[int]rise
	down  map[int]Time
}

// rise is when, in a subtree after its first agent has begun, …
type rise struct {
	agents Time // … the last agent runs
	ranks  Time // … the last rank runs
	whole  Time // … the first agent has the cards of all
	depth  int
}

// children are the sizes of the subtrees below the agent of a subtree of so many
// hosts, the largest first.
func (p *launching) children(hosts int) []int {
	others := hosts - 1
	n := others
	if p.Fanout > 0 {
		n = min(p.Fanout, others)
	}
	sizes := make([]int, n)
	for i := range sizes {
		sizes[i] = others / n
		if i < others%n {
			sizes[i]++
		}
	}
	return sizes
}

// perHost is the ranks of a host; only the last one may have fewer, which is not
// looked at.
func (p *launching) perHost() Time { return Time(min(p.Network.PerHost, p.Ranks)) }

func (p *launching) rise(hosts int) rise {
	if r, ok := p.up[hosts]; ok {
		return r
	}
	local := p.perHost() * p.Spawn
	r := rise{ranks: local}
	// Each rank tells its agent; the agent takes one after another.
	r.whole = local + p.costs.within.Latency + p.perHost()*p.costs.within.Overhead
	type card struct {
		at    Time
		bytes int64
	}
	var cards []card
	for i, size := range p.children(hosts) {
		begun := Time(i/p.Parallel+1) * p.Remote
		below := p.rise(size)
		r.agents = max(r.agents, begun+below.agents)
		r.ranks = max(r.ranks, begun+below.ranks)
		r.depth = max(r.depth, below.depth+1)
		cards = append(cards, card{begun + below.whole, int64(size) * int64(p.perHost()) * int64(p.Card)})
	}
	slices.SortStableFunc(cards, func(a, b card) int { return cmp.Compare(a.at, b.at) })
	link := p.costs.between
	free := Time(0)
	for _, c := range cards {
		begin := max(c.at+link.Overhead+link.Latency, free)
		n := bytes(c.bytes, p.costs.farByte)
		free = begin + max(link.Gap, n)
		r.whole = max(r.whole, begin+n) + link.Overhead
	}
	p.up[hosts] = r
	return r
}

// fall is the time from when an agent has all cards until all ranks of its
// subtree have them.
func (p *launching) fall(hosts int) Time {
	if t, ok := p.down[hosts]; ok {
		return t
	}
	all := int64(p.Ranks) * int64(p.Card)
	link := p.costs.between
	core, out, last := Time(0), Time(0), Time(0)
	for _, size := range p.children(hosts) {
		core += link.Overhead
		begin := max(core, out)
		n := bytes(all, p.costs.farByte)
		out = begin + max(link.Gap, n)
		last = max(last, begin+link.Latency+n+link.Overhead+p.fall(size))
	}
	// Then the ranks of its own host, which share the memory that has them.
	core += p.perHost() * p.costs.within.Overhead
	t := max(last, core+p.costs.within.Latency)
	p.down[hosts] = t
	return t
}
