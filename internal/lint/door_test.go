package lint_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/ringo-mpi/ringo/internal/door"
)

// Every package of door.Rooms goes through the door. (That nobody else does, and
// that nobody else imports internal/engine, is in the table of layers.)
func TestRoomsUseTheDoor(t *testing.T) {
	through := map[string]bool{}
	for _, p := range packages(t) {
		through[strings.TrimPrefix(p.ImportPath, module)] = slices.Contains(p.Imports, module+"internal/door")
	}
	for _, room := range door.Rooms {
		if !through[room] {
			t.Errorf("door.Rooms has %s, which does not import internal/door", room)
		}
	}
}
