package pmi

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"sync"
)

// A Handler is told what the ranks of a job do. Its methods are called from the
// goroutines that serve the ranks, several at a time, and must not block for
// long: the rank waits. A nil function is not called.
type Handler struct {
	// Init: the rank has started to use the process manager.
	Init func(rank int)
	// Join: the rank has joined its job in a way of its own (Ringo's embedded
	// engine: it has opened the job's shared memory). The command, "cmd=join",
	// is not part of PMI-1.1; it has no reply, and its other keys are the
	// engine's own.
	Join func(rank int, m Message)
	// Finalize: the rank has ended its use properly.
	Finalize func(rank int)
	// Abort: the rank asks for the end of the whole job with this exit code.
	Abort func(rank, code int, message string)
	// Barrier: the rank has entered the barrier. Where there is a server above, it is
	// called for the first one only.
	Barrier func(rank int)
	// Closed: no process holds the other end of the rank's stream any more.
	// active says that this came after Init and without Finalize, which means
	// that the rank has died. err is nil for a plain end of the stream, else
	// what was wrong with it.
	Closed func(rank int, active bool, err error)
}

// Above is what the servers of several hosts, each for the ranks of its own, have in
// common. Its methods are called from the goroutines that serve the ranks.
type Above interface {
	// Arrived: all ranks of this server are in the barrier, and have put these keys
	// since the one before. [Server.Release] lets them out. It must not block.
	Arrived(puts []Pair)
	// Names answers a command about published names: [Server.Names] of one server.
	Names(m Message) Message
}

// Pair is a key and its value.
type Pair struct{ Key, Value string }

// Server is the process manager's side for the ranks of one job. Set the fields
// before the first call of Serve.
type Server struct {
	Size     int                // number of ranks
	Here     int                // how many of them this server has; 0: all
	Above    Above              // nil: it has all
	Name     string             // of the table of keys and values
	Universe int                // size of the universe; 0: not known
	AppNum   func(rank int) int // which of several programs a rank runs; nil: all run program 0
	Handler  Handler

	mu        sync.Mutex
	values    map[string]string
	published map[string]string
	waiting   []*peer
	fresh     []Pair // put since the last barrier, for the servers of other hosts
}

// A peer is one rank's stream.
type peer struct {
	rank   int
	w      io.Writer
	mu     sync.Mutex // one write at a time: barrier_out comes from another rank's goroutine
	active bool       // after init, before finalize; used by the serving goroutine only
}

func (p *peer) send(name string, keyValues ...string) { p.reply(NewMessage(name, keyValues...)) }

func (p *peer) reply(m Message) {
	line := m.Append(nil)
	p.mu.Lock()
	defer p.mu.Unlock()
	// A rank that is gone does not read its reply: its stream ends next.
	_, _ = p.w.Write(line)
}

// Put sets a key before or while ranks run, e.g. PMI_process_mapping.
func (s *Server) Put(key, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.values == nil {
		s.values = map[string]string{}
	}
	s.values[key] = value
}

// Serve answers the commands of one rank until its stream ends, and then calls
// Handler.Closed. One call for each rank, all at the same time.
func (s *Server) Serve(rank int, stream io.ReadWriter) {
	p := &peer{rank: rank, w: stream}
	lines := newLineReader(stream)
	err := s.serve(p, lines)
	s.mu.Lock()
	for i, q := range s.waiting {
		if q == p {
			s.waiting = append(s.waiting[:i], s.waiting[i+1:]...)
			break
		}
	}
	s.mu.Unlock()
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if s.Handler.Closed != nil {
		s.Handler.Closed(rank, p.active, err)
	}
}

func (s *Server) serve(p *peer, lines lineReader) error {
	for {
		line, err := lines.next()
		if err != nil {
			return err
		}
		if line == "" {
			continue
		}
		m, err := Parse(line)
		if err != nil {
			return err
		}
		if m.Name == "spawn" {
			if m, err = readSpawn(m, lines); err != nil {
				return err
			}
		}
		s.command(p, m)
	}
}

