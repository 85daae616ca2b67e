package mpi

import "github.com/ringo-mpi/ringo/internal/engine"

// Barrier blocks until all ranks of c have called it (MPI 5.0 §6.3).
// Collective.
func (c *Comm) Barrier() error { return c.collective(c.barrier()) }

// Ibarrier starts a Barrier and returns at once: the request is complete when
// all ranks have called it (MPI 5.0 §6.12.1). Errors come out of Wait and Test.
// Collective: all ranks call Ibarrier; Barrier does not match it.
func (c *Comm) Ibarrier() *Request { return c.icollective(c.barrier()) }

func (c *Comm) barrier() (engine.Coll, error) {
	if !c.usable() {
		return engine.Coll{}, c.unusable()
	}
	return engine.Coll{Kind: engine.Barrier}, nil
}

// Bcast sends buf of the root to all ranks of c, into their buf, which has the
// same length (MPI 5.0 §6.4). Collective; it blocks until this rank's buf may
// be used.
func Bcast[T any](c *Comm, buf []T, root int) error { return c.collective(bcast(c, buf, root)) }

// Ibcast starts a Bcast and returns at once (MPI 5.0 §6.12.2). buf is not to be
// touched before the request is complete. Errors, also those of the arguments,
// come out of Wait and Test. Collective: all ranks call Ibcast; Bcast does not
// match it.
func Ibcast[T any](c *Comm, buf []T, root int) *Request { return c.icollective(bcast(c, buf, root)) }

func bcast[T any](c *Comm, buf []T, root int) (engine.Coll, error) {
	e, err := elementOn[T](c)
	if err != nil {
		return engine.Coll{}, err
	}
	if err := c.checkRoot(root); err != nil {
		return engine.Coll{}, err
	}
	return engine.Coll{Kind: engine.Bcast, Root: root, Recv: bufOf(e, buf)}, nil
}
