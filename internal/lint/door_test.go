package lint_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/ringo-mpi/ringo/internal/door"
)

// knowEngine are the packages that may import internal/engine, with the reason.
// To them come the rooms of the door, see door.Rooms.
var knowEngine = map[string]string{
	"internal/embedded":            "an engine",
	"internal/embedded/board":      "runs an engine.Coll",
	"internal/embedded/coll":       "makes schedules of an engine.Coll",
	"internal/native":              "an engine",
	"internal/kernel":              "has the kernels of an engine.Op",
	"internal/enginetest":          "reads the counts of its wrapper",
	"internal/enginetest/counting": "a wrapper of engines",
	"internal/start":               "opens engines",
	"internal/door":                "hands them out",
	"mpi":                          "calls them",
	"mpi/native":                   "registers one",
}

// Nobody else knows the engines: a package that stands beside package mpi is a
// room of the door, and every room is in use.
func TestWhoKnowsTheEngines(t *testing.T) {
	uses := map[string]bool{}
	for _, p := range packages(t) {
		rel := strings.TrimPrefix(p.ImportPath, module)
		for _, imp := range p.Imports {
			own, _ := strings.CutPrefix(imp, module)
			if own != "internal/engine" && own != "internal/door" {
				continue
			}
			uses[rel] = true
			room := slices.Contains(door.Rooms, rel)
			switch {
			case own == "internal/door" && !room && rel != "mpi":
				t.Errorf("%s imports internal/door and is not in door.Rooms", rel)
			case own == "internal/engine" && !room && !strings.HasPrefix(rel, "internal/embedded/") && knowEngine[rel] == "":
				t.Errorf("%s imports internal/engine and is neither in the table of this test nor in door.Rooms", rel)
			}
		}
	}
	for _, list := range [][]string{door.Rooms, keys(knowEngine)} {
		for _, rel := range list {
			if !uses[rel] {
				t.Errorf("%s is in a table of who may know the engines, and does not import them", rel)
			}
		}
	}
}

func keys(m map[string]string) (list []string) {
	for k := range m {
		list = append(list, k)
	}
	return list
}
