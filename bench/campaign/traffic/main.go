// Traffic is a program of ranks that send each other all kinds of messages for a
// while, in an order drawn from a seed, and check every byte that arrives. The
// campaign kills its ranks.
package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/ringo-mpi/ringo/mpi"
)

var (
	seed  = flag.Uint64("seed", 1, "of the order and the lengths")
	long  = flag.Duration("time", time.Second, "that the traffic lasts")
	most  = flag.Int("max", 20, "the longest message has 2 to the power of this many bytes")
	flows = flag.Int("goroutines", 1, "of a rank, each on a communicator of its own")
)

func main() {
	flag.Parse()
	mpi.Main(func(world *mpi.Comm) error {
		errs := make(chan error, *flows)
		for i := range *flows {
			c, err := world.Dup()
			if err != nil {
				return err
			}
			go func() { errs <- flow(c, uint64(i)) }()
		}
		var first error
		for range *flows {
			if err := <-errs; first == nil {
				first = err
			}
		}
		return first
	})
}

// kinds of rounds.
var kinds = []func(f *traffic) error{
	(*traffic).ring, (*traffic).probes, (*traffic).bcast, (*traffic).allreduce, (*traffic).exchange,
	(*traffic).blocks, (*traffic).objects, (*traffic).atOnce, (*traffic).split, (*traffic).small,
}

// traffic is one goroutine's part.
type traffic struct {
	c        *mpi.Comm
	me, size int
	round    int
	draw     *rand.Rand // the same on all ranks
	shared   []byte     // memory of the job
	lengths  []int      // of each rank's message
}

func flow(c *mpi.Comm, which uint64) error {
	f := &traffic{c: c, me: c.Rank(), size: c.Size(), draw: rand.New(rand.NewPCG(*seed, which)), lengths: make([]int, c.Size())}
	var err error
	if f.shared, err = mpi.Alloc[byte](c, 1<<*most); err != nil {
		return err
	}
	for start := time.Now(); ; f.round++ {
		for r := range f.lengths {
			f.lengths[r] = f.length()
		}
		if err := kinds[f.draw.IntN(len(kinds))](f); err != nil {
			return err
		}
		if f.round%8 == 7 {
			if took, err := mpi.AllreduceValue(c, time.Since(start), mpi.Max); err != nil || took > *long {
				return err
			}
		}
	}
}

// length draws a length: short ones are as frequent as long ones.
func (f *traffic) length() int {
	n := 1 << f.draw.IntN(*most+1)
	return n/2 + f.draw.IntN(n/2+1)
}

// at is byte i of what rank from sends to rank to in a round.
func (f *traffic) at(from, to, i int) byte {
	h := uint32(from)*2654435761 + uint32(to)*40503 + uint32(f.round)*97 + uint32(i)*31 + uint32(i>>9)
	return byte(h ^ h>>13)
}

func (f *traffic) fill(p []byte, to int) []byte {
	for i := range p {
		p[i] = f.at(f.me, to, i)
	}
	return p
}

func (f *traffic) check(what string, p []byte, from, to int) error {
	for i := range p {
		if p[i] != f.at(from, to, i) {
			return fmt.Errorf("WRONG DATA: %s of round %d: byte %d of %d from rank %d is %d, not %d", what, f.round, i, len(p), from, p[i], f.at(from, to, i))
		}
	}
	return nil
}

// apart is the rank so many places after this one.
func (f *traffic) apart(places int) int { return ((f.me+places)%f.size + f.size) % f.size }

func (f *traffic) ring() error {
	places := 1 + f.draw.IntN(f.size)
	to, from := f.apart(places), f.apart(-places)
	send, recv := make([]byte, f.lengths[f.me]), make([]byte, f.lengths[from])
	if f.draw.IntN(2) == 0 {
		send = f.shared[:len(send)]
	}
	f.fill(send, to)
	start := mpi.Isend[byte]
	if f.draw.IntN(2) == 0 {
		start = mpi.Issend[byte]
	}
	if err := mpi.WaitAll(mpi.Irecv(f.c, recv, from, f.round%7), start(f.c, send, to, f.round%7)); err != nil {
		return err
	}
	return f.check("ring", recv, from, f.me)
}

func (f *traffic) probes() error {
	tag := 1000 + f.round // a rank may be in the next round already
	reqs := make([]*mpi.Request, 0, f.size)
	for to := range f.size {
		reqs = append(reqs, mpi.Isend(f.c, f.fill(make([]byte, f.lengths[f.me]/f.size), to), to, tag))
	}
	for range f.size {
		m, st, err := f.c.Mprobe(mpi.AnySource, tag)
		if err != nil {
			return err
		}
		got := make([]byte, f.lengths[st.Source]/f.size)
		if _, err := mpi.Mrecv(m, got); err != nil {
			return err
		}
		if err := f.check("probes", got, st.Source, f.me); err != nil {
			return err
		}
	}
	return mpi.WaitAll(reqs...)
}

