package muster

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ringo-mpi/ringo/internal/embedded/segment"
	"github.com/ringo-mpi/ringo/internal/embedded/shm"
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
	"github.com/ringo-mpi/ringo/internal/manager"
	"github.com/ringo-mpi/ringo/internal/proof"
)

// build is what the ranks of a job have to have in common.
const build = "ringo1-" + runtime.GOARCH

const (
	// headTime is how long a head may take from the second fence until its ranks have
	// the memory, and they until they have called it.
	headTime = 60 * time.Second

	// firstWords is how long a caller may take to say who it is.
	firstWords = 5 * time.Second

	// patience is after how long the user hears that ranks wait for others.
	patience = 30 * time.Second
)

// Keys of the exchange.
const (
	keyCard    = "card"
	keyHead    = "head"
	keyAddress = "at"
	keyNews    = "news"
)

// muster is the gathering as one rank sees it.
type muster struct {
	m          manager.Manager
	rank, size int
	life       int // the socket that tells others that this process lives
	listener   int // the socket that is called for the memory of the host
	own        *card
	cards      map[int]*card
	key        []byte
	head       int   // the rank that makes the memory of this host
	calling    int   // to the head: the connection
	heads      []int // of the head: whom each rank has as its head
}

// Join gathers the ranks of a manager's job, and returns this rank's end of it. The
// job calls the manager at its end. If it fails, the other ranks may be waiting.
func Join(m manager.Manager) (transport.End, *Job, error) {
	g := &muster{m: m, rank: m.Rank(), size: m.Size(), cards: map[int]*card{}, life: -1, listener: -1, calling: -1}
	end, j, err := g.join()
	for _, fd := range []int{g.listener, g.calling} {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
	return end, j, err
}

func (g *muster) join() (end transport.End, j *Job, err error) {
	if g.size > segment.MaxRanks {
		return end, nil, fmt.Errorf("%d ranks, and there are at most %d", g.size, segment.MaxRanks)
	}
	if err = g.introduce(); err != nil {
		return end, nil, err
	}
	if err = g.findHead(); err != nil {
		return end, nil, err
	}
	if err = g.m.Put(keyHead, strconv.Itoa(g.head)); err != nil {
		return end, nil, err
	}
	if err = g.fence(); err != nil {
		return end, nil, err
	}
	var seg *segment.Segment
	var sockets []string
	if g.head == g.rank {
		seg, sockets, err = g.makeMemory()
	} else {
		seg, sockets, err = g.takeMemory()
	}
	if err != nil {
		return end, nil, err
	}
	j = newJob(g, seg, sockets)
	end, err = shm.Enter(seg, g.rank, j)
	return end, j, err
}

// fence is the manager's, and tells the user after a while that it waits.
func (g *muster) fence() error {
	timer := time.AfterFunc(patience, func() {
		fmt.Fprintf(os.Stderr, "ringo: rank %d of %d has been waiting for %v for the other ranks to start\n", g.rank, g.size, patience)
	})
	defer timer.Stop()
	return g.m.Fence()
}

// introduce puts this rank's card.
func (g *muster) introduce() (err error) {
	c := &card{build: build, host: thisHost(), cores: coresOf(), addresses: addressesOf()}
	name, _ := os.Hostname()
	c.name = clean(name + os.Getenv("RINGO_TEST_HOST"))
	c.socket = newName()
	if g.life, err = listen(forLife, c.socket); err == nil {
		g.listener, err = listen(forMemory, c.socket)
	}
	if err != nil {
		return fmt.Errorf("it cannot open a socket for the ranks of its host: %w", err)
	}
	if g.key = g.m.Secret(); g.key == nil && g.rank == 0 {
		c.key = make([]byte, keySize)
		rand.Read(c.key)
	}
	g.own = c
	g.cards[g.rank] = c
	if err := g.m.Put(keyCard, c.String()); err != nil {
		return err
	}
	return g.fence()
}

// card returns what a rank has told of itself.
func (g *muster) card(rank int) (*card, error) {
	if c := g.cards[rank]; c != nil {
		return c, nil
	}
	value, err := g.m.Get(rank, keyCard)
	if err != nil {
		return nil, fmt.Errorf("rank %d has told nothing of itself: %w", rank, err)
	}
	c, err := parseCard(value)
	if err == nil && c.build != build {
		err = fmt.Errorf("it is %s, this one %s: all ranks of a job run the same build of a program", c.build, build)
	}
	if err != nil {
		return nil, fmt.Errorf("rank %d: %w", rank, err)
	}
	g.cards[rank] = c
	return c, nil
}

// findHead finds the lowest rank of this host, and calls it.
func (g *muster) findHead() error {
	first, err := g.card(0)
	if err != nil {
		return err
	}
	if g.key == nil {
		g.key = first.key
	}
	if len(g.key) != keySize {
		return errors.New("rank 0 has put no key for the job")
	}
	for g.head = 0; g.head < g.rank; g.head++ {
		c, err := g.card(g.head)
		if err != nil {
			return err
		}
		if c.host == g.own.host {
			break
		}
	}
	if g.head == g.rank {
		return nil
	}
	if err := g.callHead(g.cards[g.head]); err != nil {
		verbose("ringo: rank %d cannot reach rank %d of the same host (%v): the two talk over connections\n", g.rank, g.head, err)
		g.head = g.rank
	}
	return nil
}

func verbose(format string, args ...any) {
	if on, err := strconv.ParseBool(os.Getenv("RINGO_VERBOSE")); err == nil && on {
		fmt.Fprintf(os.Stderr, format, args...)
	}
}

// callHead connects to the head. Its system takes the call even before it looks.
func (g *muster) callHead(c *card) error {
	until := time.Now().Add(headTime)
	for {
		fd, err := callSocket(forMemory, c.socket)
		switch {
		case errors.Is(err, unix.EAGAIN) && time.Now().Before(until):
			time.Sleep(10 * time.Millisecond)
			continue
		case err != nil:
			return err
		}
		g.calling = fd
		return nil
	}
}

// makeMemory makes the memory of the ranks that have this one as their head.
func (g *muster) makeMemory() (*segment.Segment, []string, error) {
	if err := g.gatherHeads(); err != nil {
		return nil, nil, err
	}
	var ranks []int // of this host
	hosts := map[int]int{}
	for r, h := range g.heads {
		if h == g.rank {
			ranks = append(ranks, r)
		}
		if h == r {
			hosts[h] = len(hosts)
		}
	}
	var cards []*card
	var sockets []string
	for _, r := range ranks {
		c, err := g.card(r)
		if err != nil {
			return nil, nil, err
		}
		cards, sockets = append(cards, c), append(sockets, c.socket)
	}
	seg, err := shm.CreateFor(g.size, len(ranks), union(cards))
	if err != nil {
		return nil, nil, err
	}
	seg.SetKey([keySize]byte(g.key))
	var list []string
	for _, a := range g.own.addresses[:min(len(g.own.addresses), maxAddresses)] {
		list = append(list, a.String())
	}
	seg.SetHere(hosts[g.rank], strings.Join(list, ","))
	for r, h := range g.heads {
		c, err := g.card(h)
		if err != nil {
			return nil, nil, err
		}
		seg.SetHome(r, segment.Home{Host: hosts[h], Name: c.name})
	}
	if err := g.serve(seg, ranks, sockets); err != nil {
		return nil, nil, err
	}
	return seg, sockets, nil
}

// gatherHeads learns whom each rank has as its head.
func (g *muster) gatherHeads() error {
	g.heads = make([]int, g.size)
	for r := range g.heads {
		h := g.head
		if r != g.rank {
			value, err := g.m.Get(r, keyHead)
			if err != nil {
				return err
			}
			if h, err = strconv.Atoi(value); err != nil || h < 0 || h > r {
				return fmt.Errorf("rank %d says %.40q of its host", r, value)
			}
		}
		g.heads[r] = h
	}
	for r, h := range g.heads {
		if g.heads[h] != h {
			return fmt.Errorf("rank %d has rank %d as its head, which has rank %d", r, h, g.heads[h])
		}
	}
	return nil
}

// serve passes the memory to the ranks that have called.
func (g *muster) serve(seg *segment.Segment, ranks []int, sockets []string) error {
	want := map[int]bool{}
	for _, r := range ranks {
		want[r] = true
	}
	delete(want, g.rank)
	calls := proof.Within(g.listener, headTime)
	for len(want) > 0 {
		if err := calls.Wait(unix.POLLIN); err != nil {
			return fmt.Errorf("%d ranks of this host have not come for its memory: %w", len(want), err)
		}
		fd, _, err := unix.Accept4(g.listener, unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK)
		if err != nil {
			continue
		}
		if r, err := g.welcome(proof.Within(fd, firstWords), want, seg, sockets); err == nil {
			delete(want, r)
		}
		unix.Close(fd)
	}
	return nil
}

// welcome passes the memory to a caller that is a rank of this host.
func (g *muster) welcome(t proof.Talk, want map[int]bool, seg *segment.Segment, sockets []string) (int, error) {
	if err := sameUser(t.FD); err != nil {
		return 0, err
	}
	r, err := proof.Answer(t, g.key, g.size)
	if err != nil {
		return 0, err
	}
	if !want[r] {
		return 0, proof.ErrStranger
	}
	return r, sendMemory(t, int(seg.File().Fd()), sockets)
}

// takeMemory gets the memory of this host from its head.
func (g *muster) takeMemory() (*segment.Segment, []string, error) {
	t := proof.Within(g.calling, headTime)
	fail := func(err error) (*segment.Segment, []string, error) {
		return nil, nil, fmt.Errorf("rank %d, which makes the memory of this host, has not passed it: %w", g.head, err)
	}
	if err := proof.Call(t, g.key, g.rank); err != nil {
		return fail(err)
	}
	memory, first, err := receiveMemory(t)
	if err != nil {
		return fail(err)
	}
	seg, err := segment.Open(uintptr(memory))
	if err != nil {
		return fail(err)
	}
	sockets, err := receiveSockets(t, first, seg.RanksHere())
	if err != nil {
		return fail(err)
	}
	return seg, sockets, nil
}

// Share is how many threads of a rank are to run at once: its share of the cores of
// its host, one for the program and one for what runs beside it at least.
func (j *Job) Share() int {
	cores := j.seg.Cores()
	if cores == 0 {
		cores = runtime.NumCPU()
	}
	return max(2, cores/j.seg.RanksHere())
}

// Tell tells the other hosts of the job, if there are any, where this rank waits for
// connections, and this host where theirs do. All ranks call it.
func (j *Job) Tell() error {
	g := j.gather
	if !j.seg.Spread() {
		return nil
	}
	if err := g.m.Put(keyAddress, j.seg.Find(g.rank)); err != nil {
		return err
	}
	if g.rank == g.head {
		j.news = &news{
			seg: j.seg, rank: g.rank, key: g.key, near: append([]int{g.rank}, j.ring...), listener: -1,
			told: map[int]transport.State{}, links: map[int]*os.File{}, quiet: make(chan struct{}),
		}
	}
	if g.rank == 0 {
		port, err := j.news.open()
		if err != nil {
			return err
		}
		if err := g.m.Put(keyNews, at(g.own.addresses, port)); err != nil {
			return err
		}
	}
	if err := g.fence(); err != nil {
		return err
	}
	if g.head != g.rank {
		return nil
	}
	if err := j.findFar(); err != nil {
		return err
	}
	if g.rank == 0 {
		heads := map[int]bool{}
		for _, h := range g.heads {
			heads[h] = h != 0
		}
		delete(heads, 0)
		j.news.serve(heads)
	} else {
		where, err := g.m.Get(0, keyNews)
		if err != nil {
			return err
		}
		if err := j.news.call(where); err != nil {
			return err
		}
	}
	go j.news.run()
	return nil
}

// at is a port at each of some addresses.
func at(addresses []netip.Addr, port uint16) string {
	if len(addresses) == 0 {
		addresses = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}
	}
	var list []string
	for _, a := range addresses[:min(len(addresses), maxAddresses)] {
		list = append(list, netip.AddrPortFrom(a, port).String())
	}
	return strings.Join(list, ",")
}

// findFar learns where the ranks of the other hosts wait for connections.
func (j *Job) findFar() error {
	g := j.gather
	for r := range g.size {
		if j.seg.Near(r) {
			continue
		}
		at, err := g.m.Get(r, keyAddress)
		if err != nil {
			return err
		}
		for a := range strings.SplitSeq(at, ",") {
			if _, err := netip.ParseAddrPort(a); err != nil {
				return fmt.Errorf("rank %d waits at %.80q, which is no address", r, at)
			}
		}
		if !j.seg.Publish(r, at) {
			return fmt.Errorf("rank %d waits at too many addresses", r)
		}
	}
	return nil
}
