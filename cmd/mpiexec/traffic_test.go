package main

import (
	"fmt"

	"github.com/ringo-mpi/ringo/mpi"
)

// Package variables lie at the same address in every rank: a copy that reached
// this process instead of the peer would not fail.
const trafficLen = 1 << 16

var trafficSend, trafficRecv [trafficLen]uint64

// traffic sends long vectors to and fro in every way, and checks all of them.
func traffic() {
	mpi.Main(func(world *mpi.Comm) error {
		copied, err := world.Dup()
		if err != nil {
			return err
		}
		for _, c := range []*mpi.Comm{world, copied} {
			if err := trafficOn(c); err != nil {
				return err
			}
		}
		fmt.Printf("rank %d: all right\n", world.Rank())
		return nil
	})
}

func trafficOn(c *mpi.Comm) error {
	me, size := c.Rank(), c.Size()
	left, right := (me-1+size)%size, (me+1)%size
	send, recv := trafficSend[:], trafficRecv[:]
	value := func(rank, i int) uint64 { return uint64(rank+1)<<32 | uint64(i) }
	for i := range send {
		send[i] = value(me, i)
	}
	check := func(what string, got []uint64, rank int) error {
		for i, v := range got {
			if v != value(rank, i) {
				return fmt.Errorf("%s: element %d from rank %d is %#x", what, i, rank, v)
			}
		}
		clear(got)
		return nil
	}
	if _, err := mpi.Sendrecv(c, send, right, 0, recv, left, 0); err != nil {
		return err
	}
	if err := check("Sendrecv", recv, left); err != nil {
		return err
	}
	if err := mpi.WaitAll(mpi.Irecv(c, recv, left, 0), mpi.Issend(c, send, right, 0)); err != nil {
		return err
	}
	if err := check("Issend", recv, left); err != nil {
		return err
	}
	for root := range size {
		copy(recv, send)
		if err := mpi.Bcast(c, recv, root); err != nil {
			return err
		}
		if err := check("Bcast", recv, root); err != nil {
			return err
		}
	}
	all := make([]uint64, size*trafficLen)
	if err := mpi.Allgather(c, send, all); err != nil {
		return err
	}
	for r := range size {
		if err := check("Allgather", all[r*trafficLen:(r+1)*trafficLen], r); err != nil {
			return err
		}
	}
	if err := mpi.Allreduce(c, send, recv, mpi.Max); err != nil {
		return err
	}
	if err := check("Allreduce", recv, size-1); err != nil {
		return err
	}
	shared, err := mpi.Alloc[uint64](c, trafficLen)
	if err != nil {
		return err
	}
	copy(shared, send)
	if _, err := mpi.Sendrecv(c, shared, right, 0, recv, left, 0); err != nil {
		return err
	}
	return check("Sendrecv of Alloc", recv, left)
}