func (f *traffic) bcast() error {
	root := f.draw.IntN(f.size)
	data := make([]byte, f.lengths[root])
	if f.me == root {
		f.fill(data, 0)
	}
	if err := mpi.Bcast(f.c, data, root); err != nil {
		return err
	}
	return f.check("bcast", data, root, 0)
}

func (f *traffic) allreduce() error {
	send, recv := make([]int64, f.lengths[0]/8+1), make([]int64, f.lengths[0]/8+1)
	for i := range send {
		send[i] = int64(f.me+1) * int64(i+f.round)
	}
	if f.draw.IntN(2) == 0 {
		if err := mpi.Allreduce(f.c, send, recv, mpi.Sum); err != nil {
			return err
		}
	} else if _, err := mpi.Iallreduce(f.c, send, recv, mpi.Sum).Wait(); err != nil {
		return err
	}
	for i, v := range recv {
		if want := int64(f.size*(f.size+1)/2) * int64(i+f.round); v != want {
			return fmt.Errorf("WRONG DATA: allreduce of round %d: element %d is %d, not %d", f.round, i, v, want)
		}
	}
	return nil
}

func (f *traffic) exchange() error {
	n := f.lengths[0]/f.size + 1
	send, recv := make([]byte, n*f.size), make([]byte, n*f.size)
	for to := range f.size {
		f.fill(send[to*n:(to+1)*n], to)
	}
	if err := mpi.Alltoall(f.c, send, recv); err != nil {
		return err
	}
	for from := range f.size {
		if err := f.check("alltoall", recv[from*n:(from+1)*n], from, f.me); err != nil {
			return err
		}
	}
	return nil
}

func (f *traffic) blocks() error {
	all, err := mpi.AllgatherSlices(f.c, f.fill(make([]byte, f.lengths[f.me]), 0))
	if err != nil {
		return err
	}
	for from, block := range all {
		if len(block) != f.lengths[from] {
			return fmt.Errorf("WRONG DATA: a block of %d bytes from rank %d, not %d", len(block), from, f.lengths[from])
		}
		if err := f.check("allgather", block, from, 0); err != nil {
			return err
		}
	}
	return nil
}

// parcel is an object.
type parcel struct {
	From  int
	Name  string
	Bytes []byte
}

func (f *traffic) objects() error {
	to, from := f.apart(1), f.apart(-1)
	out := parcel{f.me, fmt.Sprint("from ", f.me), f.fill(make([]byte, f.lengths[f.me]), 1)}
	got, _, err := mpi.SendrecvObject[parcel, parcel](f.c, out, to, 3, from, 3)
	if err != nil {
		return err
	}
	if got.From != from || got.Name != fmt.Sprint("from ", from) || len(got.Bytes) != f.lengths[from] {
		return fmt.Errorf("WRONG DATA: the object of rank %d is of rank %d and has %d bytes", from, got.From, len(got.Bytes))
	}
	return f.check("object", got.Bytes, from, 1)
}

func (f *traffic) atOnce() error {
	to, from, root := f.apart(1), f.apart(-1), f.draw.IntN(f.size)
	data := make([]byte, f.lengths[root]/2+1)
	if f.me == root {
		f.fill(data, 2)
	}
	recv := make([]byte, f.lengths[from])
	most := make([]int64, 1)
	err := mpi.WaitAll(mpi.Ibcast(f.c, data, root), f.c.Ibarrier(), mpi.Irecv(f.c, recv, mpi.AnySource, 50),
		mpi.Iallreduce(f.c, []int64{int64(f.me)}, most, mpi.Max), mpi.Isend(f.c, f.fill(make([]byte, f.lengths[f.me]), to), to, 50))
	switch {
	case err != nil:
		return err
	case most[0] != int64(f.size-1):
		return fmt.Errorf("WRONG DATA: the greatest rank is %d", most[0])
	}
	if err := f.check("ibcast", data, root, 2); err != nil {
		return err
	}
	return f.check("message beside it", recv, from, f.me)
}

func (f *traffic) split() error {
	c, err := f.c.Split(f.me%2, -f.me)
	if err != nil {
		return err
	}
	n, err := mpi.AllreduceValue(c, 1, mpi.Sum)
	if err != nil {
		return err
	}
	if want := (f.size + 1 - f.me%2) / 2; n != want {
		return fmt.Errorf("WRONG DATA: %d ranks of one color, not %d", n, want)
	}
	return c.Free()
}

func (f *traffic) small() error {
	const messages = 150
	to, from := f.apart(1), f.apart(-1)
	reqs := make([]*mpi.Request, 0, 2*messages)
	got := make([][]byte, messages)
	for i := range got {
		got[i] = make([]byte, 1+i*3)
		reqs = append(reqs, mpi.Irecv(f.c, got[i], from, 200+i))
	}
	for i := range got {
		reqs = append(reqs, mpi.Isend(f.c, f.fill(make([]byte, len(got[i])), i), to, 200+i))
	}
	if err := mpi.WaitAll(reqs...); err != nil {
		return err
	}
	for i := range got {
		if err := f.check("small", got[i], from, i); err != nil {
			return err
		}
	}
	return nil
}
