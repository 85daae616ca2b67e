package proof

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
)

var key = bytes.Repeat([]byte{7}, 32)

// talk has a caller and one who is called talk, who know the keys.
func talk(called, caller []byte, rank int) (got int, errCalled, errCaller error) {
	a, b := net.Pipe()
	done := make(chan struct{})
	go func() {
		errCaller = Call(b, caller, rank)
		b.Close()
		close(done)
	}()
	got, errCalled = Answer(a, called, 4)
	a.Close()
	<-done
	return got, errCalled, errCaller
}

func TestProof(t *testing.T) {
	if rank, a, b := talk(key, key, 3); rank != 3 || a != nil || b != nil {
		t.Errorf("rank %d, %v, %v", rank, a, b)
	}
	if _, a, b := talk(key, bytes.Repeat([]byte{8}, 32), 3); a == nil || !errors.Is(b, ErrStranger) {
		t.Errorf("another key: %v, %v", a, b)
	}
	if _, a, _ := talk(key, key, 4); !errors.Is(a, ErrStranger) {
		t.Errorf("a rank that is not there: %v", a)
	}
}

// rw reads what was said and writes to nobody, or to a record.
type rw struct {
	io.Reader
	io.Writer
}

// A caller that does not check the other's proof itself still cannot pass, and what
// was heard once is of no use again.
func TestReplay(t *testing.T) {
	a, b := net.Pipe()
	var heard bytes.Buffer
	done := make(chan struct{})
	go func() {
		_ = Call(rw{b, io.MultiWriter(b, &heard)}, key, 1)
		close(done)
	}()
	if _, err := Answer(a, key, 4); err != nil {
		t.Fatal(err)
	}
	<-done
	if _, err := Answer(rw{&heard, io.Discard}, key, 4); !errors.Is(err, ErrStranger) {
		t.Errorf("a replay: %v", err)
	}
}

// Nobody is a rank without the key.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte(magic))
	f.Add(append([]byte(magic), make([]byte, 200)...))
	f.Fuzz(func(t *testing.T, data []byte) {
		if rank, err := Answer(rw{bytes.NewReader(data), io.Discard}, key, 4); err == nil {
			t.Errorf("a stranger is rank %d", rank)
		}
	})
}

// Nobody is the one called without the key.
func FuzzCall(f *testing.F) {
	f.Add(make([]byte, 64))
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := Call(rw{bytes.NewReader(data), io.Discard}, key, 0); err == nil {
			t.Error("a stranger was believed")
		}
	})
}
