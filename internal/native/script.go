package native

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// A libmpi.so that is meant for a compiler is often a linker script: a text that
// names the library, INPUT(libmpi.so.40). The dynamic linker does not read it.
var (
	scriptInput   = regexp.MustCompile(`\b(?:INPUT|GROUP)\s*\(\s*(?:AS_NEEDED\s*\(\s*)?([^\s(),]+)`)
	scriptComment = regexp.MustCompile(`(?s)/\*.*?\*/`)
)

// maxScript is the longest text that is looked at, and maxScripts how many of
// them may follow each other.
const maxScript, maxScripts = 4 << 10, 4

// followScripts returns the library that a linker script names: a path beside
// the script if there is such a file, else a name for the dynamic linker. Other
// files, and bare names, are returned as they are.
func followScripts(path string) (string, error) {
	for first, n := path, 0; ; n++ {
		if n > maxScripts {
			return "", fmt.Errorf("%s is a linker script that leads to no library", first)
		}
		if !strings.Contains(path, "/") {
			return path, nil
		}
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() || info.Size() > maxScript {
			return path, nil // checkFile says what is wrong with it
		}
		text, err := os.ReadFile(path)
		if err != nil || bytes.IndexByte(text, 0) >= 0 {
			return path, nil
		}
		m := scriptInput.FindSubmatch(scriptComment.ReplaceAll(text, nil))
		if m == nil {
			return path, nil
		}
		name := string(m[1])
		if lib, ok := strings.CutPrefix(name, "-l"); ok {
			name = "lib" + lib + ".so"
		}
		beside := filepath.Join(filepath.Dir(path), name)
		switch _, err := os.Stat(beside); {
		case filepath.IsAbs(name):
			path = name
		case err == nil || strings.Contains(name, "/"):
			path = beside
		default:
			path = name
		}
	}
}
