//go:build !linux && !darwin

package topo

// Local describes this machine as far as the Go runtime knows it: the number of
// CPUs. Machine.Source is "count".
func Local() (*Machine, error) { return counted(), nil }

// LocalUsableCores returns how many cores this process can keep busy: the
// default number of ranks of the launcher. At least 1.
func LocalUsableCores() int { return counted().UsableCores() }
