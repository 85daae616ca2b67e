package engine

// Outcome is where an engine may leave the outcome of a receive that has
// succeeded, instead of reporting it through the request, which nobody uses any
// more then. Caller and engine share a word that says which of them may act, so
// that neither takes a lock. The engine's two bits of it:
//
//	word                caller may                        engine may
//	0                   set OutcomeReserved (by CAS)      set OutcomeReserved (by CAS)
//	OutcomeReserved     (set by the caller) write the     (set by the engine) write the
//	                    Outcome, call the request, then   Outcome, then store OutcomeDone
//	                    store any word without this bit
//	OutcomeDone         read the Outcome                  nothing, for ever
//	other bits          whatever they mean to it          nothing, until it is 0 again
//
// An engine that finds the word other than 0 reports through the request
// instead. The store of OutcomeDone publishes what was written before it: the
// Outcome, and the memory that was received into.
type Outcome struct {
	Bytes       int
	Source, Tag int32
}

// The engine's bits of the word. Other bits are the caller's.
const (
	OutcomeDone     uint32 = 1 // the outcome is there
	OutcomeReserved uint32 = 4 // one side is about to change it, or the caller is in a call on the request
)
