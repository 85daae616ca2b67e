//go:build !linux

package native

// signals does nothing: the transports that take signal handlers run on Linux.
type signals struct{}

func saveSignals() *signals { return nil }
func (s *signals) restore() {}
