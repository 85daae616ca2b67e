package segment

import (
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/futex"
)

// AnswerMax is the most bytes of an answer.
const AnswerMax = questionSize - 20

const questionSize = 256

// question is what the launcher asks of a rank, and the answer. A rank that waits
// for questions sleeps on a word of its own: a message must not wake it, nor a
// question the rank's calls.
type question struct {
	asked    uint32 // counts the questions, by two; 1 is added where the stacks are wanted
	answered uint32 // the question that was answered last
	hears    uint32 // 1: the rank waits for questions
	inCall   uint32 // of the answer
	length   uint32
	text     [AnswerMax]byte
}

// An Answer says where a rank stands.
type Answer struct {
	Text   string // follows "rank 3 is"
	InCall bool   // the rank is in a call of package mpi
}

func (s *Segment) question(rank int) *question {
	return (*question)(unsafe.Pointer(&s.mem[s.sizes.questionsAt+s.Place(rank)*questionSize]))
}

// Hear says whether this process, the given rank, waits for questions. It returns
// the last question: only later ones are for it.
func (s *Segment) Hear(rank int, on bool) (asked uint32) {
	q := s.question(rank)
	asked = atomic.LoadUint32(&q.asked)
	hears := uint32(0)
	if on {
		hears = 1
	}
	atomic.StoreUint32(&q.hears, hears)
	return asked
}

// Hears reports whether a rank waits for questions.
func (s *Segment) Hears(rank int) bool { return atomic.LoadUint32(&s.question(rank).hears) != 0 }

// Ask asks a rank where it stands, and to write the stacks of its goroutines to its
// standard error as well if they are wanted. It returns the question's number.
// One process asks, the launcher.
func (s *Segment) Ask(rank int, stacks bool) (asked uint32) {
	q := s.question(rank)
	asked = (atomic.LoadUint32(&q.asked) + 2) &^ 1
	if stacks {
		asked |= 1
	}
	atomic.StoreUint32(&q.asked, asked)
	futex.Wake(&q.asked, 1)
	return asked
}

// WantsStacks reports whether a question asks for stacks.
func WantsStacks(asked uint32) bool { return asked&1 != 0 }

// AwaitQuestion waits until another question than seen has been asked, the time is
// over, or StopAwaiting has been called, and returns the last question.
func (s *Segment) AwaitQuestion(rank int, seen uint32, limit time.Duration) uint32 {
	q := s.question(rank)
	if asked := atomic.LoadUint32(&q.asked); asked != seen {
		return asked
	}
	futex.Wait(&q.asked, seen, limit)
	return atomic.LoadUint32(&q.asked)
}

// StopAwaiting wakes this process, the given rank, if it awaits a question.
func (s *Segment) StopAwaiting(rank int) { futex.Wake(&s.question(rank).asked, 1) }

// Tell answers a question. Longer texts than AnswerMax are cut.
func (s *Segment) Tell(rank int, asked uint32, a Answer) {
	q := s.question(rank)
	in := uint32(0)
	if a.InCall {
		in = 1
	}
	atomic.StoreUint32(&q.inCall, in)
	n := copy(q.text[:], a.Text)
	atomic.StoreUint32(&q.length, uint32(n))
	atomic.StoreUint32(&q.answered, asked)
}

// Told returns a rank's last answer, and whether it answers this question.
func (s *Segment) Told(rank int, asked uint32) (a Answer, current bool) {
	q := s.question(rank)
	current = atomic.LoadUint32(&q.answered) == asked
	n := min(atomic.LoadUint32(&q.length), AnswerMax)
	return Answer{string(q.text[:n]), atomic.LoadUint32(&q.inCall) != 0}, current
}
