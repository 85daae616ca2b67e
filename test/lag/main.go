//go:build linux

// Lag carries Ethernet frames between two interfaces of its network namespace, and
// lets each wait: a link with a latency and a bandwidth, which loses some frames, for
// kernels that have no qdisc for that. test/hosts -lag uses it.
//
//	lag [-latency TIME] [-bandwidth BITS] [-loss SHARE] INTERFACE INTERFACE
//
// A frame leaves when those before it have left at the bandwidth, and arrives after
// the latency. It runs until it is ended.
package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	l := link{}
	flag.DurationVar(&l.latency, "latency", 0, "how long a frame is on its way")
	flag.Float64Var(&l.bandwidth, "bandwidth", 0, "bits each second; 0: no limit")
	flag.Float64Var(&l.loss, "loss", 0, "the share of frames that are lost")
	flag.Parse()
	if err := run(&l, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "lag:", err)
		os.Exit(1)
	}
}

// link is what a frame meets on its way.
type link struct {
	latency   time.Duration
	bandwidth float64
	loss      float64
}

func run(l *link, names []string) error {
	if len(names) != 2 || l.latency < 0 || l.bandwidth < 0 || l.loss < 0 || l.loss > 1 {
		return fmt.Errorf("usage: lag [-latency TIME] [-bandwidth BITS] [-loss SHARE] INTERFACE INTERFACE")
	}
	var ends [2]int
	for i, name := range names {
		fd, err := open(name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		ends[i] = fd
	}
	failed := make(chan error)
	go func() { failed <- l.carry(ends[0], ends[1]) }()
	go func() { failed <- l.carry(ends[1], ends[0]) }()
	return <-failed
}

// open returns a socket that takes every frame of an interface that another host has
// sent, and sends frames by it.
func open(name string) (int, error) {
	i, err := net.InterfaceByName(name)
	if err != nil {
		return -1, err
	}
	const all = unix.ETH_P_ALL<<8&0xff00 | unix.ETH_P_ALL>>8
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, all)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 64<<20); err != nil {
		return -1, os.NewSyscallError("setsockopt", err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1); err != nil {
		return -1, os.NewSyscallError("setsockopt", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: i.Index}); err != nil {
		return -1, os.NewSyscallError("bind", err)
	}
	member := &unix.PacketMreq{Ifindex: int32(i.Index), Type: unix.PACKET_MR_PROMISC}
	return fd, unix.SetsockoptPacketMreq(fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, member)
}

// frame is one that is on its way.
type frame struct {
	due  time.Time
	data []byte
}

// queued is how many frames may be on their way.
const queued = 1 << 14

// carry takes frames from one end to the other.
func (l *link) carry(from, to int) error {
	way := make(chan frame, queued)
	go deliver(way, to)
	free := time.Now() // when the last frame has left
	buf := make([]byte, 1<<16)
	for {
		n, err := unix.Read(from, buf)
		switch {
		case err == unix.EINTR || err == unix.ENETDOWN: // the link is cut, for now
			continue
		case err != nil:
			return os.NewSyscallError("read", err)
		}
		if l.loss > 0 && rand.Float64() < l.loss {
			continue
		}
		now := time.Now()
		if free.Before(now) {
			free = now
		}
		if l.bandwidth > 0 {
			free = free.Add(time.Duration(8 * float64(n) / l.bandwidth * 1e9))
		}
		select {
		case way <- frame{free.Add(l.latency), append([]byte(nil), buf[:n]...)}:
		default: // the queue of the link is full
		}
	}
}

// deliver sends frames when they are due. It polls shortly before: a timer alone may
// be late by as much as the latencies that are set.
func deliver(way <-chan frame, to int) {
	runtime.LockOSThread()
	for f := range way {
		for {
			left := time.Until(f.due)
			if left <= 0 {
				break
			}
			if left > 80*time.Microsecond {
				// The runtime's timers are late by up to a millisecond.
				t := unix.NsecToTimespec(int64(left - 60*time.Microsecond))
				_ = unix.Nanosleep(&t, nil)
			}
		}
		_, _ = unix.Write(to, f.data) // one that cannot be sent is lost
	}
}
