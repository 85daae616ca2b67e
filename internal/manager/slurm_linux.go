package manager

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ringo-mpi/ringo/internal/pmi"
	"github.com/ringo-mpi/ringo/internal/proof"
)

// Under srun --mpi=none there is no process manager. Rank 0 is one, of PMI-1, and the
// others call it: on one node at a socket without a file, which has the number of the
// step as its name and tells which user calls; on several at a port of the first
// node, where both ends prove that they know the token of the user.

// step is what Slurm's variables say of a step.
type step struct {
	rank, size, nodes int
	id                string // JOB.STEP
	first             string // the name of the first node
	port              uint16
	key               []byte // of the token; nil: there is none
}

// readStep reads the variables.
func readStep(getenv func(string) string) (s step, err error) {
	number := func(least int, names ...string) int {
		for _, name := range names {
			if text := getenv(name); text != "" {
				n, e := strconv.Atoi(text)
				if e != nil || n < least {
					err = fmt.Errorf("%s=%.40q is no number of at least %d", name, text, least)
				}
				return n
			}
		}
		err = fmt.Errorf("%s is not set", names[0])
		return 0
	}
	s.rank = number(0, "SLURM_PROCID")
	s.size = number(1, "SLURM_STEP_NUM_TASKS", "SLURM_NTASKS")
	s.nodes = number(1, "SLURM_STEP_NUM_NODES", "SLURM_NNODES")
	s.id = strconv.Itoa(number(0, "SLURM_JOB_ID")) + "." + strconv.Itoa(number(0, "SLURM_STEP_ID"))
	if err != nil || s.nodes == 1 {
		return s, err
	}
	list := getenv("SLURM_STEP_NODELIST")
	if list == "" {
		list = getenv("SLURM_NODELIST")
	}
	if s.first, err = firstNode(list); err != nil {
		return s, err
	}
	ports, _, _ := strings.Cut(getenv("SLURM_STEP_RESV_PORTS"), "-")
	ports, _, _ = strings.Cut(ports, ",")
	if ports == "" {
		ports = getenv("RINGO_PORT")
	}
	if ports != "" {
		n, err := strconv.ParseUint(ports, 10, 16)
		if err != nil || n == 0 {
			return s, fmt.Errorf("%.40q is no port", ports)
		}
		s.port = uint16(n)
	} else {
		h := fnv.New32a()
		h.Write([]byte(s.id))
		s.port = 10000 + uint16(h.Sum32()%20000) // below those that systems give away
	}
	token := getenv("RINGO_TOKEN")
	if len(token) < 16 {
		return s, fmt.Errorf("it was called without a process manager on %d nodes, so that ranks have to know each other by a secret: use srun --mpi=pmi2 or --mpi=pmix, or set RINGO_TOKEN to at least 16 random characters before srun", s.nodes)
	}
	h := hmac.New(sha256.New, []byte(token))
	h.Write([]byte("srun " + s.id))
	s.key = h.Sum(nil)
	return s, nil
}

// firstNode returns the first node of a list: n[01-03,7],m2 begins with n01.
func firstNode(list string) (string, error) {
	var name strings.Builder
	for rest := list; rest != ""; {
		i := strings.IndexAny(rest, ",[]")
		if i < 0 {
			name.WriteString(rest)
			break
		}
		name.WriteString(rest[:i])
		if rest[i] == ',' {
			break
		}
		inside, after, ok := strings.Cut(rest[i+1:], "]")
		if rest[i] == ']' || !ok {
			return "", fmt.Errorf("%.80q is no list of nodes", list)
		}
		inside, _, _ = strings.Cut(inside, ",")
		inside, _, _ = strings.Cut(inside, "-")
		if inside == "" || strings.ContainsAny(inside, "[") {
			return "", fmt.Errorf("%.80q is no list of nodes", list)
		}
		name.WriteString(inside)
		rest = after
	}
	if name.Len() == 0 {
		return "", fmt.Errorf("%.80q is no list of nodes", list)
	}
	return name.String(), nil
}

// slurmManager is a rank's side; that of rank 0 has the server.
type slurmManager struct {
	*pmiManager
	step   step
	server *slurmServer
}

// findTime is how long ranks may take to start.
const findTime = 2 * time.Minute

