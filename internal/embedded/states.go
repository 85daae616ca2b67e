package embedded

import "fmt"

// The two machines of an endpoint, as tables: what follows when a thing happens
// in a state. What is not in a table cannot happen. The code makes each move by
// turn, which under the race detector looks it up here and panics at one that is
// not in the table; otherwise it is a plain store.

// stage is how far an operation has come. A frame without user data that waits
// for room begins as control, a copy into the peer's memory by frames as placed,
// its other side as received or data, everything else as new.
//
//	            onFirstPart  onAllLeft  onAsked  onAsk     onEnd
//	new         stream       answer     –        received  done
//	stream      –            answer     –        –         done
//	answer      –            –          data     –         done
//	data        –            –          –        –         done
//	placed      –            –          –        –         done
//	control     –            –          –        –         done
//	received    –            –          –        –         done
//	done        –            –          –        –         –
//
// A second end is none: complete leaves a request that is done alone.
//
// Beside the stage, and in any of them: blocking, when a call waits for the
// operation, so that parts have other lengths and a sender that has left ends a
// receive; counted, when it is in ep.outstanding; stream, when new goes to answer
// by an offer whatever the length; giveUp, when the message is asked back as
// soon as answer is reached, or has been.
type stage uint8

const (
	stageNew      stage = iota // nothing of it has left, or arrived as Data
	stageStream                // First has left, More follow
	stageAnswer                // all has left; an answer is awaited
	stageData                  // asked for with Send: Data frames follow
	stagePlaced                // Placed frames follow
	stageControl               // a frame without user data
	stageReceived              // (receives) Data frames are expected
	stageDone                  // it has ended
)

// stageEvent is what happens to an operation.
type stageEvent uint8

const (
	onFirstPart stageEvent = iota // the first part of a message has left
	onAllLeft                     // all of a message has left that wants an answer
	onAsked                       // the receiver asks for an offered message
	onAsk                         // the receiver has asked for it
	onEnd                         // success, failure, cancellation
)

type stageMove struct {
	from stage
	on   stageEvent
}

var stageMoves = map[stageMove]stage{
	{stageNew, onFirstPart}: stageStream,
	{stageNew, onAllLeft}:   stageAnswer,
	{stageNew, onAsk}:       stageReceived,
	{stageNew, onEnd}:       stageDone,

	{stageStream, onAllLeft}: stageAnswer,
	{stageStream, onEnd}:     stageDone,

	{stageAnswer, onAsked}: stageData,
	{stageAnswer, onEnd}:   stageDone,

	{stageData, onEnd}:     stageDone,
	{stagePlaced, onEnd}:   stageDone,
	{stageControl, onEnd}:  stageDone,
	{stageReceived, onEnd}: stageDone,
}

// turn moves the operation on.
func (r *request) turn(on stageEvent, to stage) {
	if checked {
		if next, ok := stageMoves[stageMove{r.stage, on}]; !ok || next != to {
			panic(fmt.Sprintf("ringo: an operation in stage %d does not turn to %d on event %d", r.stage, to, on))
		}
	}
	r.stage = to
}

// owner is who has a request, and so when it goes back to the pool: see retire.
//
//	            onDone  onHanded  onHandedAtOnce  onRelease
//	program     –       yes       yes             yes
//	call        –       –         –               yes
//	schedule    yes     –         –               –
//	engine      yes     –         –               –
//	collective  –       –         –               –
//
// A buffered send that is under way goes from the call or the program to the
// engine. A request of a collective is left to the collector, since its schedule
// refers to it.
type owner uint8

const (
	byProgram    owner = iota // it has a handle
	byCall                    // it waits for it
	bySchedule                // it is a message of a collective
	byEngine                  // nobody else has it
	byCollective              // it stands for a whole collective
)

// moment is when a request may go back to the pool.
type moment uint8

const (
	onDone         moment = 1 << iota // it has ended, and its outcome is in the request
	onHanded                          // its outcome has been left with the program
	onHandedAtOnce                    // likewise, after one frame and no layout: see recycleReceive
	onRelease                         // the call, or one on the handle, has read the outcome
)

var retires = [...]moment{
	byProgram:    onHanded | onHandedAtOnce | onRelease,
	byCall:       onRelease,
	bySchedule:   onDone,
	byEngine:     onDone,
	byCollective: 0,
}

// messageState is what there is of an unexpected message. A message begins
// arriving, whole, offered or self.
//
//	            onMatch    onLastPart  onForget    onSenderEnd
//	arriving    promised   whole       forgotten   lost
//	promised    –          unused      –           unused
//	forgotten   –          unused      –           unused
//	whole       unused     –           unused      –
//	offered     unused     –           unused      lost
//	self        unused     –           unused      –
//	lost        unused     –           unused      –
//
// A message is in the queue of its space, or Mprobe has it, except when it is
// promised or forgotten: then only the ring that its parts come from knows it.
// An offered message is lost if it lay in the memory of a sender that has died.
//
// Beside the state: claimed, when its sender can no longer take it back.
type messageState uint8

const (
	msgUnused    messageState = iota // in the pool
	msgArriving                      // parts of it are still to come
	msgPromised                      // likewise; it is its taker's
	msgForgotten                     // likewise; nobody receives it
	msgWhole                         // all of it is in data
	msgOffered                       // it lies where origin says
	msgSelf                          // it lies with the synchronous send self of this rank
	msgLost                          // the rest will never come
)

// messageEvent is what happens to an unexpected message.
type messageEvent uint8

const (
	onMatch     messageEvent = iota // it is given to a receive
	onLastPart                      // its last part has come
	onForget                        // it was taken back, or its collective or communicator has ended
	onSenderEnd                     // its sender has left or died
)

type messageMove struct {
	from messageState
	on   messageEvent
}

var messageMoves = map[messageMove]messageState{
	{msgArriving, onMatch}:     msgPromised,
	{msgArriving, onLastPart}:  msgWhole,
	{msgArriving, onForget}:    msgForgotten,
	{msgArriving, onSenderEnd}: msgLost,

	{msgPromised, onLastPart}:  msgUnused,
	{msgPromised, onSenderEnd}: msgUnused,

	{msgForgotten, onLastPart}:  msgUnused,
	{msgForgotten, onSenderEnd}: msgUnused,

	{msgWhole, onMatch}:  msgUnused,
	{msgWhole, onForget}: msgUnused,

	{msgOffered, onMatch}:     msgUnused,
	{msgOffered, onForget}:    msgUnused,
	{msgOffered, onSenderEnd}: msgLost,

	{msgSelf, onMatch}:  msgUnused,
	{msgSelf, onForget}: msgUnused,

	{msgLost, onMatch}:  msgUnused,
	{msgLost, onForget}: msgUnused,
}

// turn moves the message on.
func (m *message) turn(on messageEvent, to messageState) {
	if checked {
		if next, ok := messageMoves[messageMove{m.state, on}]; !ok || next != to {
			panic(fmt.Sprintf("ringo: a message in state %d does not turn to %d on event %d", m.state, to, on))
		}
	}
	m.state = to
}
