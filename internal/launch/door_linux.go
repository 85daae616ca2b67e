package launch

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/ringo-mpi/ringo/internal/embedded/entry"
	"github.com/ringo-mpi/ringo/internal/embedded/segment"
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
	"github.com/ringo-mpi/ringo/internal/pmi"
)

// openDoor listens for processes of the job that have lost their descriptors or
// their environment: see package entry. It is called before the first process is
// started, which may come at once; open lets them in, when all have been started,
// and stop closes the door.
func (s *here) openDoor() (open, stop func()) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return func() {}, func() {}
	}
	if unix.Bind(fd, &unix.SockaddrUnix{Name: "@" + entry.Name(entry.Mark(s.id))}) != nil || unix.Listen(fd, 128) != nil {
		unix.Close(fd)
		return func() {}, func() {}
	}
	door := os.NewFile(uintptr(fd), "door")
	raw, err := door.SyscallConn()
	if err != nil {
		door.Close()
		return func() {}, func() {}
	}
	accept := func() {
		for {
			conn := -1
			if raw.Read(func(fd uintptr) bool {
				var err error
				conn, _, err = unix.Accept4(int(fd), unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK)
				return !errors.Is(err, unix.EAGAIN)
			}) != nil {
				return
			}
			if conn >= 0 {
				go s.letIn(os.NewFile(uintptr(conn), "control"))
			}
		}
	}
	return func() { go accept() }, func() { door.Close() }
}

// letIn answers a process that asks for its place, and serves its channel.
func (s *here) letIn(conn *os.File) {
	defer conn.Close()
	go func() { <-s.done; conn.Close() }()
	raw, err := conn.SyscallConn()
	if err != nil {
		return
	}
	var peer *unix.Ucred
	if raw.Control(func(fd uintptr) { peer, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) }) != nil || err != nil || int(peer.Uid) != os.Getuid() {
		return
	}
	line := make([]byte, 256)
	n, err := conn.Read(line)
	if err != nil {
		return
	}
	m, err := pmi.Parse(string(line[:n]))
	if err != nil || m.Name != "enter" {
		return
	}
	rank := s.rankOf(int(peer.Pid))
	if asked, err := m.Int("rank"); err == nil && asked >= 0 && asked < len(s.hosts.of) && s.hosts.near(asked) {
		rank = asked
	}
	state, holder := transport.Absent, 0
	var memory *os.File
	s.read(func(m *segment.Segment) {
		if memory = m.File(); rank >= 0 {
			state, holder = m.State(rank), m.Pid(rank)
		}
	})
	switch {
	case rank < 0 || memory == nil:
		_, _ = conn.WriteString("cmd=unknown\n")
		return
	case state != transport.Absent:
		left := 0
		if state == transport.Finalized {
			left = 1
		}
		_, _ = fmt.Fprintf(conn, "cmd=taken rank=%d pid=%d left=%d\n", rank, holder, left)
		return
	}
	var sent error
	answer := fmt.Appendf(nil, "cmd=entered rank=%d\n", rank)
	err = raw.Write(func(fd uintptr) bool {
		sent = unix.Sendmsg(int(fd), answer, unix.UnixRights(int(memory.Fd())), nil, 0)
		return !errors.Is(sent, syscall.EAGAIN)
	})
	if err != nil || sent != nil {
		return
	}
	h := s.server.Handler
	// The end of this channel says nothing: the process that was started, or the
	// program in it, is watched.
	door := &pmi.Server{Size: len(s.hosts.of), Name: s.server.Name, Handler: pmi.Handler{Join: h.Join, Abort: h.Abort}}
	door.Serve(rank, conn)
}

// rankOf returns the rank whose process is pid or one of its ancestors, -1 if
// there is none.
func (s *here) rankOf(pid int) int {
	for range 64 {
		for i, p := range s.procs {
			if p.pid == pid {
				return s.hosts.ranks[i]
			}
		}
		stat, ok := statOf(pid)
		if !ok || stat.parent <= 1 {
			break
		}
		pid = stat.parent
	}
	return -1
}
