package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/native"
)

// rank is one process of the Go side: the loops of c/latency.c on the engine.
func rank(loops int, cases []string) error {
	e, err := native.Open()
	if err != nil {
		return err
	}
	b := &loop{c: e.World(), a: buffer(), b: buffer()}
	for _, name := range cases {
		count := loops
		switch {
		case strings.HasPrefix(name, goroutines):
			count = roundTrips
		case bytes(name) >= 65536:
			count = loops/50 + 1
		}
		if err := b.run(name, count/10+1); err != nil {
			return err
		}
		if err := b.run("barrier", 1); err != nil {
			return err
		}
		began := time.Now()
		if err := b.run(name, count); err != nil {
			return err
		}
		each := float64(time.Since(began)) / float64(count)
		if strings.HasPrefix(name, "pingpong") {
			each /= 2
		}
		if b.c.Rank() == 0 {
			fmt.Printf("%s %.1f\n", name, each)
		}
	}
	return e.Finalize()
}

// goroutines has n goroutines of ranks 0 and 1 go there and back at once, each
// with a tag of its own.
func (l *loop) goroutines(n, loops int) error {
	me := l.c.Rank()
	if me > 1 {
		return nil
	}
	errs := make(chan error)
	for g := range n {
		go func() {
			x := make([]float64, 1)
			b := engine.Buf{Ptr: unsafe.Pointer(unsafe.SliceData(x)), Count: 1, Type: engine.Basic(engine.Float64)}
			var err error
			for i := 0; i < 2*loops && err == nil; i++ {
				if i%2 == me {
					err = l.c.Send(b, 1-me, g, engine.Standard, nil)
				} else {
					_, err = l.c.Recv(b, 1-me, g, nil)
				}
			}
			errs <- err
		}()
	}
	var err error
	for range n {
		err = errors.Join(err, <-errs)
	}
	return err
}

func bytes(name string) int {
	_, n, _ := strings.Cut(name, ":")
	size, _ := strconv.Atoi(n)
	return size
}

func buffer() engine.Buf {
	s := make([]float64, 1<<20)
	return engine.Buf{Ptr: unsafe.Pointer(unsafe.SliceData(s)), Count: len(s), Type: engine.Basic(engine.Float64)}
}

type loop struct {
	c    engine.Comm
	a, b engine.Buf
}

func (l *loop) run(name string, loops int) (err error) {
	n, me := bytes(name), l.c.Rank()
	a, b := l.a.At(0, n/8), l.b.At(0, n/8)
	switch kind, _, _ := strings.Cut(name, ":"); kind {
	case "pingpong":
		for i := 0; i < loops && me < 2 && err == nil; i++ {
			if me == 0 {
				if err = l.c.Send(a, 1, 1, engine.Standard, nil); err == nil {
					_, err = l.c.Recv(a, 1, 1, nil)
				}
			} else if _, err = l.c.Recv(a, 0, 1, nil); err == nil {
				err = l.c.Send(a, 0, 1, engine.Standard, nil)
			}
		}
	case "allreduce":
		op := engine.Op{Code: engine.OpSum, Commutative: true, Type: a.Type}
		for i := 0; i < loops && err == nil; i++ {
			err = l.c.Collective(engine.Coll{Kind: engine.Allreduce, Send: a, Recv: b, Op: &op}, nil)
		}
	case "bcast":
		for i := 0; i < loops && err == nil; i++ {
			err = l.c.Collective(engine.Coll{Kind: engine.Bcast, Recv: a}, nil)
		}
	case "goroutines":
		return l.goroutines(n, loops)
	default:
		for i := 0; i < loops && err == nil; i++ {
			err = l.c.Collective(engine.Coll{Kind: engine.Barrier}, nil)
		}
	}
	return err
}
