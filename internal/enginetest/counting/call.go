package counting

import "sync/atomic"

// Call names a method of an engine, or what became of a request.
type Call int

// The calls.
const (
	Alloc Call = iota
	Free
	WaitAny
	Recycle
	Send
	Recv
	Isend
	Irecv
	IrecvNow
	Probe
	Mprobe
	Collective
	Icollective
	Construct // Dup, Split …: a communicator was made
	FreeComm
	Revoke
	MessageRecv
	MessageIrecv
	Test
	Wait
	Cancel

	Started // requests that were handed out
	AtOnce  // operations that were Completed
	Ended   // requests of which Test or Wait reported completion
	Failed  // calls that returned an error
	numCalls
)

// counts are the numbers of an engine.
type counts [numCalls]atomic.Int64

func (c *counts) add(call Call) { c[call].Add(1) }

// result counts a call that has returned.
func (c *counts) result(call Call, err error) {
	c.add(call)
	if err != nil {
		c.add(Failed)
	}
}
