//go:build !linux

package main

func adopt() {}

// killLeftovers does nothing here: the launcher was killed, what it had started
// is left to it.
func killLeftovers() {}
