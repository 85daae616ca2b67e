package door

import (
	"reflect"
	"strings"
)

// Rooms are the packages beside mpi, by their path in the module: they may use
// the door, and to an error's "called at" they belong to the library as package
// mpi does.
var Rooms = []string{
	"internal/door/sibling", // for the tests of the door
}

// module is the path of the module, with a slash.
var module = strings.TrimSuffix(reflect.TypeFor[View]().PkgPath(), "internal/door")

// Function tells whether function, a name as package runtime gives it, is one of
// a package beside mpi or of this package. If it is one of a package beside mpi,
// it returns its name with that of its package: "sibling.Send[...]".
func Function(function string) (name string, ok bool) {
	path, ok := strings.CutPrefix(function, module)
	if !ok {
		return "", false
	}
	if strings.HasPrefix(path, "internal/door.") {
		return "", true
	}
	for _, room := range Rooms {
		if name, ok := strings.CutPrefix(path, room+"."); ok {
			return room[strings.LastIndexByte(room, '/')+1:] + "." + name, true
		}
	}
	return "", false
}
