package noise

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"math"
)

// Overhead is by how many bytes a sealed message is longer, and MaxMessage how long it
// may be.
const (
	Overhead   = 16
	MaxMessage = 65535
)

// ErrForged is returned for a message that was not sealed by the other end, or not as
// the next one.
var ErrForged = errors.New("noise: the message is not what the other end has sent")

var errUsedUp = errors.New("noise: the key was used too often")

// Cipher is a key for one direction. Each message is sealed and opened once, in order.
// It is not safe for concurrent use.
type Cipher struct {
	aead  cipher.AEAD
	count uint64
	nonce [12]byte
}

func newCipher(key []byte) *Cipher {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // the key is 32 bytes long
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return &Cipher{aead: aead}
}

// next is the nonce of the next message.
func (c *Cipher) next() ([]byte, error) {
	if c.count == math.MaxUint64 {
		return nil, errUsedUp
	}
	binary.BigEndian.PutUint64(c.nonce[4:], c.count)
	c.count++
	return c.nonce[:], nil
}

// Seal appends the sealed message to dst, which may be plain[:0] and must not overlap
// it otherwise.
func (c *Cipher) Seal(dst, plain []byte) ([]byte, error) { return c.seal(dst, plain, nil) }

// Open appends to dst what Seal was given; dst may be sealed[:0] and must not overlap
// it otherwise.
func (c *Cipher) Open(dst, sealed []byte) ([]byte, error) { return c.open(dst, sealed, nil) }

func (c *Cipher) seal(dst, plain, with []byte) ([]byte, error) {
	nonce, err := c.next()
	if err != nil {
		return nil, err
	}
	return c.aead.Seal(dst, nonce, plain, with), nil
}

func (c *Cipher) open(dst, sealed, with []byte) ([]byte, error) {
	nonce, err := c.next()
	if err != nil {
		return nil, err
	}
	plain, err := c.aead.Open(dst, nonce, sealed, with)
	if err != nil {
		c.count-- // a forged message does not count
		return nil, ErrForged
	}
	return plain, nil
}