// readSpawn skips the lines of a spawn segment up to endcmd and returns what the
// reply needs.
func readSpawn(m Message, lines lineReader) (Message, error) {
	for range 1 << 16 {
		line, err := lines.next()
		if err != nil {
			return m, err
		}
		if line == "endcmd" {
			return m, nil
		}
		key, value := line, ""
		for i := range len(line) {
			if line[i] == '=' {
				key, value = line[:i], line[i+1:]
				break
			}
		}
		if key == "totspawns" || key == "spawnssofar" { // of the spawn as a whole
			m.keys = append(m.keys, key)
			m.vals = append(m.vals, value)
		}
	}
	return m, errors.New("pmi: spawn command without endcmd")
}

func (s *Server) command(p *peer, m Message) {
	switch m.Name {
	case "init":
		p.active = true
		if s.Handler.Init != nil {
			s.Handler.Init(p.rank)
		}
		rc := "0"
		if v, err := m.Int("pmi_version"); err == nil && v != 1 {
			rc = "-1"
		}
		p.send("response_to_init", "pmi_version", "1", "pmi_subversion", "1", "rc", rc)
	case "join":
		if s.Handler.Join != nil {
			s.Handler.Join(p.rank, m)
		}
	case "get_maxes":
		p.send("maxes", "kvsname_max", strconv.Itoa(KVSNameMax), "keylen_max", strconv.Itoa(KeyMax), "vallen_max", strconv.Itoa(ValueMax))
	case "get_appnum":
		n := 0
		if s.AppNum != nil {
			n = s.AppNum(p.rank)
		}
		p.send("appnum", "appnum", strconv.Itoa(n))
	case "get_my_kvsname":
		p.send("my_kvsname", "kvsname", s.Name)
	case "get_universe_size":
		n := s.Universe
		if n <= 0 {
			n = -1
		}
		p.send("universe_size", "size", strconv.Itoa(n))
	case "put":
		s.put(p, m)
	case "get":
		s.get(p, m)
	case "barrier_in":
		s.barrier(p)
	case "publish_name", "lookup_name", "unpublish_name":
		if s.Above != nil {
			p.reply(s.Above.Names(m))
		} else {
			p.reply(s.Names(m))
		}
	case "spawn":
		// Answered once, after the last segment.
		total, err1 := m.Int("totspawns")
		sofar, err2 := m.Int("spawnssofar")
		if err1 != nil || err2 != nil || sofar >= total {
			p.send("spawn_result", "rc", "-1", "msg", "spawn_is_not_supported")
		}
	case "abort":
		code, err := m.Int("exitcode")
		if err != nil {
			code = 1
		}
		if s.Handler.Abort != nil {
			s.Handler.Abort(p.rank, code, Unescape(m.Get("message")))
		}
	case "finalize":
		p.active = false
		if s.Handler.Finalize != nil {
			s.Handler.Finalize(p.rank)
		}
		p.send("finalize_ack")
	default:
		// Ending the job over a command of a newer client would be worse than
		// telling the client that it is not known.
		p.send(short(m.Name)+"_result", "rc", "-1", "msg", "unknown_command")
	}
}

// checkTable reports why a put or get cannot be done, "" if it can.
func (s *Server) checkTable(m Message) string {
	// MPICH 4.0 as a singleton puts an empty key, and complains aloud if it may not.
	switch key, given := m.Lookup("key"); {
	case m.Get("kvsname") != s.Name:
		return "kvs_" + short(m.Get("kvsname")) + "_not_found"
	case !given:
		return "no_key_given"
	case len(key) > KeyMax:
		return "key_too_long"
	}
	return ""
}

// short bounds what a reply repeats of a request: C clients read 1024 bytes.
func short(s string) string { return s[:min(len(s), KVSNameMax)] }

func (s *Server) put(p *peer, m Message) {
	value := m.Get("value")
	msg := s.checkTable(m)
	if msg == "" && len(value) > ValueMax {
		msg = "value_too_long"
	}
	if msg != "" {
		p.send("put_result", "rc", "-1", "msg", msg)
		return
	}
	key := m.Get("key")
	s.Put(key, value)
	if s.Above != nil {
		s.mu.Lock()
		s.fresh = append(s.fresh, Pair{key, value})
		s.mu.Unlock()
	}
	p.send("put_result", "rc", "0", "msg", "success")
}

