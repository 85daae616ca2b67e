package proof

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const (
	magic      = "RINGOm\x01\x00" // with the version of what follows
	numberSize = 32
	helloSize  = len(magic) + 4 + numberSize
)

// ErrStranger says that the other end does not know the key.
var ErrStranger = errors.New("it does not know the key of the job")

func of(key []byte, side string, hello, number []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(side))
	h.Write(hello)
	h.Write(number)
	return h.Sum(nil)
}

// Call is the caller's side; rank is its own.
func Call(c io.ReadWriter, key []byte, rank int) error {
	hello := make([]byte, helloSize)
	n := copy(hello, magic)
	binary.LittleEndian.PutUint32(hello[n:], uint32(rank))
	rand.Read(hello[n+4:])
	if _, err := c.Write(hello); err != nil {
		return err
	}
	answer := make([]byte, numberSize+sha256.Size)
	if _, err := io.ReadFull(c, answer); err != nil {
		return err
	}
	number := answer[:numberSize]
	if !hmac.Equal(answer[numberSize:], of(key, "called", hello, number)) {
		return ErrStranger
	}
	_, err := c.Write(of(key, "caller", hello, number))
	return err
}

// Answer is the side of the one called. It returns the rank of the caller, which is
// below size.
func Answer(c io.ReadWriter, key []byte, size int) (rank int, err error) {
	hello := make([]byte, helloSize)
	if _, err := io.ReadFull(c, hello); err != nil {
		return 0, err
	}
	from := binary.LittleEndian.Uint32(hello[len(magic):])
	if string(hello[:len(magic)]) != magic {
		return 0, ErrStranger
	}
	if from >= uint32(size) {
		return 0, fmt.Errorf("%w: it says that it is rank %d of %d", ErrStranger, from, size)
	}
	answer := make([]byte, numberSize, numberSize+sha256.Size)
	rand.Read(answer)
	number := answer[:numberSize]
	if _, err := c.Write(append(answer, of(key, "called", hello, number)...)); err != nil {
		return 0, err
	}
	proof := make([]byte, sha256.Size)
	if _, err := io.ReadFull(c, proof); err != nil {
		return 0, err
	}
	if !hmac.Equal(proof, of(key, "caller", hello, number)) {
		return 0, ErrStranger
	}
	return int(from), nil
}
