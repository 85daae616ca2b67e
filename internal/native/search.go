package native

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/ringo-mpi/ringo/internal/foreign"
)

// names are the file names that the dynamic linker is asked for under a
// launcher, and the family that its library must be of.
func names(m foreign.Manager) (list []string, want family) {
	mpich, openmpi, std := []string{"libmpi.so.12", "libmpich.so.12", "libmpi_cray.so.12", "libmpi_cray.so"}, []string{"libmpi.so.40"}, []string{"libmpi_abi.so.1", "libmpi_abi.so.0"}
	last := []string{"libmpi.so"}
	if runtime.GOOS == "darwin" {
		mpich, openmpi, std = []string{"libmpi.12.dylib", "libmpich.12.dylib"}, []string{"libmpi.40.dylib"}, []string{"libmpi_abi.1.dylib"}
		last = []string{"libmpi.dylib"}
	}
	switch m {
	case foreign.PMI:
		return slices.Concat(mpich, std, last), mpichFamily
	case foreign.OpenMPI:
		return slices.Concat(openmpi, std, last), openmpiFamily
	case foreign.PMIx:
		return slices.Concat(openmpi, std, mpich, last), unknownFamily
	}
	return slices.Concat(std, mpich, openmpi, last), unknownFamily
}

// openNamed opens the library of RINGO_LIBMPI: a path, or a name that is looked
// for beside the launcher first.
func openNamed(path string) (*library, error) {
	if !strings.Contains(path, "/") {
		for _, beside := range besideLauncher([]string{path}) {
			return openLibrary(beside, unknownFamily)
		}
	}
	return openLibrary(path, unknownFamily)
}

// misfit is the error of a library under another family's launcher. It is told
// before MPI_Init_thread: some libraries end the process there.
func (l *library) misfit(launch foreign.Launcher) error {
	started := "processes"
	if launch.Size > 0 {
		started = fmt.Sprintf("%d processes", launch.Size)
	}
	return fmt.Errorf("%v started %s, but %s (%s) is a library of %s, for which each is a world of one: %s", launch, started, l.path, l.summary(), l.family, launchMismatch(""))
}

// launchMismatch ends the errors about a launcher and a library of different
// kinds; other is what else the user can do.
func launchMismatch(other string) string {
	return "launcher and library do not belong together; use " + other + "the library's own mpiexec, or name the launcher's library in RINGO_LIBMPI"
}

// findLibrary opens the library that RINGO_LIBMPI names, or else the first one
// that belongs to the launcher: beside the launcher's own program, then by the
// dynamic linker's search.
func findLibrary(getenv func(string) string, l foreign.Launcher) (*library, error) {
	list, want := names(l.Manager)
	if path := getenv("RINGO_LIBMPI"); path != "" {
		lib, err := openNamed(path)
		if err != nil {
			return nil, fmt.Errorf("RINGO_LIBMPI=%s cannot be used: %w", path, oneLine(err))
		}
		if want != unknownFamily && lib.family != unknownFamily && lib.family != want {
			return nil, lib.misfit(l)
		}
		return lib, nil
	}
	var broken []string // found, but not fit
	for _, name := range append(besideLauncher(list), list...) {
		lib, err := openLibrary(name, want)
		if err == nil {
			return lib, nil
		}
		if !notThere(name, err) {
			broken = append(broken, "; "+oneLine(err).Error())
		}
	}
	what := "MPI"
	if want != unknownFamily {
		what = string(want)
	}
	by := "no launcher started the program"
	if l.Manager != foreign.None {
		by = "the program was started by " + l.String()
	}
	return nil, fmt.Errorf("no %s library was found, and %s: install one, load its module, or name it in RINGO_LIBMPI (looked for %s%s)",
		what, by, strings.Join(list, ", "), strings.Join(broken, ""))
}

// notThere tells whether a candidate just does not exist, which is not worth a
// report.
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
