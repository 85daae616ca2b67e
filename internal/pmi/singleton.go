package pmi

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// Greet begins the service of a singleton: a process that no process manager
// has started, and that has started one itself and waits for its connection.
// Both sides say a line, the manager first, and the manager names the table of
// keys and values. It returns the stream for Serve.
//
// The process keeps its standard streams: the manager could only pass them on.
func (s *Server) Greet(stream io.ReadWriter) (io.ReadWriter, error) {
	if _, err := stream.Write(NewMessage("singinit", "authtype", "none").Append(nil)); err != nil {
		return nil, err
	}
	// The reader is kept: it may hold the beginning of what follows.
	r := bufio.NewReaderSize(stream, MaxLine)
	line, err := lineReader{r}.next()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("pmi: the process has closed the connection before it said anything")
	} else if err != nil {
		return nil, err
	}
	m, err := Parse(line)
	if err != nil {
		return nil, err
	}
	if m.Name != "singinit" {
		return nil, fmt.Errorf("pmi: singinit was answered with %.60q", m.Name)
	}
	refuse := func(err error) (io.ReadWriter, error) {
		_, _ = stream.Write(NewMessage("singinit_info", "versionok", "no", "stdio", "no", "kvsname", s.Name).Append(nil))
		return nil, err
	}
	switch version, err := m.Int("pmi_version"); {
	case err != nil:
		return refuse(err)
	case version != 1:
		return refuse(fmt.Errorf("pmi: the process speaks version %d, not 1", version))
	}
	if auth := m.Get("authtype"); auth != "" && auth != "none" {
		return refuse(fmt.Errorf("pmi: the process asks for the authentication %.60q; there is none", auth))
	}
	if _, err := stream.Write(NewMessage("singinit_info", "versionok", "yes", "stdio", "no", "kvsname", s.Name).Append(nil)); err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Writer
	}{r, stream}, nil
}
