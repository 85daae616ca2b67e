// Package proto is the wire format of the embedded engine: the kinds of frames
// that ranks exchange, and their payloads. It is pure: encoding, decoding and
// checking of bytes, no I/O and no state.
//
// # How a message travels
//
// By its length a message goes in one of three ways (the lengths are chosen by
// the engine; see Limits there):
//
//	eager       one frame [Eager] with the data
//	stream      a frame [First] with the total length and the first part, then
//	            frames [More]; between two ranks nothing else comes in between
//	whole       a frame [Whole], whose tail is the data, where links have tails
//	rendezvous  a frame [Offer] that says where the data lies; the receiver,
//	            once it has a receive for it, copies it out of the sender's
//	            memory and answers [Taken]. Where memory cannot be reached it
//	            answers [Send], and the sender answers with frames [Data], or with
//	            frames [Piece], whose tails are the data.
//
// A synchronous or ready send carries the number of the sender's operation in
// front of the data, and the receiver answers [Matched] when it has matched
// ([Refused] to a ready send without a posted receive). Before it matches, the
// receiver claims the message in a table that both reach; a sender that has
// given up has taken the message back there, without a frame. Two ranks that
// have no such table do it with frames: the sender asks with [Recall], and the
// receiver answers [Recalled] if the message has not matched.
//
// Where memory can be reached no longer in the middle of a collective, one member
// asks another for its bytes with [Fetch], which is answered with [Data], and
// gives it bytes with [Placed].
//
// Numbers are little endian, on every machine.
//
// Used by the embedded engine only.
package proto

import (
	"encoding/binary"
	"fmt"
)

// The kinds of frames. Zero is none.
const (
	Eager    uint8 = 1 + iota // data
	First                     // length of the whole message, and its first part
	More                      // next part of the message that First began
	Offer                     // an Origin: where the data lies
	Taken                     // answer to Offer: the data has been copied
	Send                      // answer to Offer: send it as Data, to this receive
	Data                      // part of a message that was asked for with Send
	Matched                   // a synchronous send has matched
	Refused                   // a ready send found no posted receive
	Revoke                    // the communicator is revoked; the payload is the reason
	Recall                    // give the message back if it has not matched: see Recalled
	Recalled                  // answer to Recall: it has not, and never will
	Decline                   // the sender takes no part in the collective of the frame's tag; the payload is the reason
	Parted                    // a member has left without its part in a collective: see PutPair
	Joined                    // answer to Decline: the sender has a part in that collective
	Fetch                     // send what lies at an address of the receiver, as Data: see PutFetch
	Placed                    // bytes for an address of the receiver
	Whole                     // a message whose data is the tail: see PutPair
	Piece                     // part of a message that was asked for with Send, in the tail: see PutFetch
	numKinds
)

var kindNames = [numKinds]string{"none", "eager", "first", "more", "offer", "taken", "send", "data", "matched", "refused", "revoke", "recall", "recalled", "decline", "parted", "joined", "fetch", "placed", "whole", "piece"}

// KindName names a kind of frame.
func KindName(k uint8) string {
	if k >= numKinds {
		return fmt.Sprintf("kind %d", k)
	}
	return kindNames[k]
}

// Flags of Eager, First and Offer.
const (
	Sync  uint8 = 1 << iota // answer Matched; the operation's number comes first
	Ready                   // answer Matched or Refused; the operation's number comes first
)

// Tail is the flag of a frame whose data does not lie in the ring, but travels
// behind it. Frames Whole and Piece have it, and no others.
const Tail uint8 = 1 << 7

// Answers reports whether a message with these flags carries the number of the
// sender's operation and wants an answer.
func Answers(flags uint8) bool { return flags&(Sync|Ready) != 0 }

// NumberSize is the size of an operation's number in front of data.
const NumberSize = 8

// PutNumber writes an operation's number in front of data.
func PutNumber(p []byte, number uint64) { binary.LittleEndian.PutUint64(p, number) }

// FirstSize is the size of what precedes the data in a First frame: the length
// of the whole message, and the number of the operation.
const FirstSize = 16

// PutFirst writes what precedes the data of a First frame.
func PutFirst(p []byte, total int, number uint64) {
	binary.LittleEndian.PutUint64(p, uint64(total))
	binary.LittleEndian.PutUint64(p[8:], number)
}

// Origin says where an offered message lies.
type Origin struct {
	Number uint64 // of the sender's operation
	Total  uint64 // bytes
	Addr   uint64 // in the sender's memory
	Offset uint64 // in the job's segment, or NoOffset
}

// OriginSize is the size of an encoded Origin.
const OriginSize = 32

