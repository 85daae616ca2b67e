package launch

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/ringo-mpi/ringo/internal/pmi"
)

// ServeSingleton is the process manager of process pid, which was started
// without one and has called mpiexec itself: it listens on a port of this host.
// It returns when the process ends or closes its connection. A process that
// ends without Finalize, as by Abort, is no error here: whoever waits for it
// sees that.
func ServeSingleton(port, pid int) error {
	gone := make(chan struct{})
	stop, err := watch(pid, func(exit, bool) { close(gone) })
	switch {
	case err == nil:
		defer stop()
	case !running(pid):
		return fmt.Errorf("process %d is not there", pid)
	default: // the kernel cannot watch it
		go func() {
			for running(pid) {
				time.Sleep(time.Second)
			}
			close(gone)
		}()
	}
	conn, err := dialLocal(port)
	if err != nil {
		return fmt.Errorf("port %d of 127.0.0.1, where process %d should listen: %w", port, pid, err)
	}
	defer conn.Close()
	greeted, closed := make(chan error, 1), make(chan error, 1)
	server := &pmi.Server{Size: 1, Name: "kvs_" + strconv.Itoa(pid), Handler: pmi.Handler{
		Closed: func(_ int, _ bool, err error) {
			if connectionReset(err) {
				err = nil // killed before it had read all
			}
			closed <- err
		},
	}}
	server.Put("PMI_process_mapping", pmi.ProcessMapping([]int{0}))
	go func() {
		// The process waits for us. What says nothing is another program, or nobody:
		// we may hold its listening socket, which was inherited.
		_ = conn.SetDeadline(time.Now().Add(greeting))
		stream, err := server.Greet(conn)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			err = fmt.Errorf("it has said nothing for %v", greeting)
		}
		_ = conn.SetDeadline(time.Time{})
		greeted <- err
		if err == nil {
			server.Serve(0, stream)
		}
	}()
	select {
	case err = <-greeted:
	case <-gone:
		return fmt.Errorf("process %d has ended before it could be served", pid)
	}
	if err == nil {
		select {
		case err = <-closed:
		case <-gone:
		}
	}
	if err != nil {
		return fmt.Errorf("port %d of process %d: %w", port, pid, err)
	}
	return nil
}

// greeting is how long a singleton may take for its first line.
var greeting = 10 * time.Second // a variable, for its test
