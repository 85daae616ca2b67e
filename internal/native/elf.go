package native

import (
	"debug/elf"
	"fmt"
	"os"
	"runtime"
	"strings"
)

// checkFile looks at a library that is named by path before the dynamic linker
// maps it: a file cut short would end the process with SIGBUS. Bare names are
// searched for by the linker and are left to it.
func checkFile(path string) error {
	if !strings.Contains(path, "/") {
		return nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return fmt.Errorf("%s is a directory, not a library", path)
	}
	if runtime.GOOS == "darwin" {
		return nil // Mach-O, which the linker there checks
	}
	f, err := elf.Open(path)
	if err != nil {
		return fmt.Errorf("%s is not a shared library (%w)", path, err)
	}
	defer f.Close()
	if f.Type != elf.ET_DYN {
		return fmt.Errorf("%s is not a shared library (ELF type %v)", path, f.Type)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_LOAD && p.Off+p.Filesz > uint64(info.Size()) {
			return fmt.Errorf("%s is cut short: %d bytes, a part of it goes to %d", path, info.Size(), p.Off+p.Filesz)
		}
	}
	return nil
}
