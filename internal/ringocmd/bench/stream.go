package bench

import (
	"github.com/spf13/cobra"

	"github.com/ringo-mpi/ringo/mpi"
)

const defaultWindow = 64

// ackTag is that of the message that ends a window.
const ackTag = tag + 1

func bandwidthCommand() *cobra.Command {
	o := &options{}
	b := &benchmark{
		name: "bw", title: "bandwidth",
		about: `Rank 0 sends a window of messages to rank 1 without waiting for each, rank 1
answers the whole window with a short message.`,
		ranks: "2 ranks", fits: exactly(2),
		columns: func(*options) []column { return []column{sizeColumn, rateColumn} },
		run: func(r *run) error {
			return r.streams(4<<20, 1, func(r *run, s *stream) func(int, []int64) (int64, error) { return s.span })
		},
	}
	return o.streamCommand(b)
}

func bibwCommand() *cobra.Command {
	o := &options{}
	b := &benchmark{
		name: "bibw", title: "bidirectional bandwidth",
		about: `Both ranks send a window of messages to each other without waiting for each. The
sum of both directions is printed.`,
		ranks: "2 ranks", fits: exactly(2),
		columns: func(*options) []column { return []column{sizeColumn, rateColumn} },
		run: func(r *run) error {
			return r.streams(4<<20, 2, func(r *run, s *stream) func(int, []int64) (int64, error) { return s.spanBoth })
		},
	}
	return o.streamCommand(b)
}

func messageRateCommand() *cobra.Command {
	o := &options{}
	b := &benchmark{
		name: "mbw_mr", title: "bandwidth and message rate of several pairs",
		about: `Each rank of the first half sends windows of messages to one of the second half,
as bw does, all pairs at the same time. Printed is the sum over the pairs.`,
		ranks: "an even number of ranks", fits: even,
		columns: func(*options) []column {
			return []column{sizeColumn, rateColumn, {"messages_per_s", "messages/s", 0}}
		},
		run: (*run).messageRate,
	}
	return o.streamCommand(b)
}

func (o *options) streamCommand(b *benchmark) *cobra.Command {
	cmd := b.command(o)
	o.flags(cmd)
	o.allocFlag(cmd)
	cmd.Flags().IntVarP(&o.window, "window", "w", defaultWindow, "messages in a window")
	cmd.Flags().BoolVar(&o.newRequests, "new-requests", false, "a new request for each message (Isend, Irecv), not one used again (StartSend, StartRecv)")
	return cmd
}

// stream is one end of a pair of ranks of which the one sends windows of
// messages to the other, or both to each other.
type stream struct {
	r          *run
	peer       int
	sender     bool
	size       int
	send, recv []byte
	ack        []byte
	reqs       []*mpi.Request
}

// startSends starts the sends of a window, in requests that are used again, as
// the MPI_Requests of a C program are.
func (s *stream) startSends(window []*mpi.Request, data []byte, tag int) error {
	if s.r.o.newRequests {
		for j := range window {
			window[j] = mpi.Isend(s.r.world, data, s.peer, tag)
		}
		return nil
	}
	for _, r := range window {
		if err := mpi.StartSend(s.r.world, r, data, s.peer, tag); err != nil {
			return err
		}
	}
	return nil
}

