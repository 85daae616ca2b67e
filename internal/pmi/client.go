package pmi

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
)

// ErrNotFound is returned by Get and LookupName for what is not in the table.
var ErrNotFound = errors.New("pmi: not found")

// Client is a rank's side of the protocol. Its methods may be called from any
// goroutine; each sends one command with one write (some servers read a
// command with one read) and waits for the reply.
type Client struct {
	mu    sync.Mutex // held from a command to its reply
	wmu   sync.Mutex // held for a write: Abort does not wait for a reply of another call
	w     io.Writer
	lines lineReader
	kvs   string
}

// NewClient returns a client on the stream to the process manager: the socket
// that PMI_FD names.
func NewClient(stream io.ReadWriter) *Client {
	return &Client{w: stream, lines: newLineReader(stream)}
}

// call sends a command and returns the reply, which must have the name want.
func (c *Client) call(want string, m Message) (Message, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.send(m); err != nil {
		return Message{}, fmt.Errorf("pmi: %s: the process manager is gone: %w", m.Name, err)
	}
	for {
		line, err := c.lines.next()
		if err != nil {
			return Message{}, fmt.Errorf("pmi: %s: no reply of the process manager: %w", m.Name, err)
		}
		if line == "" {
			continue
		}
		reply, err := Parse(line)
		if err != nil {
			return Message{}, err
		}
		if reply.Name != want {
			return Message{}, fmt.Errorf("pmi: %s was answered with %s", m.Name, reply.Name)
		}
		return reply, nil
	}
}

// checked is call for replies that carry a result in rc.
func (c *Client) checked(want string, m Message) (Message, error) {
	reply, err := c.call(want, m)
	if err == nil {
		if rc := reply.Get("rc"); rc != "0" && rc != "" {
			err = fmt.Errorf("pmi: %s failed: %s (%s)", m.Name, reply.Get("msg"), rc)
		}
	}
	return reply, err
}

// Introduce says which rank this is, by the number in PMI_ID, on a stream that the
// rank has opened itself (PMI_PORT). It comes before Init, and returns the rank and
// the number of ranks.
func (c *Client) Introduce(id int) (rank, size int, err error) {
	if _, err := c.call("initack", NewMessage("initack", "pmiid", strconv.Itoa(id))); err != nil {
		return 0, 0, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	rank, size = -1, -1
	for range 3 {
		line, err := c.lines.next()
		if err != nil {
			return 0, 0, fmt.Errorf("pmi: initack: no reply of the process manager: %w", err)
		}
		m, err := Parse(line)
		switch {
		case err != nil:
			return 0, 0, err
		case m.Name != "set":
			return 0, 0, fmt.Errorf("pmi: initack was followed by %s", m.Name)
		}
		if n, err := m.Int("size"); err == nil {
			size = n
		}
		if n, err := m.Int("rank"); err == nil {
			rank = n
		}
	}
	if rank < 0 || rank >= size {
		return 0, 0, fmt.Errorf("pmi: this is said to be rank %d of %d", rank, size)
	}
	return rank, size, nil
}

// Init starts the use of the process manager.
func (c *Client) Init() error {
	reply, err := c.checked("response_to_init", NewMessage("init", "pmi_version", "1", "pmi_subversion", "1"))
	if err == nil && reply.Get("pmi_version") != "1" {
		err = fmt.Errorf("pmi: the process manager speaks version %s, not 1", reply.Get("pmi_version"))
	}
	if err != nil {
		return err
	}
	reply, err = c.call("my_kvsname", NewMessage("get_my_kvsname"))
	if err == nil {
		c.mu.Lock()
		c.kvs = reply.Get("kvsname")
		c.mu.Unlock()
	}
	return err
}

// KVSName returns the name of the job's table of keys and values, after Init.
func (c *Client) KVSName() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.kvs
}

// Maxes returns the server's limits of names, keys and values in bytes, with
// room for a terminating zero.
func (c *Client) Maxes() (name, key, value int, err error) {
	m, err := c.call("maxes", NewMessage("get_maxes"))
	if err != nil {
		return 0, 0, 0, err
	}
	name, err1 := m.Int("kvsname_max")
	key, err2 := m.Int("keylen_max")
	value, err3 := m.Int("vallen_max")
	return name, key, value, errors.Join(err1, err2, err3)
}

// UniverseSize returns how many ranks the user expects in the end, spawned ones
// included; -1 if it is not known.
func (c *Client) UniverseSize() (int, error) {
	m, err := c.call("universe_size", NewMessage("get_universe_size"))
	if err != nil {
		return 0, err
	}
	return m.Int("size")
}

// AppNum returns which of the job's programs this rank runs.
func (c *Client) AppNum() (int, error) {
	m, err := c.call("appnum", NewMessage("get_appnum"))
	if err != nil {
		return 0, err
	}
	return m.Int("appnum")
}

// Put sets a key of the job's table. Some servers show it to the others only
// after a Barrier. Values above 600 bytes do not get through every server.
func (c *Client) Put(key, value string) error {
	_, err := c.checked("put_result", NewMessage("put", "kvsname", c.KVSName(), "key", key, "value", value))
	return err
}

// Get returns the value of a key of the job's table, or ErrNotFound.
func (c *Client) Get(key string) (string, error) {
	m, err := c.call("get_result", NewMessage("get", "kvsname", c.KVSName(), "key", key))
	if err != nil {
		return "", err
	}
	if m.Get("rc") != "0" {
		return "", fmt.Errorf("%w: key %s", ErrNotFound, key)
	}
	return m.Get("value"), nil
}

// Barrier waits until all ranks of the job have called it.
func (c *Client) Barrier() error {
	_, err := c.call("barrier_out", NewMessage("barrier_in"))
	return err
}

// PublishName publishes a port under a service name.
func (c *Client) PublishName(service, port string) error {
	_, err := c.checked("publish_result", NewMessage("publish_name", "service", service, "port", port))
	return err
}

// LookupName returns the port published under a service name, or ErrNotFound.
func (c *Client) LookupName(service string) (string, error) {
	m, err := c.call("lookup_result", NewMessage("lookup_name", "service", service))
	if err != nil {
		return "", err
	}
	if m.Get("rc") != "0" {
		return "", fmt.Errorf("%w: service %s", ErrNotFound, service)
	}
	return m.Get("port"), nil
}

// UnpublishName takes a published name back.
func (c *Client) UnpublishName(service string) error {
	_, err := c.checked("unpublish_result", NewMessage("unpublish_name", "service", service))
	return err
}

// Finalize ends the use of the process manager.
func (c *Client) Finalize() error {
	_, err := c.call("finalize_ack", NewMessage("finalize"))
	return err
}

// Abort asks the process manager to end the whole job with an exit code. There
// is no reply, and no wait for another call that is under way. The message is
// for this project's launcher; it is left out if empty.
func (c *Client) Abort(code int, message string) error {
	m := NewMessage("abort", "exitcode", strconv.Itoa(code))
	if message != "" {
		m = NewMessage("abort", "exitcode", strconv.Itoa(code), "message", Escape(message[:min(len(message), MaxLine/8)]))
	}
	return c.send(m)
}

func (c *Client) send(m Message) error {
	c.wmu.Lock()
	defer c.wmu.Unlock()
	_, err := c.w.Write(m.Append(nil))
	return err
}
