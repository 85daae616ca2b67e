//go:build race

package board_test

// raced: the race detector makes everything ten times as slow, so that the
// tests take samples.
const raced = true
