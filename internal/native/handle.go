package native

// Handle is the MPI_Comm of a communicator, for programs that call the library
// themselves. It belongs to the communicator: it is not to be freed, and is
// valid until the communicator is freed or Finalize is called. Messages of the
// program's own calls match those of package mpi with the same tags.
type Handle struct {
	// Comm is the handle as the library's binary interface passes it: a pointer,
	// or, in the MPICH interface, an int in the low 32 bits.
	Comm uintptr

	// ABI names the binary interface: "MPICH", "Open MPI" or "MPI-5 standard".
	ABI string

	// Library is the path of the library, as dlopen takes it.
	Library string
}

// As implements [engine.Opener]: it hands out the library's communicator as a
// Handle.
func (c *comm) As(target any) bool {
	h, ok := target.(*Handle)
	if !ok || h == nil || c.usable() != nil {
		return false
	}
	*h = Handle{Comm: c.handle, ABI: c.d.abi.Name, Library: c.d.path}
	return true
}
