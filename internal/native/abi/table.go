package abi

// Table is one binary interface.
type Table struct {
	Name    string
	Handles [NumHandles]Handle
	Ints    [NumInts]Constant // integers, pointers, sizes and offsets
}

// Handle is a predefined object of a library.
type Handle struct {
	Value  uint32 // the handle itself, unless Symbol is set
	Symbol string // the variable whose address is the handle
	None   bool   // the interface has no such object
}

// Constant is an integer constant.
type Constant struct {
	Value int64
	None  bool // the interface has no such constant
}

// Get returns an integer constant, and false when the interface lacks it.
func (t *Table) Get(id IntID) (int64, bool) {
	return t.Ints[id].Value, !t.Ints[id].None
}

// Must returns an integer constant that every interface has.
func (t *Table) Must(id IntID) int64 {
	if t.Ints[id].None {
		panic("abi: the " + t.Name + " interface has no constant " + id.String())
	}
	return t.Ints[id].Value
}

// Names of what a table holds.
type (
	// HandleID names a predefined object.
	HandleID uint8
	// IntID names an integer constant.
	IntID uint8
)

// String returns the name in mpi.h.
func (id HandleID) String() string { return handleNames[id] }

// String returns the name in mpi.h; a size or offset is named after its type
// or field.
func (id IntID) String() string { return intNames[id] }
