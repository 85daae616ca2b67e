package native

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
)

// checkFile looks at a library that is named by path before the dynamic linker
// maps it: a file cut short would end the process with SIGBUS, and the linker
// says of a library for another processor that there is no such file. Bare
// names are searched for by the linker and are left to it.
func checkFile(path string) error {
	if !strings.Contains(path, "/") {
		return nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	switch {
	case info.IsDir():
		return fmt.Errorf("%s is a directory, not a library", path)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a file (%v)", path, info.Mode().Type())
	case runtime.GOOS == "darwin":
		return nil // Mach-O, which the linker there checks
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := checkELF(f, uint64(info.Size())); err != nil {
		return fmt.Errorf("%s is %w", path, err)
	}
	return nil
}

// machines are the processors of the systems that libraries are opened on.
var machines = map[string]elf.Machine{
	"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64, "loong64": elf.EM_LOONGARCH, "ppc64le": elf.EM_PPC64, "riscv64": elf.EM_RISCV,
}

var (
	errEmpty      = errors.New("empty")
	errNotLibrary = errors.New("not a shared library")
)

// checkELF says what a file of the given size is if it is not a whole shared
// library for this processor.
func checkELF(file io.ReaderAt, size uint64) error {
	cut := func(part string, end uint64) error {
		return fmt.Errorf("cut short: it has %d bytes, and its %s to byte %d", size, part, end)
	}
	var h elf.Header64
	const headerSize = 64
	magic := make([]byte, len(elf.ELFMAG))
	switch n, err := file.ReadAt(magic, 0); {
	case n == 0 && err == io.EOF:
		return errEmpty
	case err != nil && err != io.EOF:
		return err
	case string(magic[:n]) != elf.ELFMAG:
		return errNotLibrary
	case size < headerSize:
		return cut("header goes", headerSize)
	}
	if err := binary.Read(io.NewSectionReader(file, 0, headerSize), binary.LittleEndian, &h); err != nil {
		return err
	}
	// The first fields are the same in files of 32 bits.
	machine := elf.Machine(h.Machine)
	if elf.Data(h.Ident[elf.EI_DATA]) == elf.ELFDATA2MSB {
		machine = machine>>8 | machine<<8
	}
	if want, known := machines[runtime.GOARCH]; known && machine != want {
		return fmt.Errorf("a library for another processor (%s; this program is for %s)", machine, runtime.GOARCH)
	}
	if elf.Class(h.Ident[elf.EI_CLASS]) != elf.ELFCLASS64 {
		return errors.New("a library of 32 bits, and this program has 64")
	}
	if t := elf.Type(h.Type); t != elf.ET_DYN {
		return fmt.Errorf("%w (ELF type %v)", errNotLibrary, t)
	}
	if end := h.Phoff + uint64(h.Phnum)*uint64(h.Phentsize); end > size || end < h.Phoff {
		return cut("table of segments goes", end)
	}
	if end := h.Shoff + uint64(h.Shnum)*uint64(h.Shentsize); end > size || end < h.Shoff {
		return cut("table of sections goes", end)
	}
	f, err := elf.NewFile(file)
	if err != nil {
		return fmt.Errorf("%w (%w)", errNotLibrary, err)
	}
	for _, p := range f.Progs {
		if end := p.Off + p.Filesz; p.Type == elf.PT_LOAD && (end > size || end < p.Off) {
			return cut("segments go", end)
		}
	}
	return nil
}
