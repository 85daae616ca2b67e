package params

// Error is a value that is wrong, or a key of a file that is unknown. Its text
// is one line: where the value comes from, and what is wrong with it.
type Error struct {
	// Name is the parameter's name, "" for a key that is no parameter's.
	Name string
	// Source is where the value comes from, see [Set.Source].
	Source string
	// Err is what is wrong.
	Err error
}

// Error returns the line.
func (e *Error) Error() string { return e.Source + ": " + e.Err.Error() }

// Unwrap returns what is wrong.
func (e *Error) Unwrap() error { return e.Err }
