package muster

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ringo-mpi/ringo/internal/embedded/segment"
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
	"github.com/ringo-mpi/ringo/internal/proof"
)

// In a job of several hosts the heads tell each other how far the ranks of their
// hosts have come. Each has a connection to rank 0, which passes on what it hears.
// A piece of news is
//
//	rank     4 bytes, little endian
//	state    1 byte
//	length   1 byte
//	cause    that many bytes
//
// A head stays until the ranks of its host have ended, and rank 0 until the heads
// have: else nobody would tell of those that are left.

const newsHeader = 6

// farewellTime is how long the other end may take to hear the last news.
const farewellTime = 10 * time.Second

// news is the head's part in it.
type news struct {
	seg      *segment.Segment
	rank     int
	key      []byte
	near     []int
	listener int // of rank 0, or -1

	mu      sync.Mutex
	told    map[int]transport.State // of the ranks of this host
	links   map[int]*os.File        // to the heads, or to rank 0
	heads   int                     // links that there are or that will be
	leaving bool
	quiet   chan struct{} // closed when no link is left, and none will come
}

// open begins to wait for the heads, on rank 0, and returns at which port.
func (n *news) open() (port uint16, err error) {
	if n.listener, err = proof.ListenPort(0); err != nil {
		return 0, err
	}
	name, err := unix.Getsockname(n.listener)
	if err != nil {
		return 0, os.NewSyscallError("getsockname", err)
	}
	switch name := name.(type) {
	case *unix.SockaddrInet4:
		port = uint16(name.Port)
	case *unix.SockaddrInet6:
		port = uint16(name.Port)
	}
	return port, nil
}

// serve takes the calls of the heads, on rank 0.
func (n *news) serve(heads map[int]bool) {
	n.heads = len(heads)
	time.AfterFunc(headTime, func() {
		for h := range heads {
			n.mu.Lock()
			missing := n.links[h] == nil
			n.mu.Unlock()
			if missing {
				n.seg.MarkDead(h, "it has not called rank 0 in time")
				n.gone()
			}
		}
	})
	go func() {
		defer unix.Close(n.listener)
		for {
			n.mu.Lock()
			rest := n.heads
			n.mu.Unlock()
			if rest == 0 {
				return
			}
			fds := []unix.PollFd{{Fd: int32(n.listener), Events: unix.POLLIN}}
			if k, _ := unix.Poll(fds, 100); k <= 0 {
				continue
			}
			fd, _, err := unix.Accept4(n.listener, unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK)
			if err != nil {
				time.Sleep(time.Millisecond)
				continue
			}
			go func() {
				head, err := proof.Answer(proof.Within(fd, firstWords), n.key, n.seg.Ranks())
				if err != nil || !n.join(head, heads[head], fd) {
					unix.Close(fd)
				}
			}()
		}
	}()
}

// call connects to rank 0, at one of some addresses.
func (n *news) call(addresses string) error {
	var failed error
	for a := range strings.SplitSeq(addresses, ",") {
		at, err := netip.ParseAddrPort(a)
		if err != nil {
			return fmt.Errorf("rank 0 waits at %.80q, which is no address", a)
		}
		fd, err := proof.Dial(at)
		if err == nil {
			if err = proof.Call(proof.Within(fd, firstWords), n.key, n.rank); err == nil {
				n.heads = 1
				n.join(0, true, fd)
				return nil
			}
			unix.Close(fd)
		}
		failed = errors.Join(failed, fmt.Errorf("%s: %w", a, err))
	}
	return fmt.Errorf("rank 0 cannot be reached (%s): RINGO_ADDRESS chooses the address of a host", strings.ReplaceAll(fmt.Sprint(failed), "\n", "; "))
}

