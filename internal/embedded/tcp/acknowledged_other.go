//go:build unix && !linux

package tcp

// acknowledged: only the end of the connection tells it here.
func acknowledged(int) bool { return false }
