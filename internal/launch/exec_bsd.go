//go:build unix && !linux

package launch

const sockCloexec = 0 // Darwin has no such flag
