package embedded

// Lengths in bytes at which a message changes the way it travels (package
// proto). They were chosen by measurement between two processes on two cores;
// bench/ repeats it.
const (
	// A message up to this length is one frame. Longer ones go in parts, so
	// that the receiver copies the first while the sender copies the next.
	eagerMax = 8 << 10

	// The length of a part. Where a call waits for the message, and nothing else is
	// under way, the first is shorter, so that the receiver begins sooner, and the
	// others are longer.
	streamPart          = 8 << 10
	firstPart, nextPart = 6 << 10, 10 << 10

	// A message longer than this is offered, and the receiver copies it out of
	// the sender's memory: one copy instead of two, for the price of a system
	// call and an answer.
	offerShm = 16 << 10

	// Where nonblocking messages go both ways, both ranks have copies enough to
	// make. Those from this length on are offered after the first few: the receiver
	// copies several at a time, and once.
	streamMin   = 8 << 10
	streamAfter = 2

	// From this length on, the sender helps to copy.
	shareMin = 24 << 10

	// Between goroutines a copy out of the sender's memory costs no system call.
	// (What fits a frame is not offered all the same, see outbound.)
	offerInproc = 2 << 10

	// eagerMax between goroutines.
	eagerInproc = 6 << 10

	// Where no memory can be reached every message longer than this is asked
	// for before it is sent, so that no receiver has to keep it unexpected.
	offerAlways = 256 << 10

	// Over a link with tails a message longer than this is no frame: it is sent from
	// where it lies, and received where it goes.
	tailMin = 4 << 10

	// A longer message that was asked for comes in parts of this length, so that other
	// messages can go in between.
	tailPart = 512 << 10

	// Framed messages of a ring are handled this many at a time before the
	// other rings have their turn.
	framesPerTurn = 32

	// A receive whose message may be in the ring looks at this many frames.
	framesBefore = 8
)