// join takes up a link, and tells what has been told before.
func (n *news) join(other int, expected bool, fd int) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !expected || n.links[other] != nil {
		return false
	}
	link := os.NewFile(uintptr(fd), "news")
	n.links[other] = link
	for r := range n.seg.Ranks() {
		if n.seg.State(r) >= transport.Finalizing && n.seg.Home(r) != n.seg.Home(other) {
			n.write(link, r)
		}
	}
	go n.listen(other, link)
	return true
}

// write tells of a rank. The caller holds n.mu.
func (n *news) write(link *os.File, rank int) {
	cause := n.seg.Cause(rank)
	b := binary.LittleEndian.AppendUint32(nil, uint32(rank))
	b = append(b, byte(n.seg.State(rank)), byte(min(len(cause), 255)))
	b = append(b, cause[:min(len(cause), 255)]...)
	_ = link.SetWriteDeadline(time.Now().Add(farewellTime))
	_, _ = link.Write(b) // to one that has gone: its end is seen by who listens
}

// listen takes what comes over a link.
func (n *news) listen(other int, link *os.File) {
	for {
		rank, state, cause, err := readNews(link, n.seg.Ranks())
		if err != nil {
			break
		}
		if !n.seg.Near(rank) {
			n.take(rank, state, cause)
			n.pass(rank, other)
		}
	}
	n.mu.Lock()
	leaving := n.leaving
	n.mu.Unlock()
	if n.seg.State(other) < transport.Finalized && !leaving {
		n.seg.MarkDead(other, died)
		n.pass(other, other)
	}
	link.Close()
	n.gone()
}

// gone takes note of the end of a link.
func (n *news) gone() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.heads--; n.heads == 0 {
		close(n.quiet)
	}
}

// readNews reads a piece of news of one of some ranks.
func readNews(r io.Reader, ranks int) (rank int, state transport.State, cause string, err error) {
	var h [newsHeader]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return 0, 0, "", err
	}
	text := make([]byte, h[5])
	if _, err := io.ReadFull(r, text); err != nil {
		return 0, 0, "", err
	}
	number, state := binary.LittleEndian.Uint32(h[:]), transport.State(h[4])
	if number >= uint32(ranks) || state < transport.Finalizing || state > transport.Dead {
		return 0, 0, "", fmt.Errorf("news of rank %d of %d in state %d", number, ranks, h[4])
	}
	return int(number), state, string(text), nil
}

// take takes note of news of a rank of another host.
func (n *news) take(rank int, state transport.State, cause string) {
	switch state {
	case transport.Failed:
		n.seg.MarkFailed(rank, cause)
	case transport.Dead:
		n.seg.MarkDead(rank, cause)
	default:
		n.seg.Advance(rank, state)
	}
}

// pass passes news of a rank on, on rank 0, but not to where it came from.
func (n *news) pass(rank, from int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for other, link := range n.links {
		if other != from && other != 0 {
			n.write(link, rank)
		}
	}
}

// tell tells the others what is new on this host.
func (n *news) tell() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, r := range n.near {
		if s := n.seg.State(r); s >= transport.Finalizing && s != n.told[r] {
			n.told[r] = s
			for _, link := range n.links {
				n.write(link, r)
			}
		}
	}
}

// run tells what is new until close.
func (n *news) run() {
	seen := uint32(0)
	for more := true; more; {
		seen, more = n.seg.AwaitNews(seen)
		n.tell()
	}
}

// close ends the part of this head, when no rank of its host is left.
func (n *news) close() {
	n.tell()
	n.seg.StopNews()
	n.mu.Lock()
	n.leaving = true
	if n.rank != 0 {
		for _, link := range n.links {
			shut(link)
		}
	}
	n.mu.Unlock()
	if n.rank == 0 {
		<-n.quiet
		return
	}
	select {
	case <-n.quiet:
	case <-time.After(farewellTime):
	}
}

// shut says that nothing more comes over a link. What has been written arrives.
func shut(link *os.File) {
	if raw, err := link.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { _ = unix.Shutdown(int(fd), unix.SHUT_WR) })
	}
}
