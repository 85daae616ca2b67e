package mpi

import "github.com/ringo-mpi/ringo/internal/engine"

// checker compares the collective calls of the ranks of one communicator
// before they run.
type checker struct{}

func (k *checker) before(c *Comm, call *engine.Coll) error                { return nil }
func (k *checker) alongside(c *Comm, call *engine.Coll, r *Request) error { return nil }
