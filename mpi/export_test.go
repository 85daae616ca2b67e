package mpi

// What the external tests need to see.
var RunOn = runOn

// ElementError says why T cannot be an element.
func ElementError[T any]() error { return elementOf[T]().err }

// DescribeElement looks the description of T up and returns its type's name.
func DescribeElement[T any]() string { return elementOf[T]().typ.Name }

// Checkers is the number of communicators on which c's process compares calls.
func Checkers(c *Comm) int {
	p := &c.st.proc.checkers
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.list)
}

// Operations identifies the memory that the latest receives of c's rank use
// until they are complete; nil before there have been many.
func Operations(c *Comm) any {
	s := c.st.proc.requests.Load()
	if s == nil {
		return nil
	}
	if ops := s.operations.Load(); ops != nil {
		return ops
	}
	return nil
}
