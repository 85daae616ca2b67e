package muster

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"github.com/ringo-mpi/ringo/internal/proof"
)

// A rank's sockets have a random name in the abstract namespace, which is that of the
// network namespace. Anybody there may connect to them: so who it is is asked of the
// kernel, and what it knows is asked of it. One is called for the memory of the host
// and closed then; to the other ranks connect that want to know of its end, and it
// takes no call: the kernel keeps them.

const (
	forMemory = "memory"
	forLife   = "life"
)

func socketAddress(purpose, name string) unix.Sockaddr {
	return &unix.SockaddrUnix{Name: "@ringo-" + purpose + "-" + name}
}

// newName draws the name of this rank's sockets.
func newName() string {
	var random [socketDigits / 2]byte
	rand.Read(random[:])
	return hex.EncodeToString(random[:])
}

// listen opens a socket of this rank.
func listen(purpose, name string) (fd int, err error) {
	fd, err = unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	if err = unix.Bind(fd, socketAddress(purpose, name)); err == nil {
		err = unix.Listen(fd, 4096)
	}
	if err != nil {
		unix.Close(fd)
		return -1, os.NewSyscallError("listen", err)
	}
	return fd, nil
}

var errOtherUser = errors.New("it belongs to another user")

// callSocket connects to the socket of another rank. It does not block: EAGAIN says
// that the rank is there and has many callers.
func callSocket(purpose, name string) (fd int, err error) {
	fd, err = unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return -1, err
	}
	for {
		if err = unix.Connect(fd, socketAddress(purpose, name)); !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if err == nil {
		err = sameUser(fd)
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// sameUser checks that the other end of a connection is a process of this user.
func sameUser(fd int) error {
	cred, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err == nil && int(cred.Uid) != os.Geteuid() {
		err = errOtherUser
	}
	return err
}

// A head sends to each rank of its host the names of the sockets of all of them, in
// the order of their ranks, with the descriptor of the memory.
func sendMemory(t proof.Talk, memory int, sockets []string) error {
	text := make([]byte, 0, len(sockets)*socketDigits)
	for _, s := range sockets {
		text = append(text, s...)
	}
	_, err := t.Send(text, unix.UnixRights(memory))
	return err
}

// receiveMemory receives what sendMemory sends: it is at least one name.
func receiveMemory(t proof.Talk) (memory int, first string, err error) {
	buf, rights := make([]byte, socketDigits), make([]byte, unix.CmsgSpace(4))
	n, rn, err := t.Receive(buf, rights)
	if err != nil {
		return -1, "", err
	}
	messages, err := unix.ParseSocketControlMessage(rights[:rn])
	if err != nil || len(messages) != 1 {
		return -1, "", errors.New("no memory has come")
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) != 1 {
		return -1, "", errors.New("no memory has come")
	}
	if _, err := io.ReadFull(t, buf[n:]); err != nil {
		unix.Close(fds[0])
		return -1, "", err
	}
	return fds[0], string(buf), nil
}

// receiveSockets receives the other names, of ranks ranks in all.
func receiveSockets(t proof.Talk, first string, ranks int) ([]string, error) {
	rest := make([]byte, (ranks-1)*socketDigits)
	if _, err := io.ReadFull(t, rest); err != nil {
		return nil, fmt.Errorf("the sockets of the host's ranks: %w", err)
	}
	list := []string{first}
	for ; len(rest) > 0; rest = rest[socketDigits:] {
		list = append(list, string(rest[:socketDigits]))
	}
	return list, nil
}