func openSlurm(getenv func(string) string) (Manager, error) {
	s, err := readStep(getenv)
	if err != nil {
		return nil, err
	}
	if s.rank >= s.size {
		return nil, fmt.Errorf("this is rank %d of %d", s.rank, s.size)
	}
	m := &slurmManager{step: s}
	var fd int
	if s.rank == 0 {
		m.server, fd, err = serveStep(s)
	} else {
		fd, err = callStep(s)
	}
	if err != nil {
		return nil, err
	}
	base, err := newPMI(fd, s.rank, s.size, -1)
	if err != nil {
		return nil, err
	}
	m.pmiManager = base.(*pmiManager)
	return m, nil
}

// socketOf is the name of the socket of a step on one node.
func socketOf(s step) unix.Sockaddr {
	return &unix.SockaddrUnix{Name: fmt.Sprintf("@ringo-srun-%d-%s", os.Geteuid(), s.id)}
}

// callStep calls rank 0, which may not have started yet.
func callStep(s step) (fd int, err error) {
	pause := 2 * time.Millisecond
	for until := time.Now().Add(findTime); ; pause = min(2*pause, 100*time.Millisecond) {
		if fd, err = callOnce(s); err == nil {
			return fd, nil
		}
		if errors.Is(err, proof.ErrStranger) || time.Now().After(until) {
			break
		}
		time.Sleep(pause)
	}
	if s.nodes == 1 {
		return -1, fmt.Errorf("rank %d does not reach rank 0 on the same node: %w; in containers with networks of their own use srun --mpi=pmi2 or --mpi=pmix", s.rank, err)
	}
	return -1, fmt.Errorf("rank %d does not reach rank 0 at %s port %d: %w; RINGO_PORT chooses another port", s.rank, s.first, s.port, err)
}

func callOnce(s step) (fd int, err error) {
	if s.nodes > 1 {
		if fd, err = callName(s.first + ":" + strconv.Itoa(int(s.port))); err != nil {
			return -1, err
		}
		err = proof.Call(proof.Within(fd, firstWords), s.key, s.rank)
	} else {
		if fd, err = unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0); err != nil {
			return -1, os.NewSyscallError("socket", err)
		}
		if err = proof.Connect(fd, socketOf(s), firstWords); err == nil {
			err = sameUser(fd)
		}
		if err == nil {
			_, err = unix.Write(fd, fmt.Appendf(nil, "cmd=initack pmiid=%d\n", s.rank))
		}
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// firstWords is how long a connection may take to begin.
const firstWords = 5 * time.Second

// sameUser checks that the other end of a connection on this node is of this user.
func sameUser(fd int) error {
	cred, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err == nil && int(cred.Uid) != os.Geteuid() {
		err = fmt.Errorf("%w: it belongs to another user", proof.ErrStranger)
	}
	return err
}

// Secret implements [Manager]: what is known already is not sent over the network.
func (m *slurmManager) Secret() []byte { return m.step.key }

// Farewell implements [Manager].
func (m *slurmManager) Farewell() Farewell {
	f := Farewell{Server: 0}
	buf := make([]byte, 4096)
	n, err := unix.Read(m.fd, buf)
	if err != nil || n <= 0 {
		return f
	}
	for line := range strings.Lines(string(buf[:n])) {
		if a, err := pmi.Parse(line); err == nil && a.Name == "abort" {
			if f.Status, err = a.Int("exitcode"); err == nil {
				f.Told = true
			}
		}
	}
	return f
}

// lateTime is how long after the others a rank that aborts ends, so that they end with
// its status, and not because they miss it.
const lateTime = 200 * time.Millisecond

// Abort implements [Manager]: rank 0 tells all, and hangs up.
func (m *slurmManager) Abort(status int, reason string) {
	m.pmiManager.Abort(status, reason)
	fds := []unix.PollFd{{Fd: int32(m.fd), Events: unix.POLLRDHUP}}
	for until := time.Now().Add(abortTime); time.Now().Before(until); {
		if n, _ := unix.Poll(fds, 100); n > 0 {
			time.Sleep(lateTime) // the others have been told, and come to it
			return
		}
	}
}

// Finalize implements [Manager]. Rank 0 stays until the others have left.
func (m *slurmManager) Finalize() error {
	err := m.pmiManager.Finalize()
	if m.server != nil {
		m.server.wait()
	}
	return err
}
