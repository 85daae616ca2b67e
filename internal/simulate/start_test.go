package simulate

import (
	"cmp"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// agent is one host of a job that is played host by host.
type agent struct {
	begun Time
	below []*agent
	hosts int
	whole Time
}

// grow makes the tree of a launch, all agents of it.
func grow(l *Launch, hosts int, begun Time, all *[]*agent) *agent {
	a := &agent{begun: begun, hosts: hosts}
	*all = append(*all, a)
	others, n := hosts-1, hosts-1
	if l.Fanout > 0 {
		n = min(n, l.Fanout)
	}
	for i := range n {
		size := others / n
		if i < others%n {
			size++
		}
		slot := i / l.Parallel // all connections take equally long
		a.below = append(a.below, grow(l, size, begun+Time(slot+1)*l.Remote, all))
	}
	return a
}

// collect and spread are the exchange, with absolute times.
func (a *agent) collect(l *Launch) {
	per := Time(min(l.Network.PerHost, l.Ranks))
	a.whole = a.begun + per*l.Spawn + l.Network.Within.Latency + per*l.Network.Within.Overhead
	for _, b := range a.below {
		b.collect(l)
	}
	order := slices.Clone(a.below)
	slices.SortStableFunc(order, func(x, y *agent) int { return cmp.Compare(x.whole, y.whole) })
	free := Time(0)
	link := l.Network.Between
	for _, b := range order {
		first := max(b.whole+link.Overhead+link.Latency, free)
		n := bytes(int64(b.hosts)*int64(per)*int64(l.Card), float64(Second)/link.Bandwidth)
		free = first + max(n, link.Gap)
		a.whole = max(a.whole, first+n) + link.Overhead
	}
}

func (a *agent) spread(l *Launch, has Time) (last Time) {
	core, out := has, has
	link := l.Network.Between
	n := bytes(int64(l.Ranks)*int64(l.Card), float64(Second)/link.Bandwidth)
	for _, b := range a.below {
		core += link.Overhead
		first := max(core, out)
		out = first + max(n, link.Gap)
		last = max(last, b.spread(l, first+link.Latency+n+link.Overhead))
	}
	per := Time(min(l.Network.PerHost, l.Ranks))
	return max(last, core+per*l.Network.Within.Overhead+l.Network.Within.Latency)
}

// One subtree of each size stands for all: the same as playing every host.
func TestStartIsThatOfEveryHost(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		l := DefaultLaunch()
		l.Network = plain(rapid.IntRange(1, 5).Draw(rt, "per host"))
		l.Ranks = rapid.IntRange(1, 1500).Draw(rt, "ranks")
		l.Fanout = rapid.SampledFrom([]int{0, 2, 3, 8, 32}).Draw(rt, "fan-out")
		l.Parallel = rapid.IntRange(1, 40).Draw(rt, "at once")
		l.Card = rapid.IntRange(0, 2000).Draw(rt, "card")
		got, err := l.Play()
		if err != nil {
			rt.Fatal(err)
		}
		hosts := (l.Ranks + l.Network.PerHost - 1) / l.Network.PerHost
		var all []*agent
		root := grow(&l, hosts, 0, &all)
		if len(all) != hosts {
			rt.Fatalf("%d agents for %d hosts", len(all), hosts)
		}
		root.collect(&l)
		want := Started{Exchanged: root.spread(&l, root.whole)}
		for _, a := range all {
			want.Agents = max(want.Agents, a.begun)
			want.Ranks = max(want.Ranks, a.begun+Time(min(l.Network.PerHost, l.Ranks))*l.Spawn)
		}
		want.Deepest = got.Deepest
		if got != want {
			rt.Fatalf("%+v: %+v, want %+v", l, got, want)
		}
	})
}

// With all connections one after another, the launcher makes one for each host.
func TestStartOneAfterAnother(t *testing.T) {
	l := DefaultLaunch()
	l.Network = plain(4)
	l.Ranks, l.Parallel, l.Card = 40, 1, 0
	got, err := l.Play()
	if err != nil || got.Agents != 9*l.Remote || got.Ranks != 9*l.Remote+4*l.Spawn || got.Deepest != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	l.Parallel = 9
	if got, _ = l.Play(); got.Agents != l.Remote {
		t.Errorf("all at once: %v", got.Agents)
	}
	l.Ranks = 3
	if got, _ = l.Play(); got.Agents != 0 || got.Deepest != 0 || got.Ranks != 3*l.Spawn {
		t.Errorf("one host: %+v", got)
	}
}

func TestLaunchWithoutSense(t *testing.T) {
	for name, change := range map[string]func(l *Launch){
		"no ranks":          func(l *Launch) { l.Ranks = 0 },
		"fan-out of one":    func(l *Launch) { l.Fanout = 1 },
		"no connection":     func(l *Launch) { l.Parallel = 0 },
		"negative time":     func(l *Launch) { l.Remote = -1 },
		"endless process":   func(l *Launch) { l.Spawn = longest + 1 },
		"negative card":     func(l *Launch) { l.Card = -1 },
		"no rank of a host": func(l *Launch) { l.Network.PerHost = 0 },
	} {
		l := DefaultLaunch()
		change(&l)
		if _, err := l.Play(); err == nil {
			t.Errorf("%s: it is played", name)
		}
	}
}