// NoOffset is the Offset of a message that does not lie in the segment.
const NoOffset = ^uint64(0)

// Put encodes o.
func (o Origin) Put(p []byte) {
	_ = p[OriginSize-1]
	binary.LittleEndian.PutUint64(p[0:], o.Number)
	binary.LittleEndian.PutUint64(p[8:], o.Total)
	binary.LittleEndian.PutUint64(p[16:], o.Addr)
	binary.LittleEndian.PutUint64(p[24:], o.Offset)
}

// PutPair encodes the two numbers of a Send frame, the sender's operation and
// the receiver's, or of a Data frame: the receiver's operation and the offset
// of this part, of a Parted frame: the number of the collective, and the
// member, of a Placed frame: an address, and the offset of this part from it, or of
// a Whole frame: the sender's operation, and the length of the tail.
func PutPair(p []byte, a, b uint64) {
	_ = p[15]
	binary.LittleEndian.PutUint64(p[0:], a)
	binary.LittleEndian.PutUint64(p[8:], b)
}

// FetchSize is the size of what PutFetch encodes.
const FetchSize = 24

// PutFetch encodes a Fetch frame: the asker's operation, the address, and how
// many bytes; 0 asks for Taken, which says that what came before has been dealt
// with. Or a Piece frame: the receiver's operation, the offset of this part, and the
// length of the tail.
func PutFetch(p []byte, number, addr, n uint64) {
	_ = p[FetchSize-1]
	PutPair(p, number, addr)
	binary.LittleEndian.PutUint64(p[16:], n)
}

// PairSize is the size of an encoded pair.
const PairSize = 16

// Body is the decoded payload of a frame.
type Body struct {
	Number uint64 // operation the frame belongs to, at whoever keeps it
	Other  uint64 // Send: the receiver's operation; Data, Piece: offset of the part; Parted: the member; Fetch: the address
	Origin Origin // Offer
	Total  int    // length of the whole message; Piece: of the part
	Data   []byte // the part of the message in this frame; it is in the ring
}

// maxMessage bounds the length that a frame may announce.
const maxMessage = 1 << 56

// Decode takes the payload of a frame apart. It never reads past payload, and
// reports what does not fit the kind.
func Decode(kind, flags uint8, payload []byte) (b Body, err error) {
	need := func(n int) bool {
		if len(payload) < n {
			err = fmt.Errorf("frame %s of %d bytes, at least %d needed", KindName(kind), len(payload), n)
			return false
		}
		return true
	}
	u64 := func(at int) uint64 { return binary.LittleEndian.Uint64(payload[at:]) }
	length := func(n uint64) int {
		if n > maxMessage || uint64(int(n)) != n {
			err = fmt.Errorf("frame %s announces %d bytes", KindName(kind), n)
			return 0
		}
		return int(n)
	}
	if tail := kind == Whole || kind == Piece; tail != (flags&Tail != 0) {
		return b, fmt.Errorf("frame %s with flags %#x", KindName(kind), flags)
	}
	switch kind {
	case Eager:
		b.Data = payload
		if Answers(flags) {
			if !need(NumberSize) {
				return b, err
			}
			b.Number, b.Data = u64(0), payload[NumberSize:]
		}
		b.Total = len(b.Data)
	case First:
		if !need(FirstSize) {
			return b, err
		}
		b.Total, b.Number, b.Data = length(u64(0)), u64(8), payload[FirstSize:]
		if err == nil && len(b.Data) > b.Total {
			err = fmt.Errorf("first part of %d bytes of a message of %d", len(b.Data), b.Total)
		}
	case More:
		b.Data = payload
	case Offer:
		if !need(OriginSize) {
			return b, err
		}
		b.Origin = Origin{Number: u64(0), Total: u64(8), Addr: u64(16), Offset: u64(24)}
		b.Number, b.Total = b.Origin.Number, length(b.Origin.Total)
	case Whole:
		if !need(PairSize) {
			return b, err
		}
		b.Number, b.Total = u64(0), length(u64(8))
	case Fetch, Piece:
		if !need(FetchSize) {
			return b, err
		}
		b.Number, b.Other, b.Total = u64(0), u64(8), length(u64(16))
	case Send, Data, Parted, Placed:
		if !need(PairSize) {
			return b, err
		}
		b.Number, b.Other, b.Data = u64(0), u64(8), payload[PairSize:]
	case Taken, Matched, Refused, Recall, Recalled:
		if !need(NumberSize) {
			return b, err
		}
		b.Number = u64(0)
	case Revoke, Decline:
		b.Data = payload
	case Joined: // the frame's tag says which
	default:
		err = fmt.Errorf("frame of unknown %s", KindName(kind))
	}
	return b, err
}
