package entry

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Own returns the mark of the job that this process belongs to: by its
// environment, or without one by the limit that it has inherited. ok is false if
// it belongs to none.
func Own(getenv func(string) string) (mark uint64, ok bool) {
	if job := getenv("RINGO_JOB"); job != "" {
		mark = Mark(job)
		return mark, mark != None
	}
	var limit unix.Rlimit
	if unix.Prlimit(0, unix.RLIMIT_LOCKS, nil, &limit) != nil || limit.Cur < lowest || limit.Cur == None {
		return 0, false
	}
	return limit.Cur, true
}

// Ask asks the launcher for this process's place. rank is the one that the
// environment names, -1 if it names none. The error is a *TakenError if the place
// is another program's.
func Ask(mark uint64, rank int) (*Place, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	p, err := ask(fd, mark, rank)
	if err != nil {
		unix.Close(fd)
	}
	return p, err
}

func ask(fd int, mark uint64, rank int) (*Place, error) {
	if err := unix.Connect(fd, &unix.SockaddrUnix{Name: "@" + Name(mark)}); err != nil {
		return nil, errors.New("mpiexec cannot be reached")
	}
	limit := unix.NsecToTimeval(int64(30 * time.Second))
	_ = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit)
	if _, err := unix.Write(fd, fmt.Appendf(nil, "cmd=enter rank=%d\n", rank)); err != nil {
		return nil, err
	}
	buf, rights := make([]byte, 1024), make([]byte, unix.CmsgSpace(4))
	n, rn, _, _, err := unix.Recvmsg(fd, buf, rights, unix.MSG_CMSG_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("mpiexec does not answer: %w", err)
	}
	line, _, _ := bytes.Cut(buf[:n], []byte("\n"))
	value := func(key string) string {
		for word := range strings.FieldsSeq(string(line)) {
			if v, ok := strings.CutPrefix(word, key+"="); ok {
				return v
			}
		}
		return ""
	}
	number := func(key string) int { v, _ := strconv.Atoi(value(key)); return v }
	switch value("cmd") {
	case "taken":
		return nil, &TakenError{Rank: number("rank"), Pid: number("pid"), Left: value("left") == "1"}
	case "entered":
	default:
		return nil, errors.New("mpiexec does not know which rank this process is")
	}
	messages, err := unix.ParseSocketControlMessage(rights[:rn])
	if err != nil || len(messages) != 1 {
		return nil, errors.New("mpiexec has sent no memory")
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) != 1 {
		return nil, errors.New("mpiexec has sent no memory")
	}
	var none unix.Timeval
	_ = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &none)
	return &Place{Rank: number("rank"), Memory: fds[0], Channel: fd}, nil
}
