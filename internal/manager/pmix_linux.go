package manager

import (
	"fmt"
	"os"
	"time"

	"github.com/ringo-mpi/ringo/internal/pmix"
	"github.com/ringo-mpi/ringo/internal/proof"
)

// pmixManager speaks PMIx.
type pmixManager struct {
	client     *pmix.Client
	conn       *os.File
	fd         int
	rank, size int
}

func openPMIx(getenv func(string) string) (Manager, error) {
	s, err := pmix.FromEnvironment(getenv)
	if err != nil {
		return nil, fmt.Errorf("its PMIx server is not to be found: %w", err)
	}
	fd, err := proof.Dial(s.Address)
	if err != nil {
		return nil, fmt.Errorf("its PMIx server at %v: %w", s.Address, err)
	}
	m := &pmixManager{conn: os.NewFile(uintptr(fd), "PMIx server"), fd: fd, rank: s.Rank}
	m.client, err = pmix.Connect(m.conn, s, os.Geteuid(), os.Getegid())
	if err == nil {
		m.size, err = m.client.Size()
	}
	if err != nil {
		m.conn.Close()
		return nil, err
	}
	return m, nil
}

func (m *pmixManager) Rank() int { return m.rank }
func (m *pmixManager) Size() int { return m.size }

func (m *pmixManager) Put(key, value string) error {
	m.client.Put("ringo-"+key, value)
	return nil
}

func (m *pmixManager) Fence() error { return m.client.Fence() }

func (m *pmixManager) Get(rank int, key string) (string, error) {
	return m.client.Get(rank, "ringo-"+key)
}

func (m *pmixManager) Secret() []byte     { return nil }
func (m *pmixManager) Descriptor() int    { return m.fd }
func (m *pmixManager) Farewell() Farewell { return Farewell{Server: -1} }

// abortTime is how long a server may take to end the job. A rank that ends before
// it is done may be taken for the one to blame.
const abortTime = 3 * time.Second

// Abort implements [Manager].
func (m *pmixManager) Abort(status int, reason string) {
	if m.client.Abort(status, reason[:min(len(reason), ValueMax)]) == nil {
		time.Sleep(abortTime)
	}
}

func (m *pmixManager) Finalize() error {
	err := m.client.Finalize()
	if e := m.conn.Close(); err == nil {
		err = e
	}
	return err
}
