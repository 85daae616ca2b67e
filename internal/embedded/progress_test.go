package embedded_test

import (
	"testing"

	"github.com/ringo-mpi/ringo/internal/embedded"
	"github.com/ringo-mpi/ringo/internal/engine"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A rank that receives one message after the other from rank 1, all of them in
// the ring already, takes rank 2's message soon all the same.
func TestProgressOfReceiver(t *testing.T) {
	e := embedded.NewInproc(3)
	w0, w1, w2 := e[0].World(), e[1].World(), e[2].World()
	x := []float64{1}
	must := func(err error) { t.Helper(); check(t, err) }
	// Rank 0 knows the rings.
	must(w1.Send(floats(x), 0, 1, engine.Standard, nil))
	must(w2.Send(floats(x), 0, 1, engine.Standard, nil))
	_, err := w0.Recv(floats(x), 1, 1, nil)
	must(err)
	_, err = w0.Recv(floats(x), 2, 1, nil)
	must(err)

	y := []float64{0}
	r, err := w0.Irecv(floats(y), 2, 7)
	must(err)
	must(w2.Send(floats([]float64{42}), 0, 7, engine.Standard, nil))
	must(w1.Send(floats(x), 0, 1, engine.Standard, nil))
	n := 0
	for ; y[0] != 42 && n < 100; n++ {
		must(w1.Send(floats(x), 0, 1, engine.Standard, nil)) // always one ahead
		_, err = w0.Recv(floats(x), 1, 1, nil)
		must(err)
	}
	if y[0] != 42 {
		t.Errorf("no progress in %d receives", n)
	}
	_, err = r.Wait(nil)
	must(err)
}

// The same with a rank that starts one send after the other.
func TestProgressOfSender(t *testing.T) {
	e := embedded.NewInproc(3)
	w0, w1, w2 := e[0].World(), e[1].World(), e[2].World()
	x, y := []float64{1}, []float64{0}
	must := func(err error) { t.Helper(); check(t, err) }
	r, err := w0.Irecv(floats(y), 2, 7)
	must(err)
	must(w2.Send(floats([]float64{42}), 0, 7, engine.Standard, nil))
	n := 0
	for ; y[0] != 42 && n < 100; n++ {
		_, err := w0.Isend(floats(x), 1, 1, engine.Standard)
		must(err)
		_, err = w1.Recv(floats(x), 0, 1, nil)
		must(err)
	}
	if y[0] != 42 {
		t.Errorf("no progress in %d sends", n)
	}
	_, err = r.Wait(nil)
	must(err)
}
