package model

// Program is a random program: for each rank the operations it performs.
type Program struct {
	Size  int
	Ranks [][]Op
}

// The communicators of a program.
const (
	named    = iota // point to point with named sources, and collectives
	backward        // the same, with the ranks in the opposite order
	halves          // the same, even and odd ranks apart
	wild            // receives from any source
	ring            // Sendrecv
	objects         // objects
	numComms
)

// What an operation does.
const (
	send = iota
	ssend
	bsend
	isend
	issend
	irecv
	recv
	probeRecv   // Probe, then Recv of what it found
	iprobeRecv  // Iprobe until there is something, then Recv
	mprobeRecv  // Mprobe, then Mrecv
	appendRecv  // RecvAppend
	wait        // for Req
	testWait    // Test until Req is complete
	waitAll     // for all requests that are open and may be waited for
	cancel      // Irecv of what nobody sends, and Cancel
	collective  // Coll
	icollective // Coll, nonblocking
	wildRound   // Round
	shift       // Sendrecv with the neighbours
	isendObject
	recvObject
	irecvObject
	churn // Dup, use, Free
)

// Op is one operation of one rank.
type Op struct {
	Kind   int
	Step   int // in the program; all ranks of a collective have the same
	Comm   int
	Peer   int // rank in Comm
	Tag    int
	Len    int
	ID     int   // of the message sent, or of the one to be received
	Source int   // what the status has to say
	Got    int   // tag, likewise
	Req    int   // request that the operation starts or waits for
	Reqs   []int `json:",omitempty"`
	Coll   int
	Root   int
	Round  *Round `json:",omitempty"`
}

// Round is one rank's part in a round of receives from any source.
type Round struct {
	Sends    []Op
	Receives int // how many messages the rank gets, by tag
	Tags     [2]int
	AnyTag   bool
	How      []int // of each receive
}
