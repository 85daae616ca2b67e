package embedded_test

import (
	"errors"
	"testing"
	"time"

	"github.com/ringo-mpi/ringo/internal/embedded"
	"github.com/ringo-mpi/ringo/internal/embedded/transport/hosttest"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// refusal is a call that its rank has refused.
func refusal(kind engine.CollKind) engine.Coll {
	return engine.Coll{Kind: kind, Send: engine.OfBytes([]byte("it is wrong"))}
}

// onThreeHosts returns the worlds of three ranks, which have rings and nothing
// else of each other.
func onThreeHosts() (w [3]engine.Comm) {
	for r, end := range hosttest.New([]int{0, 1, 2}) {
		w[r] = embedded.New(end).World()
	}
	return w
}

// A message of a refused collective has been dropped where it arrived: its sender
// gets it back all the same.
func TestMessageOfRefusedCollectiveIsGivenBack(t *testing.T) {
	w := onThreeHosts()
	gather := engine.Coll{Kind: engine.Gather, Root: 1, Send: floats(make([]float64, 1<<20))}
	r, err := w[0].Icollective(gather)
	if err != nil {
		t.Fatal(err)
	}
	progress := func(r int) {
		if _, _, err := w[r].Probe(engine.AnySource, 9, false, nil); err != nil {
			t.Fatal(err)
		}
	}
	progress(1) // the message is announced, and waits for its receive
	if _, err := w[2].Icollective(refusal(engine.Refused)); err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		progress(1)
		if _, done, err := r.Test(); done {
			if !errors.Is(err, engine.ErrMismatch) {
				t.Errorf("got %v, want %v", err, engine.ErrMismatch)
			}
			return
		}
	}
	t.Error("the sender waits for a message that nobody receives")
}

// A rank that refuses a call of several collectives learns what the others do:
// all refuse as well, one is in the collective or comes to it later, or has ended.
func TestRefusalOfSeveralCollectives(t *testing.T) {
	barrier := engine.Coll{Kind: engine.Barrier}
	for _, c := range []struct {
		what  string
		calls [2]func(w engine.Comm) error // of ranks 1 and 2
		want  error
	}{
		{"all refuse", [2]func(engine.Comm) error{
			func(w engine.Comm) error { return w.Collective(refusal(engine.RefusedFirst), nil) },
			func(w engine.Comm) error { return w.Collective(refusal(engine.Refused), nil) },
		}, nil},
		{"one is in it", [2]func(engine.Comm) error{
			func(w engine.Comm) error { _, err := w.Icollective(refusal(engine.Refused)); return err },
			func(w engine.Comm) error { return mismatch(w.Collective(barrier, nil)) },
		}, engine.ErrMismatch},
		{"one comes late", [2]func(engine.Comm) error{
			func(w engine.Comm) error { _, err := w.Icollective(refusal(engine.Refused)); return err },
			func(w engine.Comm) error {
				if _, _, err := w.Probe(0, 9, false, nil); err != nil { // the refusals are known
					return err
				}
				return mismatch(w.Collective(barrier, nil))
			},
		}, engine.ErrMismatch},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := onThreeHosts()
			errs := make(chan error, 2)
			for i, call := range c.calls {
				go func() { errs <- call(w[1+i]) }()
			}
			if err := w[0].Collective(refusal(engine.RefusedFirst), nil); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			for range c.calls {
				if err := <-errs; err != nil {
					t.Error(err)
				}
			}
		})
	}
	t.Run("one has ended", func(t *testing.T) {
		ends := hosttest.New([]int{0, 1})
		w := embedded.New(ends[0]).World()
		time.AfterFunc(5*time.Millisecond, func() { ends[1].Job.Fail("it was killed") })
		if err := w.Collective(refusal(engine.RefusedFirst), nil); !errors.Is(err, engine.ErrProcFailed) {
			t.Errorf("got %v, want %v", err, engine.ErrProcFailed)
		}
	})
}

// mismatch returns an error unless err is one of class ErrMismatch.
func mismatch(err error) error {
	if errors.Is(err, engine.ErrMismatch) {
		return nil
	}
	return errors.Join(errors.New("no ErrMismatch"), err)
}
