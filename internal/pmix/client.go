package pmix

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// ErrNotFound is returned by Get for what is not there.
var ErrNotFound = errors.New("pmix: not found")

// Client is a rank's side of the protocol. Any goroutine may call its methods; each
// sends a message and waits for the reply.
type Client struct {
	mu     sync.Mutex // held from a message to its reply
	wmu    sync.Mutex // held for a write: Abort does not wait for a reply of another call
	stream io.ReadWriter
	space  string
	index  uint32 // of this client at the server
	tag    uint32 // of the last message
	puts   []byte // not committed yet
}

// Connect introduces the process that Server describes over a stream to the server.
// uid and gid are those of this process.
func Connect(stream io.ReadWriter, s Server, uid, gid int) (*Client, error) {
	// The first header is in the order of the host: both are on one.
	var hello []byte
	cstring := func(v string) { hello = append(append(hello, v...), 0) }
	cstring("native")
	hello = binary.BigEndian.AppendUint32(hello, 8)
	hello = binary.NativeEndian.AppendUint32(hello, uint32(uid))
	hello = binary.NativeEndian.AppendUint32(hello, uint32(gid))
	hello = append(hello, 0) // a client, no tool
	cstring(s.Namespace)
	hello = binary.BigEndian.AppendUint32(hello, uint32(s.Rank))
	cstring("3.2.4")
	cstring("v3")
	hello = append(hello, 1) // values without descriptions
	cstring("hash")

	var m []byte
	m = binary.NativeEndian.AppendUint32(m, ^uint32(0))
	m = binary.NativeEndian.AppendUint32(m, ^uint32(0))
	m = binary.NativeEndian.AppendUint32(m, uint32(len(hello)))
	m = binary.NativeEndian.AppendUint32(m, 0)
	if _, err := stream.Write(append(m, hello...)); err != nil {
		return nil, fmt.Errorf("pmix: the server takes no connection: %w", err)
	}
	var reply [8]byte
	if _, err := io.ReadFull(stream, reply[:4]); err != nil {
		return nil, fmt.Errorf("pmix: the server has refused the connection without a word (%w)", err)
	}
	if status := Status(binary.BigEndian.Uint32(reply[:])); status != statusOK {
		return nil, fmt.Errorf("pmix: the server refuses the connection: %w", status)
	}
	if _, err := io.ReadFull(stream, reply[4:]); err != nil {
		return nil, fmt.Errorf("pmix: the server has ended the connection: %w", err)
	}
	return &Client{stream: stream, space: s.Namespace, index: binary.BigEndian.Uint32(reply[4:]), tag: 100}, nil
}

// call sends a message and returns what follows the status of the reply.
func (c *Client) call(what string, body []byte) (unpacker, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	tag, err := c.send(body)
	if err != nil {
		return unpacker{}, fmt.Errorf("pmix: %s: the server is gone: %w", what, err)
	}
	for {
		got, reply, err := readMessage(c.stream)
		if err != nil {
			return unpacker{}, fmt.Errorf("pmix: %s: no reply of the server: %w", what, err)
		}
		if got != tag { // the server tells of an event
			continue
		}
		u := unpacker{b: reply}
		status := u.status()
		if u.err != nil {
			return unpacker{}, fmt.Errorf("pmix: %s: %w", what, u.err)
		}
		if status != statusOK {
			return unpacker{}, fmt.Errorf("pmix: %s: %w", what, status)
		}
		return u, nil
	}
}

// send sends a message and returns its tag.
func (c *Client) send(body []byte) (uint32, error) {
	c.wmu.Lock()
	defer c.wmu.Unlock()
	c.tag++
	m := packer{make([]byte, 0, headerSize+len(body))}
	m.u32(c.index)
	m.u32(c.tag)
	m.u32(uint32(len(body)))
	m.u32(0)
	_, err := c.stream.Write(append(m.b, body...))
	return c.tag, err
}

