//go:build !linux

package runs

// Adopt does nothing here.
func Adopt() {}

// killLeftovers does nothing here: the launcher was killed, what it had started
// is left to it.
func killLeftovers() {}
