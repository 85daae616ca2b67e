package native

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// errNoLibrary is the cause of an error of Open that says that no library was
// found.
var errNoLibrary = errors.New("no MPI library")

// names are the file names that the dynamic linker is asked for, the most
// specific first.
func names(want family) []string {
	mpich, openmpi, std := []string{"libmpi.so.12", "libmpich.so.12", "libmpi_cray.so.12", "libmpi_cray.so"}, []string{"libmpi.so.40"}, []string{"libmpi_abi.so.1", "libmpi_abi.so.0"}
	last := []string{"libmpi.so"}
	if runtime.GOOS == "darwin" {
		mpich, openmpi, std = []string{"libmpi.12.dylib", "libmpich.12.dylib"}, []string{"libmpi.40.dylib"}, []string{"libmpi_abi.1.dylib"}
		last = []string{"libmpi.dylib"}
	}
	var list []string
	switch want {
	case openmpiFamily:
		list = append(openmpi, std...)
	case mpichFamily:
		list = append(mpich, std...)
	default:
		list = append(append(std, mpich...), openmpi...)
	}
	return append(list, last...)
}

// findLibrary opens the library that RINGO_LIBMPI names, or else the first one
// that belongs to the launcher: beside the launcher's own program, then by the
// dynamic linker's search.
func findLibrary(env Env, l launch) (*library, error) {
	if path := env("RINGO_LIBMPI"); path != "" {
		lib, err := openLibrary(path, unknownFamily)
		if err != nil {
			return nil, fmt.Errorf("RINGO_LIBMPI=%s cannot be used: %w", path, oneLine(err))
		}
		return lib, nil
	}
	var broken []error // found, but not fit
	candidates := append(besideLauncher(names(l.family)), names(l.family)...)
	for _, name := range candidates {
		lib, err := openLibrary(name, l.family)
		if err == nil {
			return lib, nil
		}
		if !notThere(name, err) {
			broken = append(broken, oneLine(err))
		}
	}
	what := "no MPI library"
	if l.family != unknownFamily {
		what = fmt.Sprintf("no %s library", l.family)
	}
	err := fmt.Errorf("%w: %s was found (looked for %s); install one, load its module, or name it in RINGO_LIBMPI", errNoLibrary, what, strings.Join(names(l.family), ", "))
	if len(broken) > 0 {
		err = fmt.Errorf("%w; %w", err, errors.Join(broken...))
	}
	return nil, oneLine(err)
}

// notThere tells whether a candidate just does not exist, which is no news.
func notThere(name string, err error) bool {
	return errors.Is(err, fs.ErrNotExist) ||
		strings.Contains(err.Error(), name+": cannot open shared object file: No such file") ||
		(runtime.GOOS == "darwin" && strings.Contains(err.Error(), "no such file"))
}

// oneLine keeps the chain of an error and puts its text on one line.
func oneLine(err error) error {
	text := strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
	if text == err.Error() {
		return err
	}
	return lineError{text, err}
}

type lineError struct {
	text string
	err  error
}

func (e lineError) Error() string { return e.text }
func (e lineError) Unwrap() error { return e.err }

// besideLauncher lists the libraries of the installation that the launcher
// runs from: PREFIX/bin/hydra_pmi_proxy has its library in PREFIX/lib. On a
// machine with several installations this is the one that fits.
func besideLauncher(names []string) []string {
	var list []string
	for _, exe := range ancestors(4) {
		prefix := filepath.Dir(filepath.Dir(exe))
		if prefix == "/" || prefix == "/usr" { // the linker looks there itself
			continue
		}
		switch base := filepath.Base(exe); {
		case strings.HasPrefix(base, "hydra"), strings.HasPrefix(base, "mpi"), strings.HasPrefix(base, "orte"),
			strings.HasPrefix(base, "orted"), strings.HasPrefix(base, "prte"), strings.HasPrefix(base, "prun"):
			for _, dir := range []string{"lib", "lib64"} {
				for _, name := range names {
					path := filepath.Join(prefix, dir, name)
					if _, err := os.Stat(path); err == nil {
						list = append(list, path)
					}
				}
			}
		}
	}
	return list
}