func (s *Server) get(p *peer, m Message) {
	if msg := s.checkTable(m); msg != "" {
		p.send("get_result", "rc", "-1", "msg", msg, "value", "unknown")
		return
	}
	key := m.Get("key")
	s.mu.Lock()
	value, ok := s.values[key]
	s.mu.Unlock()
	if !ok {
		p.send("get_result", "rc", "-1", "msg", "key_"+key+"_not_found", "value", "unknown")
		return
	}
	p.send("get_result", "rc", "0", "msg", "success", "value", value)
}

func (s *Server) barrier(p *peer) {
	s.mu.Lock()
	for _, q := range s.waiting {
		if q == p { // in already
			s.mu.Unlock()
			return
		}
	}
	s.waiting = append(s.waiting, p)
	here := s.Here
	if here == 0 {
		here = s.Size
	}
	first, all := len(s.waiting) == 1, len(s.waiting) == here
	var out []*peer
	var puts []Pair
	switch {
	case all && s.Above == nil:
		out, s.waiting = s.waiting, nil
	case all:
		puts, s.fresh = s.fresh, nil
	}
	s.mu.Unlock()
	if s.Handler.Barrier != nil && (first || s.Above == nil) {
		s.Handler.Barrier(p.rank)
	}
	if all && s.Above != nil {
		s.Above.Arrived(puts)
	}
	for _, q := range out {
		q.send("barrier_out")
	}
}

// Release lets the ranks out of the barrier when those of all hosts are in, with what
// those of the other hosts have put.
func (s *Server) Release(puts []Pair) {
	s.mu.Lock()
	if s.values == nil {
		s.values = map[string]string{}
	}
	for _, p := range puts {
		s.values[p.Key] = p.Value
	}
	out := s.waiting
	s.waiting = nil
	s.mu.Unlock()
	for _, q := range out {
		q.send("barrier_out")
	}
}

// Waiting returns how many ranks are in the barrier.
func (s *Server) Waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.waiting)
}

// Names answers the commands publish_name, lookup_name and unpublish_name.
func (s *Server) Names(m Message) Message {
	service := m.Get("service")
	if len(m.Get("port")) > ValueMax {
		return NewMessage("publish_result", "info", "ok", "rc", "1", "msg", "port_too_long")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	port, there := s.published[service]
	switch {
	case m.Name == "publish_name" && there:
		return NewMessage("publish_result", "info", "ok", "rc", "1", "msg", "key_already_present")
	case m.Name == "publish_name":
		if s.published == nil {
			s.published = map[string]string{}
		}
		s.published[service] = m.Get("port")
		return NewMessage("publish_result", "info", "ok", "rc", "0", "msg", "success")
	case m.Name == "lookup_name" && there:
		return NewMessage("lookup_result", "port", port, "info", "ok", "rc", "0", "msg", "success")
	case m.Name == "lookup_name":
		return NewMessage("lookup_result", "info", "ok", "rc", "1", "msg", "service_not_found")
	case there:
		delete(s.published, service)
		return NewMessage("unpublish_result", "info", "ok", "rc", "0", "msg", "success")
	}
	return NewMessage("unpublish_result", "info", "ok", "rc", "1", "msg", "service_not_found")
}

// ProcessMapping returns the value of the key PMI_process_mapping for ranks of which
// node says where each is, or "" if it would not fit into a value (clients then
// compare host names). A list of which the ranks leave something over begins anew.
func ProcessMapping(node []int) string {
	type block struct{ first, nodes, each int }
	var blocks []block
	for i := 0; i < len(node); {
		each := 1
		for i+each < len(node) && node[i+each] == node[i] {
			each++
		}
		last := len(blocks) - 1
		if last >= 0 && blocks[last].each == each && blocks[last].first+blocks[last].nodes == node[i] {
			blocks[last].nodes++
		} else {
			blocks = append(blocks, block{node[i], 1, each})
		}
		i += each
	}
	for period := 1; period <= len(blocks)/2; period++ {
		if len(blocks)%period == 0 && slices.Equal(blocks[period:], blocks[:len(blocks)-period]) {
			blocks = blocks[:period]
			break
		}
	}
	out := []byte("(vector")
	for _, b := range blocks {
		out = fmt.Appendf(out, ",(%d,%d,%d)", b.first, b.nodes, b.each)
	}
	out = append(out, ')')
	if len(out) >= ValueMax {
		return ""
	}
	return string(out)
}
