package noise_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"slices"
	"testing"

	peer "github.com/flynn/noise"

	"github.com/ringo-mpi/ringo/internal/noise"
)

var (
	key      = [noise.KeySize]byte{1, 2, 3}
	prologue = []byte("what both know")
)

// another is an end made of an independent implementation of the protocol.
func another(t *testing.T, caller bool) *peer.HandshakeState {
	t.Helper()
	s, err := peer.NewHandshakeState(peer.Config{
		CipherSuite: peer.NewCipherSuite(peer.DH25519, peer.CipherAESGCM, peer.HashSHA256), Random: rand.Reader,
		Pattern: peer.HandshakeNN, Initiator: caller, Prologue: prologue, PresharedKey: key[:], PresharedKeyPlacement: 0,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func ours(t *testing.T, caller bool) *noise.Handshake {
	t.Helper()
	s, err := noise.New(caller, key, prologue)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func equal(t *testing.T, got []byte, err error, want string) {
	t.Helper()
	if err != nil || string(got) != want {
		t.Fatalf("got %q, %v, want %q", got, err, want)
	}
}

func TestCallsAnotherImplementation(t *testing.T) {
	a, b := ours(t, true), another(t, false)
	hello, err := a.Write(nil, []byte("one"))
	if err != nil || len(hello) != noise.HelloSize(3) {
		t.Fatalf("%d bytes, %v", len(hello), err)
	}
	got, _, _, err := b.ReadMessage(nil, hello)
	equal(t, got, err, "one")
	answer, receive, send, err := b.WriteMessage(nil, []byte("two"))
	if err != nil {
		t.Fatal(err)
	}
	got, err = a.Read(nil, answer)
	equal(t, got, err, "two")
	talk(t, a, send, receive)
}

func TestIsCalledByAnotherImplementation(t *testing.T) {
	a, b := another(t, true), ours(t, false)
	hello, _, _, err := a.WriteMessage(nil, []byte("one"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := b.Read(nil, hello)
	equal(t, got, err, "one")
	answer, err := b.Write(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, send, receive, err := a.ReadMessage(nil, answer)
	equal(t, got, err, "")
	talk(t, b, send, receive)
}

// talk sends messages both ways between an end of ours and the ciphers of another.
func talk(t *testing.T, s *noise.Handshake, theirSend, theirReceive *peer.CipherState) {
	t.Helper()
	send, receive, err := s.Ciphers()
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		text := bytes.Repeat([]byte{byte(i)}, i*1000)
		sealed, err := send.Seal(nil, text)
		if err != nil || len(sealed) != len(text)+noise.Overhead {
			t.Fatalf("%d bytes, %v", len(sealed), err)
		}
		got, err := theirReceive.Decrypt(nil, nil, sealed)
		equal(t, got, err, string(text))
		if sealed, err = theirSend.Encrypt(nil, nil, text); err != nil {
			t.Fatal(err)
		}
		got, err = receive.Open(sealed[:0], sealed)
		equal(t, got, err, string(text))
	}
}

// Nothing comes of a handshake in which any bit was changed, with another key or
// another prologue.
func TestForgedHandshake(t *testing.T) {
	hello, err := ours(t, true).Write(nil, []byte("payload"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range hello {
		forged := slices.Clone(hello)
		forged[i] ^= 0x40
		b := ours(t, false)
		if got, err := b.Read(nil, forged); err == nil {
			t.Errorf("byte %d changed: %q", i, got)
		}
		if _, err := b.Write(nil, nil); err == nil {
			t.Errorf("byte %d changed, and an answer all the same", i)
		}
		if _, _, err := b.Ciphers(); err == nil {
			t.Errorf("byte %d changed, and keys all the same", i)
		}
	}
	for _, n := range []int{0, 1, 32, 47} {
		if _, err := ours(t, false).Read(nil, hello[:n]); err == nil {
			t.Errorf("%d bytes are taken for a message", n)
		}
	}
	for what, end := range map[string]func() (*noise.Handshake, error){
		"key":      func() (*noise.Handshake, error) { return noise.New(false, [noise.KeySize]byte{9}, prologue) },
		"prologue": func() (*noise.Handshake, error) { return noise.New(false, key, nil) },
	} {
		b, err := end()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Read(nil, hello); err == nil {
			t.Errorf("another %s does", what)
		}
	}
}

// A message of the called end that was heard before does not go with another call.
func TestReplayedAnswer(t *testing.T) {
	first, second, b := ours(t, true), ours(t, true), ours(t, false)
	hello, _ := first.Write(nil, nil)
	if _, err := second.Write(nil, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Read(nil, hello); err != nil {
		t.Fatal(err)
	}
	answer, err := b.Write(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := second.Read(nil, answer); !errors.Is(err, noise.ErrForged) {
		t.Errorf("an answer to another call: %v", err)
	}
	if _, err := first.Read(nil, answer); err != nil {
		t.Errorf("the answer itself: %v", err)
	}
}

// A sealed message that is changed, left out, or sent twice is not opened, and the
// right one still is.
func TestForgedMessage(t *testing.T) {
	a, b := ours(t, true), ours(t, false)
	hello, _ := a.Write(nil, nil)
	_, err1 := b.Read(nil, hello)
	answer, err2 := b.Write(nil, nil)
	_, err3 := a.Read(nil, answer)
	send, _, err4 := a.Ciphers()
	_, receive, err5 := b.Ciphers()
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		t.Fatal(err)
	}
	one, _ := send.Seal(nil, []byte("one"))
	two, _ := send.Seal(nil, []byte("two"))
	for _, wrong := range [][]byte{two, nil, one[:5], append(slices.Clone(one), 0)} {
		if got, err := receive.Open(nil, wrong); !errors.Is(err, noise.ErrForged) {
			t.Errorf("%q, %v", got, err)
		}
	}
	for i, sealed := range [][]byte{one, two} {
		got, err := receive.Open(nil, sealed)
		equal(t, got, err, []string{"one", "two"}[i])
		if _, err := receive.Open(nil, sealed); err == nil {
			t.Error("a message is opened twice")
		}
	}
}

func BenchmarkSealAndOpen(b *testing.B) {
	a, c := must(noise.New(true, key, prologue)), must(noise.New(false, key, prologue))
	hello, _ := a.Write(nil, nil)
	_, err1 := c.Read(nil, hello)
	answer, err2 := c.Write(nil, nil)
	_, err3 := a.Read(nil, answer)
	send, _, err4 := a.Ciphers()
	_, receive, err5 := c.Ciphers()
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		b.Fatal(err)
	}
	text, sealed := make([]byte, 32<<10), make([]byte, 0, 33<<10)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		sealed, _ = send.Seal(sealed[:0], text)
		if _, err := receive.Open(sealed[:0], sealed); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzRead(f *testing.F) {
	hello, err := must(noise.New(true, key, prologue)).Write(nil, []byte("payload"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(hello)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, message []byte) {
		if _, err := ours(t, false).Read(nil, message); err == nil && !bytes.Equal(message, hello) {
			t.Error("a message of a stranger is taken")
		}
	})
}

func must(s *noise.Handshake, err error) *noise.Handshake {
	if err != nil {
		panic(err)
	}
	return s
}
