package muster

import (
	"errors"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ringo-mpi/ringo/internal/embedded/segment"
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
	"github.com/ringo-mpi/ringo/internal/manager"
)

// Job is what a rank has in the place of mpiexec: it implements [shm.Launcher].
type Job struct {
	gather  *muster
	seg     *segment.Segment
	manager manager.Manager
	rank    int

	ring    []int          // the ranks of this host, from the one behind this on
	sockets map[int]string // of each
	wake    int            // an event: the watch is to end
	news    *news          // of a head in a job of several hosts

	mu        sync.Mutex // of Watch and Leave
	watched   int        // the rank that this one has a connection to
	link      int        // that connection, or -1
	left      bool
	abandoned bool // the rank that was the manager has died
	life      int  // the socket that tells others that this process lives
}

func newJob(g *muster, seg *segment.Segment, sockets []string) *Job {
	j := &Job{gather: g, seg: seg, manager: g.m, rank: g.rank, sockets: map[int]string{}, watched: g.rank, link: -1, life: g.life}
	j.wake, _ = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	var near []int
	for r := range seg.Ranks() {
		if seg.Near(r) {
			j.sockets[r] = sockets[seg.Place(r)]
			near = append(near, r)
		}
	}
	at := slices.Index(near, j.rank)
	j.ring = append(near[at+1:len(near):len(near)], near[:at]...)
	return j
}

const died = "its process has ended without Finalize"

// retry is after how long a rank that has too many callers is called again.
const retry = 100 * time.Millisecond

// Watch waits for up to limit, or until Wake. It marks a rank of this host dead that
// has gone without a word, and ends this process when the launcher has gone.
func (j *Job) Watch(limit time.Duration) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for end := time.Now().Add(limit); !j.left; {
		left := time.Until(end)
		if j.link < 0 && !j.next() {
			left = min(left, retry)
		}
		if left <= 0 {
			return
		}
		launcher := j.manager.Descriptor()
		if j.abandoned {
			launcher = -1
		}
		fds := []unix.PollFd{
			{Fd: int32(j.wake), Events: unix.POLLIN},
			{Fd: int32(launcher), Events: unix.POLLRDHUP},
			{Fd: int32(j.link), Events: unix.POLLRDHUP}, // -1 is passed over
		}
		n, err := unix.Poll(fds, int(left.Milliseconds())+1)
		switch {
		case err != nil && !errors.Is(err, unix.EINTR):
			return
		case n <= 0:
			continue
		case fds[0].Revents != 0:
			return
		case fds[1].Revents != 0: // first: it may tell how this process is to end
			j.orphaned()
		case fds[2].Revents != 0:
			j.lost(j.watched)
		}
	}
}

// lost takes note of the end of the connection to a rank.
func (j *Job) lost(rank int) {
	unix.Close(j.link)
	j.link = -1
	if j.seg.State(rank) < transport.Finalized {
		j.seg.MarkDead(rank, died)
	}
}

// next connects to the next rank of this host that has not ended. It reports false if
// it has to be tried again.
func (j *Job) next() bool {
	for len(j.ring) > 0 {
		r := j.ring[0]
		fd, err := -1, error(nil)
		if j.seg.State(r) <= transport.Finalizing {
			fd, err = callSocket(forLife, j.sockets[r])
			if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) {
				return false
			}
		}
		if err == nil && fd >= 0 {
			j.watched, j.link = r, fd
			return true
		}
		j.ring = j.ring[1:]
		if err != nil && j.seg.State(r) < transport.Finalized {
			j.seg.MarkDead(r, died)
		}
	}
	return true
}

// orphaned ends this process, as its launcher has gone, or has told it to end.
func (j *Job) orphaned() {
	switch f := j.manager.Farewell(); {
	case f.Told:
		os.Exit(f.Status)
	case f.Server >= 0: // a rank has died, which is no more than that
		j.abandoned = true
		if j.seg.State(f.Server) < transport.Finalized {
			j.seg.MarkDead(f.Server, died)
		}
	default:
		_ = unix.Kill(os.Getpid(), unix.SIGKILL)
	}
}

// Wake ends Watch.
func (j *Job) Wake() {
	_, _ = unix.Write(j.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0})
}

// Abort has the launcher end all ranks.
func (j *Job) Abort(status int, reason string) { j.manager.Abort(status, reason) }

// Leave takes this rank out of the job. The others see by its state that it has left.
// A head goes on watching until the other ranks of its host have ended, if there are
// hosts to be told.
func (j *Job) Leave() error {
	j.Wake()
	if j.news != nil {
		j.mu.Lock() // the watch of before has ended
		_, _ = unix.Read(j.wake, make([]byte, 8))
		j.mu.Unlock()
		for !j.last() {
			j.Watch(lastLook)
		}
		j.news.close()
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.left {
		return nil
	}
	j.left = true
	for _, fd := range []int{j.link, j.life, j.wake} {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
	if err := j.manager.Finalize(); !j.abandoned {
		return err
	}
	return nil
}

// lastLook is how often a head that waits looks whether it is the last.
const lastLook = 5 * time.Millisecond

// last reports whether no other rank of this host is left.
func (j *Job) last() bool {
	for r := range j.sockets {
		if r != j.rank && j.seg.State(r) < transport.Finalized {
			return false
		}
	}
	return true
}
