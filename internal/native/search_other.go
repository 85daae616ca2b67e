//go:build !linux

package native

// ancestors returns nothing: there is no portable way to find the programs of
// other processes.
func ancestors(n int) []string { return nil }

// loadedFrom returns "": there is no portable way to find the file of a mapped
// function.
func loadedFrom(address uintptr) string { return "" }
