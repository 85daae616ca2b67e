package embedded

import "fmt"

// The two machines of an endpoint, as tables: what follows when a thing happens
// in a state. What is not in a table cannot happen. The code makes each move by
// turn, which under the race detector looks it up here and panics at one that is
// not in the table; otherwise it is a plain store.

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
