//go:build !race

package embedded

// checked has each move looked up in the tables of states.go.
const checked = false
