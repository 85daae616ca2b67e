//go:build !race

package installed

const raceEnabled = false
