//go:build unix

package tcp

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The caller and the one it calls prove to each other that they know the key of the
// job, over random numbers of both, so that nothing that was heard once is of use
// again:
//
//	caller   magic, its rank, the rank it means, number
//	called   its number, the proof over both
//	caller   the proof over both
//	called   the verdict

const (
	magic      = "RINGO\x00\x01\x00" // with the version of what follows
	numberSize = 32
	helloSize  = len(magic) + 8 + numberSize
)

// Verdicts.
const (
	verdictYes  byte = 1 + iota
	verdictWait      // the one called calls the caller
	verdictNo        // it has a connection, or leaves
)

var errStranger = errors.New("it does not know the key of the job")

// proof is what one who knows the key says about a call.
func (e *end) proof(side string, hello, number []byte) []byte {
	h := hmac.New(sha256.New, e.cfg.Key)
	h.Write([]byte(side))
	h.Write(hello)
	h.Write(number)
	return h.Sum(nil)
}

// introduce is the caller's side.
func (e *end) introduce(c io.ReadWriter, rank int) (verdict byte, err error) {
	hello, number, err := e.greet(c, rank)
	if err != nil {
		return 0, err
	}
	return e.conclude(c, hello, number)
}

// greet is the first half of the caller's side: the one called has proved that it
// is a rank of the job, and does not know yet whether the caller is one.
func (e *end) greet(c io.ReadWriter, rank int) (hello, number []byte, err error) {
	hello = make([]byte, helloSize)
	n := copy(hello, magic)
	binary.LittleEndian.PutUint32(hello[n:], uint32(e.rank))
	binary.LittleEndian.PutUint32(hello[n+4:], uint32(rank))
	rand.Read(hello[n+8:])
	if _, err := c.Write(hello); err != nil {
		return nil, nil, err
	}
	answer := make([]byte, numberSize+sha256.Size)
	if _, err := io.ReadFull(c, answer); err != nil {
		return nil, nil, err
	}
	number = answer[:numberSize]
	if !hmac.Equal(answer[numberSize:], e.proof("called", hello, number)) {
		return nil, nil, errStranger
	}
	return hello, number, nil
}

// conclude is the second half.
func (e *end) conclude(c io.ReadWriter, hello, number []byte) (verdict byte, err error) {
	if _, err := c.Write(e.proof("caller", hello, number)); err != nil {
		return 0, err
	}
	var last [1]byte
	if _, err := io.ReadFull(c, last[:]); err != nil {
		return 0, err
	}
	if last[0] < verdictYes || last[0] > verdictNo {
		return 0, fmt.Errorf("its verdict is %d", last[0])
	}
	return last[0], nil
}

// examine is the side of the one called, up to the verdict. It returns the rank of
// the caller.
func (e *end) examine(c io.ReadWriter) (rank int, err error) {
	hello := make([]byte, helloSize)
	if _, err := io.ReadFull(c, hello); err != nil {
		return 0, err
	}
	n := len(magic)
	from, to := binary.LittleEndian.Uint32(hello[n:]), binary.LittleEndian.Uint32(hello[n+4:])
	if string(hello[:n]) != magic || from >= uint32(e.size) || int(to) != e.rank || e.near(int(from)) {
		return 0, errStranger
	}
	answer := make([]byte, numberSize, numberSize+sha256.Size)
	rand.Read(answer)
	number := answer[:numberSize]
	if _, err := c.Write(append(answer, e.proof("called", hello, number)...)); err != nil {
		return 0, err
	}
	proof := make([]byte, sha256.Size)
	if _, err := io.ReadFull(c, proof); err != nil {
		return 0, err
	}
	if !hmac.Equal(proof, e.proof("caller", hello, number)) {
		return 0, errStranger
	}
	return int(from), nil
}
