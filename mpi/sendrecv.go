package mpi

import (
	"slices"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// Sendrecv sends send to rank dest and receives into recv from rank source at
// the same time, so that ranks may exchange messages without deadlock (MPI 5.0
// §3.10). It blocks until both are done; the status is that of the receive. The
// buffers do not overlap, else the error is of class ErrBuffer; other errors
// are those of Send and Recv.
func Sendrecv[S, R any](c *Comm, send []S, dest, sendTag int, recv []R, source, recvTag int) (Status, error) {
	se, re := elementOf[S](), elementOf[R]()
	if overlap(send, recv) {
		return emptyStatus, c.errorf(ErrBuffer, "send and receive buffer overlap; SendrecvReplace works on one buffer")
	}
	return sendrecv(c, se, bufOf(se, send), dest, sendTag, re, bufOf(re, recv), source, recvTag)
}

// SendrecvReplace sends buf to rank dest and receives the message from source
// into it (MPI 5.0 §3.10). It blocks until both are done; the status is that of
// the receive, and errors are those of Send and Recv. A copy of buf is sent.
func SendrecvReplace[T any](c *Comm, buf []T, dest, sendTag, source, recvTag int) (Status, error) {
	e := elementOf[T]()
	return sendrecv(c, e, bufOf(e, slices.Clone(buf)), dest, sendTag, e, bufOf(e, buf), source, recvTag)
}

func sendrecv(c *Comm, se *element, send engine.Buf, dest, sendTag int, re *element, recv engine.Buf, source, recvTag int) (Status, error) {
	if !c.sendable(dest, sendTag) || se.typ == nil {
		if err := c.checkSend(se, dest, sendTag); err != nil {
			return emptyStatus, err
		}
	}
	if !c.receivable(source, recvTag) || re.typ == nil {
		if err := c.checkRecv(re, source, recvTag); err != nil {
			return emptyStatus, err
		}
	}
	var r *Request
	if source != ProcNull {
		req, err := c.ec.Irecv(recv, source, recvTag)
		if err != nil {
			return emptyStatus, c.failed("", source, recvTag, err)
		}
		r = newRequest(c, opSendrecv, source, recvTag, req, nil)
	}
	if dest != ProcNull {
		if err := c.ec.Send(send, dest, sendTag, engine.Standard, c.done); err != nil {
			err = c.failed("", dest, sendTag, err)
			if r != nil && r.Cancel() == nil {
				_, _ = r.Wait() // the error of the send is the one to report
			}
			return emptyStatus, err
		}
	}
	if r == nil {
		return nullStatus, nil
	}
	return r.Wait()
}

// RecvAppend receives a message of any length from rank source, or AnySource,
// with the given tag, or AnyTag, and appends it to dst, which grows as append
// does (Mprobe and Mrecv in one, MPI 5.0 §3.8.3). It blocks until the message
// is there. On an error it returns dst as it was.
func RecvAppend[T any](c *Comm, dst []T, source, tag int) ([]T, Status, error) {
	e := elementOf[T]()
	if e.typ == nil {
		return dst, emptyStatus, c.checkRecv(e, source, tag)
	}
	m, st, err := c.Mprobe(source, tag)
	if err != nil || st.Source == ProcNull {
		return dst, st, err
	}
	return MrecvAppend(m, dst)
}

// MrecvAppend receives the message m, of any length, and appends it to dst,
// which grows as append does (MPI 5.0 §3.8.3). It blocks as Mrecv does, with
// the same errors; on an error it returns dst as it was.
func MrecvAppend[T any](m *Message, dst []T) ([]T, Status, error) {
	n := 0
	if e := elementOf[T](); m != nil && e.typ != nil && e.typ.Size > 0 {
		n = m.st.Bytes / e.typ.Size
	}
	buf := slices.Grow(dst, n)[:len(dst)+n]
	st, err := Mrecv(m, buf[len(dst):])
	if err != nil {
		return dst, st, err
	}
	return buf, st, nil
}

// overlap reports whether two buffers share memory.
func overlap[S, R any](s []S, r []R) bool {
	if len(s) == 0 || len(r) == 0 {
		return false
	}
	sp, rp := uintptr(unsafe.Pointer(&s[0])), uintptr(unsafe.Pointer(&r[0]))
	return sp < rp+uintptr(len(r))*unsafe.Sizeof(r[0]) && rp < sp+uintptr(len(s))*unsafe.Sizeof(s[0])
}
