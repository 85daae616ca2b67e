package native

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// tinyELF is a shared library of this processor with one segment of n bytes.
func tinyELF(n int) []byte {
	h := elf.Header64{Type: uint16(elf.ET_DYN), Machine: uint16(machines[runtime.GOARCH]), Version: 1,
		Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: 1, Shentsize: 64}
	copy(h.Ident[:], elf.ELFMAG)
	h.Ident[elf.EI_CLASS], h.Ident[elf.EI_DATA], h.Ident[elf.EI_VERSION] = byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), 1
	p := elf.Prog64{Type: uint32(elf.PT_LOAD), Off: 120, Filesz: uint64(n), Memsz: uint64(n)}
	var b bytes.Buffer
	binary.Write(&b, binary.LittleEndian, &h)
	binary.Write(&b, binary.LittleEndian, &p)
	b.Write(make([]byte, n))
	return b.Bytes()
}

// What is no whole library of this processor is named before it is mapped.
func TestCheckELF(t *testing.T) {
	if machines[runtime.GOARCH] == 0 {
		return // libraries are not opened here
	}
	good := tinyELF(1000)
	with := func(at int, values ...byte) []byte {
		b := bytes.Clone(good)
		copy(b[at:], values)
		return b
	}
	for _, c := range []struct {
		name string
		file []byte
		want string // "": a library
	}{
		{"whole", good, ""},
		{"empty", nil, "empty"},
		{"text", []byte("no library"), "not a shared library"},
		{"short text", []byte("x"), "not a shared library"},
		{"long text", bytes.Repeat([]byte("no library "), 100), "not a shared library"},
		{"header cut", good[:20], "cut short: it has 20 bytes, and its header goes to byte 64"},
		{"segment table cut", good[:100], "cut short: it has 100 bytes, and its table of segments goes to byte 120"},
		{"segment cut", good[:1119], "cut short: it has 1119 bytes, and its segments go to byte 1120"},
		{"sections beyond the end", with(41, 0x10), "cut short"}, // e_shoff 0x1000
		{"far segments", with(32, 0xf0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), "cut short"},
		{"program", with(16, 2), "not a shared library (ELF type ET_EXEC)"},
		{"SPARC", with(18, 2, 0), "a library for another processor (EM_SPARC; this program is for " + runtime.GOARCH + ")"},
		{"big-endian PowerPC", with(5, byte(elf.ELFDATA2MSB), 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 20), "another processor (EM_PPC;"},
		{"32 bits", with(4, byte(elf.ELFCLASS32)), "32 bits"},
	} {
		err := checkELF(bytes.NewReader(c.file), uint64(len(c.file)))
		switch {
		case c.want == "" && err != nil, c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		case err != nil && strings.Contains(err.Error(), "\n"):
			t.Errorf("%s: more than one line: %v", c.name, err)
		}
	}
}

func TestCheckFile(t *testing.T) {
	dir := t.TempDir()
	if err := checkFile(dir); err == nil || !strings.Contains(err.Error(), "directory") {
		t.Errorf("a directory: %v", err)
	}
	if err := checkFile(filepath.Join(dir, "none.so")); !os.IsNotExist(err) {
		t.Errorf("no file: %v", err)
	}
	if err := checkFile("libmpi.so.12"); err != nil {
		t.Errorf("a bare name: %v", err)
	}
	if runtime.GOOS == "linux" {
		if err := checkFile(os.DevNull); err == nil || !strings.Contains(err.Error(), "is not a file") {
			t.Errorf("a device: %v", err)
		}
	}
}

// Whatever is in a file, it is judged and not fallen over.
func FuzzCheckELF(f *testing.F) {
	f.Add(tinyELF(10))
	f.Add([]byte(elf.ELFMAG))
	f.Add(tinyELF(10)[:64])
	f.Fuzz(func(t *testing.T, file []byte) {
		if err := checkELF(bytes.NewReader(file), uint64(len(file))); err != nil && err.Error() == "" {
			t.Error("an error without a text")
		}
	})
}
