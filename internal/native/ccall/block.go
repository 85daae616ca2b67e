package ccall

// Limits of a Block. No function of MPI that package native calls has more
// arguments.
const (
	MaxArgs     = 10
	MaxPollArgs = 6
)

// Block is what one transition to C does:
//
//	if Fn != 0 { Ret = Fn(Args...); return unless Ret == 0 }
//	if Poll != 0 {
//		for Polls > 0 {
//			Polls--
//			Ret = Poll(PollArgs...); return unless Ret == 0
//			if *Flag != 0 { return }
//		}
//	}
//
// Functions return a C int and take pointers, integers of up to 64 bits and
// handles; narrower arguments are passed zero- or sign-extended. A Block must
// be on the heap: a callback may move the stack of the goroutine while C holds
// the addresses in it. Memory whose address is in Args is kept alive by the
// caller. A Block is used by one goroutine at a time.
type Block struct {
	Fn       uintptr
	Args     [MaxArgs]uintptr
	Poll     uintptr
	PollArgs [MaxPollArgs]uintptr
	Flag     *int32
	Polls    int32
	Ret      int32
}
