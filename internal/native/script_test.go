//go:build unix

package native

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A linker script leads to the library that it names: beside it, elsewhere, or
// by the dynamic linker's search.
func TestFollowScripts(t *testing.T) {
	if job != nil {
		return
	}
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	real := file("libmpi.so.40", "\x7fELF\x02\x00 the library")
	other := file("sub/libother.so", "\x7fELF\x02\x00 another")
	loop := file("loop.so", "INPUT(loop.so)")
	for _, c := range []struct{ path, want string }{
		{real, real},
		{"libmpi.so", "libmpi.so"},
		{filepath.Join(dir, "missing.so"), filepath.Join(dir, "missing.so")},
		{file("libmpi.so", "INPUT(libmpi.so.40)\n"), real},
		{file("gnu.so", "/* GNU ld script\n   INPUT(nothing) */\nOUTPUT_FORMAT(elf64-x86-64)\nGROUP ( libmpi.so.40  AS_NEEDED ( libm.so.6 ) )\n"), real},
		{file("needed.so", "GROUP ( AS_NEEDED ( libmpi.so.40 ) )"), real},
		{file("chain.so", "INPUT(libmpi.so)"), real},
		{file("sub.so", "INPUT(sub/libother.so)"), other},
		{file("absolute.so", "INPUT("+other+")"), other},
		{file("elsewhere.so", "INPUT(libnotbeside.so.7)"), "libnotbeside.so.7"},
		{file("option.so", "INPUT(-lnotbeside)"), "libnotbeside.so"},
		{file("text.so", "this is no library, it is text"), filepath.Join(dir, "text.so")},
		{file("empty.so", ""), filepath.Join(dir, "empty.so")},
	} {
		if got, err := followScripts(c.path); got != c.want || err != nil {
			t.Errorf("%s leads to %q (error %v), want %q", c.path, got, err, c.want)
		}
	}
	if _, err := followScripts(loop); err == nil || !strings.Contains(err.Error(), loop+" is a linker script that leads to no library") {
		t.Errorf("a script that names itself: error %v", err)
	}
}