// readMessage reads a message and its tag.
func readMessage(r io.Reader) (tag uint32, body []byte, err error) {
	var h [headerSize]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return 0, nil, err
	}
	n := binary.BigEndian.Uint32(h[8:])
	if n > maxMessage {
		return 0, nil, fmt.Errorf("a message of %d bytes: this is no PMIx server", n)
	}
	body = make([]byte, n)
	if _, err := io.ReadFull(r, body); err != nil {
		return 0, nil, err
	}
	return binary.BigEndian.Uint32(h[4:]), body, nil
}

// Put sets a key of this rank. The others see it after the next Fence.
func (c *Client) Put(key, value string) {
	p := packer{c.puts}
	p.keyString(key, value)
	c.puts = p.b
}

// Fence publishes what this rank has put, and waits until all ranks of the job have
// called it.
func (c *Client) Fence() error {
	if len(c.puts) > 0 {
		var p packer
		p.command(cmdCommit)
		for _, scope := range []byte{scopeLocal, scopeRemote} {
			p.count(1)
			p.u8(scope)
			p.buffer(c.puts)
		}
		if _, err := c.call("commit", p.b); err != nil {
			return err
		}
		c.puts = nil
	}
	var p packer
	p.command(cmdFence)
	p.size(1)
	p.count(1)
	p.text(c.space)
	p.u32(wildcard)
	p.size(1)
	p.count(1)
	p.infoTrue("pmix.collect")
	_, err := c.call("fence", p.b)
	return err
}

// Get returns what a rank has put before the last Fence, or ErrNotFound.
func (c *Client) Get(rank int, key string) (string, error) {
	v, err := c.get(uint32(rank), key, true)
	// Open MPI 5 has its servers fetch what ranks of other hosts have put only when they
	// are asked for it, and of two who ask for a rank at once one may go away empty.
	for pause := 5 * time.Millisecond; errors.Is(err, ErrNotFound) && pause < time.Second; pause *= 2 {
		if v, err = c.get(uint32(rank), key, false); err != nil {
			time.Sleep(pause)
		}
	}
	if err != nil {
		return "", err
	}
	s, ok := v.(string)
	if !ok {
		return "", fmt.Errorf("pmix: key %s is no string", key)
	}
	return s, nil
}

// Size returns the number of ranks of the job.
func (c *Client) Size() (int, error) {
	v, err := c.get(wildcard, "pmix.job.size", false)
	if err != nil {
		return 0, err
	}
	n, ok := v.(uint64)
	if !ok || n < 1 || n > 1<<30 {
		return 0, fmt.Errorf("pmix: the job's size is %v", v)
	}
	return int(n), nil
}

// get asks for a key. If it is to be immediate, the server answers by what it has;
// otherwise it may ask the others, and waits for a while. A status of 0 does not say
// that the key is there.
func (c *Client) get(rank uint32, key string, immediate bool) (any, error) {
	var p packer
	p.command(cmdGet)
	p.string(c.space)
	p.count(1)
	p.u32(rank)
	if immediate {
		p.size(1)
		p.count(1)
		p.infoTrue("pmix.immediate")
	} else {
		p.size(0)
	}
	p.string(key)
	u, err := c.call("get "+key, p.b)
	var v any
	if err == nil {
		v, err = find(u.b, key)
	}
	if errors.Is(err, statusNotFound) || errors.Is(err, statusTimeout) {
		return nil, fmt.Errorf("%w: key %s of rank %d", ErrNotFound, key, int32(rank))
	}
	return v, err
}

// Abort asks for the end of the whole job with a status. It does not wait for an
// answer, nor for another call that is under way.
func (c *Client) Abort(code int, message string) error {
	var p packer
	p.command(cmdAbort)
	p.count(1)
	p.u32(uint32(code))
	p.string(message)
	p.size(0)
	_, err := c.send(p.b)
	return err
}

// Finalize ends the use of the server: the rank may end after it.
func (c *Client) Finalize() error {
	var p packer
	p.command(cmdFinalize)
	p.size(0)
	_, err := c.call("finalize", p.b)
	return err
}
