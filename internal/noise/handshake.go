package noise

import (
	"crypto/ecdh"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
)

const protocol = "Noise_NNpsk0_25519_AESGCM_SHA256"

// KeySize is the length of the key that both ends know.
const KeySize = 32

// publicSize is the length of a public key.
const publicSize = 32

// helloSize is by how many bytes a message of the handshake is longer than its
// payload.
const helloSize = publicSize + Overhead

// HelloSize returns the length of a message of the handshake with a payload.
func HelloSize(payload int) int { return helloSize + payload }

var (
	errTurn  = errors.New("noise: it is the other end's turn")
	errShort = errors.New("noise: the message is too short")
)

// Handshake is one end's side. The caller writes a message and reads one, the called
// end reads one and writes one; then [Handshake.Ciphers] are ready.
type Handshake struct {
	caller bool
	step   int // messages so far
	failed bool
	psk    [KeySize]byte
	hash   [sha256.Size]byte // of all that was said
	chain  [sha256.Size]byte // what the keys are made of
	cipher *Cipher
	own    *ecdh.PrivateKey
	theirs *ecdh.PublicKey
}

// New begins a handshake. Both ends must give the same key and the same prologue:
// what they take to be true before.
func New(caller bool, key [KeySize]byte, prologue []byte) (*Handshake, error) {
	own, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	s := &Handshake{caller: caller, psk: key, own: own}
	copy(s.hash[:], protocol)
	s.chain = s.hash
	s.mixHash(prologue)
	return s, nil
}

// Write appends this end's message, with a payload, to dst. The payload of the caller
// is sealed with the common key alone.
func (s *Handshake) Write(dst, payload []byte) ([]byte, error) {
	if s.failed || s.step > 1 || (s.step == 0) != s.caller {
		return nil, errTurn
	}
	if s.step == 0 {
		s.mixCommon()
	}
	public := s.own.PublicKey().Bytes()
	dst = append(dst, public...)
	s.mixPublic(public)
	if s.step == 1 {
		if err := s.mixAgreed(); err != nil {
			return nil, err
		}
	}
	at := len(dst)
	dst, err := s.cipher.seal(dst, payload, s.hash[:])
	if err != nil {
		return nil, err
	}
	s.mixHash(dst[at:])
	s.step++
	return dst, nil
}

// Read appends the payload of the other end's message to dst.
func (s *Handshake) Read(dst, message []byte) ([]byte, error) {
	switch {
	case s.failed || s.step > 1 || (s.step == 0) == s.caller:
		return nil, errTurn
	case len(message) < helloSize:
		return nil, errShort
	}
	if s.step == 0 {
		s.mixCommon()
	}
	public, sealed := message[:publicSize], message[publicSize:]
	var err error
	if s.theirs, err = ecdh.X25519().NewPublicKey(public); err != nil {
		return nil, err
	}
	s.mixPublic(public)
	if s.step == 1 {
		if err := s.mixAgreed(); err != nil {
			return nil, err
		}
	}
	if dst, err = s.cipher.open(dst, sealed, s.hash[:]); err != nil {
		s.failed = true
		return nil, err
	}
	s.mixHash(sealed)
	s.step++
	return dst, nil
}

// Ciphers returns, after both messages, the keys for what this end sends and receives.
func (s *Handshake) Ciphers() (send, receive *Cipher, err error) {
	if s.failed || s.step < 2 {
		return nil, nil, errors.New("noise: the ends have not agreed yet")
	}
	keys := expand(s.chain[:], nil, 2)
	called, caller := newCipher(keys[1][:]), newCipher(keys[0][:])
	if s.caller {
		return caller, called, nil
	}
	return called, caller, nil
}

func (s *Handshake) mixHash(data []byte) {
	h := sha256.New()
	h.Write(s.hash[:])
	h.Write(data)
	h.Sum(s.hash[:0])
}

// mixKey makes the next key of what is secret.
func (s *Handshake) mixKey(secret []byte) {
	keys := expand(s.chain[:], secret, 2)
	s.chain, s.cipher = keys[0], newCipher(keys[1][:])
}

func (s *Handshake) mixCommon() {
	keys := expand(s.chain[:], s.psk[:], 3)
	s.chain = keys[0]
	s.mixHash(keys[1][:])
	s.cipher = newCipher(keys[2][:])
}

func (s *Handshake) mixPublic(public []byte) {
	s.mixHash(public)
	s.mixKey(public)
}

func (s *Handshake) mixAgreed() error {
	agreed, err := s.own.ECDH(s.theirs)
	if err != nil {
		return err
	}
	s.mixKey(agreed)
	return nil
}

// expand is HKDF with n outputs.
func expand(chain, secret []byte, n int) (out [3][sha256.Size]byte) {
	mac := func(key []byte, data ...[]byte) (sum [sha256.Size]byte) {
		h := hmac.New(sha256.New, key)
		for _, d := range data {
			h.Write(d)
		}
		h.Sum(sum[:0])
		return sum
	}
	first := mac(chain, secret)
	var last []byte
	for i := range n {
		out[i] = mac(first[:], last, []byte{byte(i + 1)})
		last = out[i][:]
	}
	return out
}
