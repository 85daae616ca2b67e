package engine

// Files is a Comm whose members can open files together (MPI 5.0 §14). It is
// optional: files can be written by package os over messages, so that an engine
// has this only where a library below does better.
type Files interface {
	// OpenFile opens a file. Collective; all members give the same mode. Hints
	// that mean nothing to the engine are passed over.
	OpenFile(name string, mode FileMode, hints map[string]string) (File, error)
}

// FileMode says how a file is opened: a sum of the modes of MPI 5.0 §14.2.1.
type FileMode uint16

// The modes.
const (
	ReadOnly FileMode = 1 << iota
	WriteOnly
	ReadWrite
	CreateFile
	Exclusively
	DeleteOnClose
	UniqueOpen
	Sequential
	AppendFile
)

// File is a file that the members of a communicator have open.
type File interface {
	// SetView says what of the file this rank sees from byte disp on: elements of
	// a type, those that visible picks out of each span; nil: all. Collective.
	SetView(disp int64, element *Type, visible *Layout, representation string) error

	// Transfer reads or writes; Itransfer starts it.
	Transfer(t Transfer, done <-chan struct{}) (Status, error)
	Itransfer(t Transfer) (Request, error)

	// Size and Resize are about the bytes of the file. Resize is collective.
	Size() (int64, error)
	Resize(bytes int64) error

	// Sync makes what was written known to others; Close ends the use of the
	// file. Both are collective.
	Sync() error
	Close() error
}

// FilePointer says where a transfer begins.
type FilePointer uint8

// The positions.
const (
	AtOffset      FilePointer = iota // where the transfer says
	OwnPointer                       // where this rank's last transfer ended
	SharedPointer                    // where the last transfer of any rank ended
)

// Transfer is one read or write of a file (MPI 5.0 §14.4).
type Transfer struct {
	Write      bool
	Collective bool // all members call it; with SharedPointer, in the order of their ranks
	Pointer    FilePointer
	Offset     int64 // AtOffset: elements of the view
	Data       Buf
}
