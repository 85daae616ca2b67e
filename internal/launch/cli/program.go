package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// A builder finds the executables of programs, and builds Go packages into a
// folder of its own.
type builder struct {
	dir    string            // "" until the first package is built
	built  map[string]string // executable by package
	tried  bool              // a package was to be built
	stderr io.Writer
	stop   func() // ends the guard of dir
}

// resolve returns the executable for the program word of an app that runs in
// dir ("" is the current folder) with the given search path.
func (b *builder) resolve(word, dir, searchPath string) (string, error) {
	if strings.ContainsRune(word, '/') || strings.ContainsRune(word, filepath.Separator) || word == "." || word == ".." {
		return b.resolvePath(word, dir)
	}
	path, err := lookPath(word, dir, searchPath)
	if err == nil {
		return path, nil
	}
	if info, err := os.Stat(filepath.Join(dir, word)); err == nil {
		kind := "a file"
		if info.IsDir() {
			kind = "a folder"
		}
		return "", usagef("%s is not in PATH; there is %s of this name here: write ./%s", word, kind, word)
	}
	if errors.Is(err, fs.ErrPermission) {
		return "", usagef("%s: the file in PATH is not executable", word)
	}
	return "", usagef("%s is not in PATH; give the path of a program or of a folder with a Go program", word)
}

func (b *builder) resolvePath(word, dir string) (string, error) {
	// A relative program is looked for where it will run, then here.
	candidates := []string{word}
	if !filepath.IsAbs(word) && dir != "" {
		candidates = []string{filepath.Join(dir, word), word}
	}
	for _, c := range candidates {
		info, err := os.Stat(c)
		switch {
		case err != nil:
			continue
		case info.IsDir():
			return b.buildFolder(word, c)
		case strings.HasSuffix(c, ".go"):
			return b.build(word, filepath.Dir(c), filepath.Base(c))
		case runtime.GOOS != "windows" && info.Mode().Perm()&0o111 == 0:
			return "", usagef("%s is not executable; if it is a program: chmod +x %s", word, word)
		}
		abs, err := filepath.Abs(c)
		if err != nil {
			return "", usagef("%s: %v", word, err)
		}
		return abs, nil
	}
	if isImportPath(word) {
		return b.build(word, "", word)
	}
	return "", usagef("%s: no such file or folder", word)
}

// isImportPath reports whether a word that is no file may name a Go package: no
// relative or absolute path, and a module is here or in a folder above.
func isImportPath(word string) bool {
	if filepath.IsAbs(word) || strings.HasPrefix(word, ".") || strings.ContainsAny(word, `\ @`) {
		return false
	}
	dir, err := os.Getwd()
	if err != nil {
		return false
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return true
		}
		up := filepath.Dir(dir)
		if up == dir {
			return false
		}
		dir = up
	}
}

func (b *builder) buildFolder(word, dir string) (string, error) {
	files, err := filepath.Glob(filepath.Join(escapeGlob(dir), "*.go"))
	if err != nil || len(files) == 0 {
		return "", usagef("%s is a folder without Go files; give a program or the folder of a Go program", word)
	}
	return b.build(word, dir, ".")
}

// escapeGlob quotes what a pattern would take for its own.
func escapeGlob(path string) string {
	if runtime.GOOS == "windows" { // a backslash separates folders there
		return path
	}
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

// build builds a package, once for all programs of the command line. The go
// command runs in dir, so that a folder of another module is built as that
// module says.
func (b *builder) build(word, dir, pkg string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", usagef("%s: %v", word, err)
	}
	key := abs + "\x00" + pkg
	if path, ok := b.built[key]; ok {
		return path, nil
	}
	b.tried = true
	goTool, err := exec.LookPath("go")
	if err != nil {
		return "", usagef("%s is a Go package, and the go command to build it is not in PATH", word)
	}
	if err := b.makeDir(); err != nil {
		return "", usagef("%s cannot be built: %v", word, err)
	}
	name := filepath.Base(pkg)
	if pkg == "." {
		name = filepath.Base(abs)
	}
	name = strings.TrimSuffix(name, ".go")
	sub := filepath.Join(b.dir, fmt.Sprint(len(b.built)))
	if err := os.Mkdir(sub, 0o700); err != nil {
		return "", usagef("%s cannot be built: %v", word, err)
	}
	path := filepath.Join(sub, name)
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	cmd := exec.Command(goTool, "build", "-o", path, pkg)
	cmd.Dir = dir
	cmd.Stdout, cmd.Stderr = b.stderr, b.stderr
	if err := cmd.Run(); err != nil {
		return "", usagef("%s could not be built: correct the errors above", word)
	}
	if isArchive(path) {
		return "", usagef("%s is not a program: its package is not main", word)
	}
	if b.built == nil {
		b.built = map[string]string{}
	}
	b.built[key] = path
	return path, nil
}

// isArchive reports whether go build has made a library.
func isArchive(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return true // go build writes nothing for test-only packages
	}
	defer f.Close()
	head := make([]byte, 8)
	_, err = io.ReadFull(f, head)
	return err != nil || bytes.Equal(head, []byte("!<arch>\n"))
}

func (b *builder) makeDir() error {
	if b.dir != "" {
		return nil
	}
	dir, err := os.MkdirTemp(os.Getenv("GOTMPDIR"), "ringo-mpiexec-")
	if err != nil {
		return err
	}
	b.dir = dir
	b.stop = guard(dir)
	return nil
}

// close removes what was built.
func (b *builder) close() {
	if b.dir != "" {
		_ = os.RemoveAll(b.dir)
		b.stop()
	}
}

// lookPath finds a program in searchPath, then in PATH. Relative folders there
// count from dir.
func lookPath(word, dir, searchPath string) (string, error) {
	denied := false
	for _, list := range []string{searchPath, os.Getenv("PATH")} {
		if list == "" {
			continue
		}
		for _, folder := range filepath.SplitList(list) {
			if !filepath.IsAbs(folder) {
				folder = filepath.Join(dir, folder)
			}
			path, err := exec.LookPath(filepath.Join(folder, word))
			if err == nil {
				return filepath.Abs(path)
			}
			denied = denied || errors.Is(err, fs.ErrPermission)
		}
	}
	if denied {
		return "", fs.ErrPermission
	}
	return "", fs.ErrNotExist
}
