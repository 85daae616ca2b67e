package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ringo-mpi/ringo/mpi"
	_ "github.com/ringo-mpi/ringo/mpi/native"
)

// rank is one process of the Go side: the loops of c/latency.c with package mpi.
func rank(loops int, cases []string) error {
	world, err := mpi.Init()
	if err != nil {
		return err
	}
	b := &loop{c: world, a: make([]float64, 1<<20), b: make([]float64, 1<<20)}
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
		if err := world.Barrier(); err != nil {
			return err
		}
		began := time.Now()
		if err := b.run(name, count); err != nil {
			return err
		}
		each := float64(time.Since(began)) / float64(count)
		if kind, _, _ := strings.Cut(name, ":"); kind == "pingpong" || kind == bare {
			each /= 2
		}
		if world.Rank() == 0 {
			fmt.Printf("%s %.1f\n", name, each)
		}
	}
	return mpi.Finalize()
}

func bytes(name string) int {
	_, n, _ := strings.Cut(name, ":")
	size, _ := strconv.Atoi(n)
	return size
}

type loop struct {
	c    *mpi.Comm
	a, b []float64
}

func (l *loop) run(name string, loops int) (err error) {
	n, me := bytes(name), l.c.Rank()
	a, b := l.a[:n/8], l.b[:n/8]
	switch kind, _, _ := strings.Cut(name, ":"); kind {
	case "pingpong":
		for i := 0; i < loops && me < 2 && err == nil; i++ {
			if me == 0 {
				if err = mpi.Send(l.c, a, 1, 1); err == nil {
					_, err = mpi.Recv(l.c, a, 1, 1)
				}
			} else if _, err = mpi.Recv(l.c, a, 0, 1); err == nil {
				err = mpi.Send(l.c, a, 0, 1)
			}
		}
	case bare:
		return barePingpong(l.c, a, loops)
	case goroutines:
		return l.goroutines(n, loops)
	case "allreduce":
		for i := 0; i < loops && err == nil; i++ {
			err = mpi.Allreduce(l.c, a, b, mpi.Sum)
		}
	case "bcast":
		for i := 0; i < loops && err == nil; i++ {
			err = mpi.Bcast(l.c, a, 0)
		}
	default:
		for i := 0; i < loops && err == nil; i++ {
			err = l.c.Barrier()
		}
	}
	return err
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
			var err error
			for i := 0; i < 2*loops && err == nil; i++ {
				if i%2 == me {
					err = mpi.Send(l.c, x, 1-me, g)
				} else {
					_, err = mpi.Recv(l.c, x, 1-me, g)
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