// startRecvs starts the receives of a window.
func (s *stream) startRecvs(window []*mpi.Request, data []byte, tag int) error {
	if s.r.o.newRequests {
		for j := range window {
			window[j] = mpi.Irecv(s.r.world, data, s.peer, tag)
		}
		return nil
	}
	for _, r := range window {
		if err := mpi.StartRecv(s.r.world, r, data, s.peer, tag); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) newStream(peer int, sender bool, largest int) (*stream, error) {
	window := max(1, r.o.window)
	s := &stream{r: r, peer: peer, sender: sender, ack: make([]byte, 4), reqs: make([]*mpi.Request, 2*window)}
	requests := make([]mpi.Request, len(s.reqs))
	for i := range s.reqs {
		s.reqs[i] = &requests[i]
	}
	var err error
	if s.send, err = buffer[byte](r, largest); err != nil {
		return nil, err
	}
	s.recv, err = buffer[byte](r, largest)
	return s, err
}

// streams is osu_bw and, with spans that move data both ways, osu_bibw.
func (r *run) streams(greatest, ways int, span func(*run, *stream) func(int, []int64) (int64, error)) error {
	series := r.o.series(1, greatest)
	if len(series) == 0 {
		return nil
	}
	s, err := r.newStream(1-r.world.Rank(), r.world.Rank() == 0, series[len(series)-1])
	if err != nil {
		return err
	}
	for _, size := range series {
		s.size = size
		n, ns, _, err := r.measure(bandwidthIterations, size, span(r, s))
		if err != nil {
			return err
		}
		if r.rows != nil {
			bytes := float64(ways) * float64(size) * float64(n) * float64(len(s.reqs)/2)
			if err := r.rows.add(size, bytes/float64(ns)*1e3); err != nil {
				return err
			}
		}
	}
	return nil
}

// messageRate is osu_mbw_mr.
func (r *run) messageRate() error {
	series := r.o.series(1, 4<<20)
	if len(series) == 0 {
		return nil
	}
	pairs := r.world.Size() / 2
	sender, peer := r.world.Rank() < pairs, r.world.Rank()+pairs
	if !sender {
		peer = r.world.Rank() - pairs
	}
	s, err := r.newStream(peer, sender, series[len(series)-1])
	if err != nil {
		return err
	}
	for _, size := range series {
		s.size = size
		n, ns, _, err := r.measure(bandwidthIterations, size, s.span)
		if err != nil {
			return err
		}
		if !sender {
			ns = 0
		}
		slowest, err := mpi.ReduceValue(r.world, ns, mpi.Max, 0)
		if err != nil {
			return err
		}
		if r.rows != nil {
			messages := float64(pairs) * float64(n) * float64(len(s.reqs)/2) / (float64(slowest) * 1e-9)
			if err := r.rows.add(size, messages*float64(size)*1e-6, messages); err != nil {
				return err
			}
		}
	}
	return nil
}

// span sends or receives n windows. From timedEach on the time is that between
// the first send of a window and the answer to it, without the writing.
func (s *stream) span(n int, _ []int64) (total int64, err error) {
	world, each := s.r.world, s.size >= timedEach
	data, window := s.send[:s.size], s.reqs[:len(s.reqs)/2]
	write := data
	if s.r.o.clean {
		write = nil
	}
	cost := clockCost()
	start := now()
	for i := range n {
		if !s.sender {
			if err := s.startRecvs(window, s.recv[:s.size], tag); err != nil {
				return 0, err
			}
			if err := mpi.WaitAll(window...); err != nil {
				return 0, err
			}
			if err := mpi.Send(world, s.ack, s.peer, ackTag); err != nil {
				return 0, err
			}
			continue
		}
		if each {
			start = now()
		}
		if err := s.startSends(window, data, tag); err != nil {
			return 0, err
		}
		if err := mpi.WaitAll(window...); err != nil {
			return 0, err
		}
		if _, err := mpi.Recv(world, s.ack, s.peer, ackTag); err != nil {
			return 0, err
		}
		if each {
			total += since(start, cost)
		}
		dirty(write, int64(i))
	}
	if !each {
		total = now() - start
	}
	return total, nil
}

// spanBoth exchanges n windows.
func (s *stream) spanBoth(n int, _ []int64) (total int64, err error) {
	each := s.size >= timedEach
	data := s.send[:s.size]
	recvs, sends := s.reqs[:len(s.reqs)/2], s.reqs[len(s.reqs)/2:]
	write := data
	if s.r.o.clean {
		write = nil
	}
	// The two directions have tags of their own, as in OSU.
	out, in := tag, tag+10
	if s.sender {
		out, in = in, out
	}
	cost := clockCost()
	start := now()
	for i := range n {
		if each {
			start = now()
		}
		if err := s.startRecvs(recvs, s.recv[:s.size], in); err != nil {
			return 0, err
		}
		if err := s.startSends(sends, data, out); err != nil {
			return 0, err
		}
		if err := mpi.WaitAll(sends...); err != nil {
			return 0, err
		}
		if err := mpi.WaitAll(recvs...); err != nil {
			return 0, err
		}
		if each {
			total += since(start, cost)
		}
		dirty(write, int64(i))
	}
	if !each {
		total = now() - start
	}
	return total, nil
}
