package coll

// pairwise combines part rank of everybody's vector in on this rank, into out,
// which may be that part of in: the other ranks send it directly, p-1 messages
// each way. The parts arrive from the nearest rank below, the one below that,
// and so on down, then from the highest rank down to the one above: combined on
// the left of what is there, separately for the ranks below and those above,
// they need not commute. It returns the vertices after which the result is
// complete and after which in may be overwritten.
func (s *Schedule) pairwise(in place, parts splits, out place) (done, sent int32) {
	rank, size := s.b.rank, s.b.size
	bytes := func(i int) int { return (parts.at(i+1) - parts.at(i)) * s.elem }
	own := bytes(rank)
	mine := in.add(parts.at(rank) * s.elem)
	if size == 1 {
		done = s.move(out, mine, own)
		return done, done
	}
	length := s.b.cut.pieces(own, s.elem)
	window := s.b.cut.window
	if own > s.b.cut.alltoallScattered {
		window = s.b.cut.largeWindow
	}
	window = min(window, (size-1)*max(1, own/length))
	arrivals, sends := s.newSlots(window, min(length, own)), s.newSlots(window, 0)

	above := s.allocate(own)
	pieces := max(1, (own+length-1)/length)
	low, high := s.ints(pieces), s.ints(pieces) // 1 + vertex after which that piece is combined so far
	for k := 1; k < size; k++ {
		from, to := (rank-k+size)%size, (rank+k)%size
		for j := range pieces {
			at := j * length
			n := min(length, own-at)
			if from == size-1 && rank != size-1 { // the first from above
				high[j] = int(s.recv(above.add(at), n, from)) + 1
				continue
			}
			i, p, free := arrivals.take()
			got := s.recv(p, n, from, free)
			dst, right, ready := out, out, low
			switch {
			case from > rank:
				dst, right, ready = above, above, high
			case from == rank-1:
				right = mine
			}
			c := s.combine(dst.add(at), p, right.add(at), n/s.elem, got, int32(ready[j])-1)
			ready[j] = int(c) + 1
			arrivals.release(i, c)
		}
		theirs, first := bytes(to), in.add(parts.at(to)*s.elem)
		step := s.b.cut.pieces(theirs, s.elem)
		for at := 0; at == 0 || at < theirs; at += step {
			i, _, free := sends.take()
			sends.release(i, s.send(first.add(at), min(step, theirs-at), to, free))
		}
	}

	done = none
	for j := range pieces {
		at, last := j*length, int32(low[j])-1
		if high[j] > 0 {
			left := out
			if rank == 0 {
				left = mine
			}
			last = s.combine(out.add(at), left.add(at), above.add(at), min(length, own-at)/s.elem, last, int32(high[j])-1)
		}
		done = s.join(done, last)
	}
	sent = none
	for _, v := range sends.used {
		sent = s.join(sent, int32(v)-1)
	}
	return done, sent
}
