package manager

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/ringo-mpi/ringo/internal/foreign"
	"github.com/ringo-mpi/ringo/internal/pmi"
)

// pmiManager speaks PMI-1.
type pmiManager struct {
	client     *pmi.Client
	conn       *os.File
	fd         int
	rank, size int
}

// openPMI connects by the socket PMI_FD, or calls PMI_PORT.
func openPMI(l foreign.Launcher, getenv func(string) string) (Manager, error) {
	number := func(name string) (int, error) {
		n, err := strconv.Atoi(getenv(name))
		if err != nil || n < 0 {
			return 0, fmt.Errorf("%s=%.40q is no number", name, getenv(name))
		}
		return n, nil
	}
	switch l.Variable {
	case "PMI_FD":
		fd, err := number("PMI_FD")
		if err != nil {
			return nil, err
		}
		if !isSocket(fd) {
			return nil, fmt.Errorf("PMI_FD=%d is not open in this process: a program between the launcher and this one must leave descriptors as they are (in Python, close_fds=False)", fd)
		}
		rank, err := number("PMI_RANK")
		if err != nil {
			return nil, err
		}
		size, err := number("PMI_SIZE")
		if err != nil {
			return nil, err
		}
		unix.CloseOnExec(fd)
		return newPMI(fd, rank, size, -1)
	case "PMI_PORT":
		id, err := number("PMI_ID")
		if err != nil {
			return nil, err
		}
		fd, err := callName(getenv("PMI_PORT"))
		if err != nil {
			return nil, fmt.Errorf("PMI_PORT=%.80s: %w", getenv("PMI_PORT"), err)
		}
		return newPMI(fd, -1, -1, id)
	}
	return nil, errors.New("it leaves neither PMI_FD nor PMI_PORT")
}

// newPMI starts to use a connection. id is the number in PMI_ID of one that this
// rank has made, or -1.
func newPMI(fd, rank, size, id int) (Manager, error) {
	m := &pmiManager{conn: os.NewFile(uintptr(fd), "process manager"), fd: fd, rank: rank, size: size}
	m.client = pmi.NewClient(m.conn)
	var err error
	if id >= 0 {
		m.rank, m.size, err = m.client.Introduce(id)
	}
	if err == nil {
		err = m.client.Init()
	}
	if err != nil {
		return nil, err
	}
	return m, nil
}

func (m *pmiManager) Rank() int { return m.rank }
func (m *pmiManager) Size() int { return m.size }

// key makes a key of the job's table of one of a rank's.
func key(rank int, name string) string { return "ringo-" + name + "-" + strconv.Itoa(rank) }

func (m *pmiManager) Put(name, value string) error { return m.client.Put(key(m.rank, name), value) }
func (m *pmiManager) Fence() error                 { return m.client.Barrier() }

func (m *pmiManager) Get(rank int, name string) (string, error) {
	return m.client.Get(key(rank, name))
}

func (m *pmiManager) Secret() []byte     { return nil }
func (m *pmiManager) Descriptor() int    { return m.fd }
func (m *pmiManager) Farewell() Farewell { return Farewell{Server: -1} }

// Abort implements [Manager]. There is no answer.
func (m *pmiManager) Abort(status int, _ string) { _ = m.client.Abort(status, "") }

func (m *pmiManager) Finalize() error {
	err := m.client.Finalize()
	if e := m.conn.Close(); err == nil {
		err = e
	}
	return err
}
