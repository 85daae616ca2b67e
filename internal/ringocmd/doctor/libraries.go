package doctor

import (
	"bytes"
	"context"
	"debug/elf"
	"debug/macho"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// library is an MPI library in a file.
type library struct {
	path    string
	abi     string // which binary interface it has
	fit     bool   // this program's processor can run it
	machine string
}

// libraryNames are the file names under which MPI libraries are installed.
var libraryNames = map[string][]string{
	"linux":  {"libmpi_abi.so.1", "libmpi_abi.so.0", "libmpi.so.12", "libmpich.so.12", "libmpi.so.40", "libmpi_cray.so.12", "libmpi_cray.so", "libmpi.so"},
	"darwin": {"libmpi_abi.1.dylib", "libmpi.12.dylib", "libmpich.12.dylib", "libmpi.40.dylib", "libmpi.dylib"},
}

func checkLibraries(_ context.Context, m *machine) []Finding {
	if libraryNames[m.goos] == nil {
		return []Finding{ok("none can be used on %s; the embedded engine needs none", m.goos)}
	}
	var out []Finding
	if named := m.getenv("RINGO_LIBMPI"); named != "" {
		lib, err := m.identify(named)
		switch {
		case err != nil:
			out = append(out, mend("name an MPI library, or unset RINGO_LIBMPI", "RINGO_LIBMPI=%s: %v", named, cause(err)))
		case !lib.fit:
			out = append(out, mend("name a library for this processor, or unset RINGO_LIBMPI", "RINGO_LIBMPI=%s is for another processor (%s)", named, lib.machine))
		default:
			out = append(out, ok("RINGO_LIBMPI=%s has the %s", named, lib.abi))
		}
	}
	for _, lib := range m.findLibraries() {
		if !lib.fit {
			out = append(out, note("", "%s is for another processor (%s)", lib.path, lib.machine))
			continue
		}
		out = append(out, ok("%s has the %s", lib.path, lib.abi))
	}
	if len(out) == 0 {
		out = append(out, ok("none found; the embedded engine needs none"))
	}
	return out
}

// findLibraries looks for MPI libraries where the dynamic linker and the usual
// installations have them.
func (m *machine) findLibraries() []library {
	if m.libraries != nil {
		return m.libraries
	}
	m.libraries = []library{}
	seen := map[string]bool{}
	for _, dir := range m.libraryFolders() {
		for _, name := range libraryNames[m.goos] {
			p := path.Join(dir, name)
			if _, err := fs.Stat(m.root, rooted(p)); err != nil {
				continue
			}
			real := p
			if r, err := filepath.EvalSymlinks(p); err == nil {
				real = r
			}
			if seen[real] {
				continue
			}
			seen[real] = true
			if lib, err := m.identify(p); err == nil {
				m.libraries = append(m.libraries, lib)
			}
		}
	}
	return m.libraries
}

func (m *machine) libraryFolders() []string {
	var dirs []string
	add := func(list ...string) {
		for _, d := range list {
			if path.IsAbs(d) && !slices.Contains(dirs, path.Clean(d)) {
				dirs = append(dirs, path.Clean(d))
			}
		}
	}
	for _, v := range []string{"LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"} {
		add(strings.Split(m.getenv(v), ":")...)
	}
	for _, v := range []string{"MPI_HOME", "MPI_ROOT", "MPI_DIR", "I_MPI_ROOT", "CRAY_MPICH_DIR", "EBROOTOPENMPI", "EBROOTMPICH"} {
		if prefix := m.getenv(v); prefix != "" {
			add(prefix+"/lib", prefix+"/lib64", prefix+"/lib/release")
		}
	}
	for _, launcher := range []string{"mpiexec", "mpirun"} {
		if exe, err := m.lookPath(launcher); err == nil {
			if real, err := filepath.EvalSymlinks(exe); err == nil {
				exe = real
			}
			prefix := path.Dir(path.Dir(filepath.ToSlash(exe)))
			add(prefix+"/lib", prefix+"/lib64")
		}
	}
	add(m.linkerFolders("/etc/ld.so.conf", 0)...)
	base := []string{"/lib", "/usr/lib", "/lib64", "/usr/lib64", "/usr/local/lib", "/opt/homebrew/lib", "/opt/local/lib"}
	if triplet := map[string]string{"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu", "arm": "arm-linux-gnueabihf"}[runtime.GOARCH]; triplet != "" {
		base = append(base, "/usr/lib/"+triplet, "/lib/"+triplet)
	}
	add(base...)
	for _, dir := range slices.Clone(base) {
		for _, mpi := range []string{"openmpi", "mpich", "mvapich2", "mpich2"} {
			add(dir+"/"+mpi+"/lib", dir+"/"+mpi)
		}
	}
	return dirs
}

// linkerFolders reads the folders of /etc/ld.so.conf and what it includes.
func (m *machine) linkerFolders(conf string, depth int) []string {
	if depth > 4 {
		return nil
	}
	var dirs []string
	for line := range strings.Lines(m.read(conf)) {
		line, _, _ = strings.Cut(line, "#")
		f := strings.Fields(line)
		switch {
		case len(f) == 0:
		case f[0] == "include":
			for _, pattern := range f[1:] {
				if !path.IsAbs(pattern) {
					pattern = path.Join(path.Dir(conf), pattern)
				}
				names, err := fs.Glob(m.root, rooted(pattern))
				if err != nil {
					continue
				}
				for _, n := range names {
					dirs = append(dirs, m.linkerFolders("/"+n, depth+1)...)
				}
			}
		default:
			dirs = append(dirs, f[0])
		}
	}
	return dirs
}

// The binary interfaces.
const (
	abiStandard = "MPI-5 standard ABI"
	abiOpenMPI  = "Open MPI ABI"
	abiMPICH    = "MPICH ABI"
)

// identify tells what an MPI library is from the symbols in its file. It is
// not loaded: a broken one would take this process with it.
func identify(file string) (library, error) {
	info, err := os.Stat(file)
	if err != nil {
		return library{}, err
	}
	if !info.Mode().IsRegular() {
		return library{}, errors.New("not a file")
	}
	magic := make([]byte, 4)
	if f, err := os.Open(file); err != nil {
		return library{}, err
	} else {
		_, err = f.Read(magic)
		f.Close()
		if err != nil {
			return library{}, errors.New("not a library: " + cause(err).Error())
		}
	}
	lib := library{path: file}
	var symbols []string
	if bytes.Equal(magic, []byte(elf.ELFMAG)) {
		symbols, err = lib.readELF(file)
	} else {
		symbols, err = lib.readMachO(file)
	}
	if err != nil {
		return library{}, fmt.Errorf("not a library: %w", err)
	}
	has := func(name string) bool { return slices.Contains(symbols, name) || slices.Contains(symbols, "_"+name) }
	switch {
	case !has("MPI_Init_thread"):
		return library{}, errors.New("not an MPI library: it has no MPI_Init_thread")
	case has("MPI_Abi_get_version") && strings.Contains(filepath.Base(file), "mpi_abi"):
		// Other libraries have the question, too, and answer no.
		lib.abi = abiStandard
	case has("ompi_mpi_comm_world"):
		lib.abi = abiOpenMPI
	default:
		lib.abi = abiMPICH
	}
	return lib, nil
}

func (lib *library) readELF(file string) ([]string, error) {
	f, err := elf.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lib.machine = f.Machine.String()
	lib.fit = f.Machine == map[string]elf.Machine{
		"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64, "arm": elf.EM_ARM, "386": elf.EM_386,
		"riscv64": elf.EM_RISCV, "ppc64le": elf.EM_PPC64, "s390x": elf.EM_S390, "loong64": elf.EM_LOONGARCH,
	}[runtime.GOARCH]
	symbols, err := f.DynamicSymbols()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, s := range symbols {
		if s.Section != elf.SHN_UNDEF {
			names = append(names, s.Name)
		}
	}
	return names, nil
}

func (lib *library) readMachO(file string) ([]string, error) {
	var f *macho.File
	if fat, err := macho.OpenFat(file); err == nil {
		defer fat.Close()
		for _, a := range fat.Arches {
			if f == nil || fits(a.Cpu) {
				f = a.File
			}
		}
	} else {
		if f, err = macho.Open(file); err != nil {
			return nil, err
		}
		defer f.Close()
	}
	if f == nil || f.Symtab == nil {
		return nil, errors.New("no symbols")
	}
	lib.machine, lib.fit = f.Cpu.String(), fits(f.Cpu)
	var names []string
	for _, s := range f.Symtab.Syms {
		if s.Sect != 0 {
			names = append(names, s.Name)
		}
	}
	return names, nil
}

func fits(c macho.Cpu) bool {
	return c == macho.CpuAmd64 && runtime.GOARCH == "amd64" || c == macho.CpuArm64 && runtime.GOARCH == "arm64"
}
