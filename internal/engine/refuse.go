package engine

// A call that a rank has refused for its arguments is a call all the same: the
// other ranks are in it, and wait for this one. Package mpi hands it to the
// engine as a Coll of one of these kinds, with the reason in Send, as bytes.
// The rank is in step with the others then, and each rank that needs it in the
// collective gets an error of class ErrMismatch with the reason. An engine that
// cannot tell the others does nothing.
const (
	// Refused is a call that is one collective. It waits for nobody.
	Refused = NumColls + 1 + iota

	// RefusedFirst is a call that is several collectives, of which this rank takes
	// part in none. It waits for the first of the others and is an error unless
	// they all have refused as well: then the ranks are out of step.
	RefusedFirst
)

// Refuses reports whether k stands for a call that its rank has refused.
func (k CollKind) Refuses() bool { return k == Refused || k == RefusedFirst }
