package engine

// A wrapper is an engine around an engine: it implements [Engine] and hands out
// communicators, messages and requests that are wrappers too, each with a method
//
//	Unwrap() Engine // or Comm, Message, Request
//
// that returns what is inside. A wrapper passes nil and [Completed] on as they
// are. What it is given, requests for WaitAny and Recycle or a communicator for
// Spawn, it may pass on wrapped: engines unwrap what they are given. Capabilities
// are not found behind a wrapper, which says by its own methods, and by Lacks,
// what it offers.

// Opener is a Comm that knows more types than the contract: As sets what target
// points to and reports true if it is one of these. It is found behind wrappers
// too, since what it gives is not the contract's (see mpi.Comm.As).
type Opener interface {
	As(target any) bool
}

// Unwrap takes all wrappers off x: an Engine, a Comm, a Message or a Request.
func Unwrap[T any](x T) T {
	for {
		w, ok := any(x).(interface{ Unwrap() T })
		if !ok {
			return x
		}
		x = w.Unwrap()
	}
}

// UnwrapAll returns the requests without wrappers, in a list of its own.
func UnwrapAll(reqs []Request) []Request {
	plain := make([]Request, len(reqs))
	for i, r := range reqs {
		plain[i] = Unwrap(r)
	}
	return plain
}
