package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// names lists what is in dir, temporary files included.
func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return strings.Join(out, " ")
}

// bothWays runs a test with the temporary files of this system, with named ones,
// and with files without a name that the system does not let have one.
func bothWays(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	make, give := unnamed, linkTo
	defer func() { unnamed, linkTo = make, give }()
	t.Run("as it is", test)
	linkTo = func(*os.File, string) error { return syscall.EPERM }
	t.Run("links forbidden", test)
	unnamed = func(string, fs.FileMode) *os.File { return nil }
	t.Run("named", test)
}

func TestWriteAndReplace(t *testing.T) { bothWays(t, writeAndReplace) }

func writeAndReplace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.txt")
	for _, text := range []string{"first", "second"} {
		if err := WriteFile(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != text {
			t.Fatalf("%q, %v; want %q", got, err, text)
		}
	}
	if got := names(t, dir); got != "a.txt" {
		t.Errorf("the folder holds %s", got)
	}
}

func TestNothingUnderTheNameBeforeCommit(t *testing.T) { bothWays(t, nothingUnderTheNameBeforeCommit) }

func nothingUnderTheNameBeforeCommit(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.txt")
	a, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(a, "half")
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is there before Commit: %v", err)
	}
	if name := names(t, dir); a.temp == "" && name != "" || a.temp != "" && (name != filepath.Base(a.temp) || !IsTemp(name)) {
		t.Errorf("the folder holds %q, the temporary file is %q", name, a.temp)
	}
	a.Discard()
	a.Discard()
	if got := names(t, dir); got != "" {
		t.Errorf("Discard left %s", got)
	}
	if err := a.Commit(); err == nil {
		t.Error("Commit after Discard succeeded")
	}
}

func TestCommitTo(t *testing.T) { bothWays(t, commitTo) }

func commitTo(t *testing.T) {
	dir := t.TempDir()
	a, err := Create(filepath.Join(dir, "good"))
	if err != nil {
		t.Fatal(err)
	}
	if err := a.CommitTo(filepath.Join(dir, "bad")); err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); got != "bad" {
		t.Errorf("the folder holds %s", got)
	}
}

func TestFailureKeepsTheOldFile(t *testing.T) { bothWays(t, failureKeepsTheOldFile) }

func failureKeepsTheOldFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.txt")
	if err := WriteFile(path, []byte("old")); err != nil {
		t.Fatal(err)
	}
	cause := errors.New("cause")
	err := Write(path, func(w io.Writer) error {
		fmt.Fprint(w, strings.Repeat("x", 1<<20))
		return cause
	})
	if !errors.Is(err, cause) {
		t.Errorf("error %v, want the function's", err)
	}
	if got, _ := os.ReadFile(path); string(got) != "old" || names(t, dir) != "a.txt" {
		t.Errorf("%q, folder %s", got, names(t, dir))
	}
}

// What cannot be replaced fails as a rename does, and leaves no temporary file.
func TestTargetBecomesAFolder(t *testing.T) { bothWays(t, targetBecomesAFolder) }

func targetBecomesAFolder(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.txt")
	a, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path, 0o777); err != nil {
		t.Fatal(err)
	}
	err = a.Commit()
	if runtime.GOOS == "linux" && (err == nil || err.Error() != "cannot write "+path+": file exists") || err == nil {
		t.Errorf("error %v", err)
	}
	if got := names(t, dir); got != "a.txt" {
		t.Errorf("the folder holds %s", got)
	}
}

func TestPanicLeavesNothing(t *testing.T) { bothWays(t, panicLeavesNothing) }

func panicLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	func() {
		defer func() { _ = recover() }()
		_ = Write(filepath.Join(dir, "a"), func(io.Writer) error { panic("x") })
	}()
	if got := names(t, dir); got != "" {
		t.Errorf("left %s", got)
	}
}

func TestFullDisc(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Log("no /dev/full on this system: a full disc is not tried")
		return
	}
	err := WriteFile("/dev/full", []byte("x"))
	if err == nil || err.Error() != "cannot write /dev/full: no space left on device" {
		t.Errorf("error %v", err)
	}
	link := filepath.Join(t.TempDir(), "picture.png")
	if err := os.Symlink("/dev/full", link); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(link, []byte("x")); err == nil || err.Error() != "cannot write "+link+": no space left on device" {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Error("the device was replaced")
	}
}

func TestErrorsNameThePath(t *testing.T) { bothWays(t, errorsNameThePath) }

func errorsNameThePath(t *testing.T) {
	dir := t.TempDir()
	for path, want := range map[string]string{
		"":                            "cannot write a file without a name",
		dir:                           "cannot write " + dir + ": it is a folder",
		filepath.Join(dir, "no", "a"): "cannot write " + filepath.Join(dir, "no", "a") + ": ",
	} {
		if err := WriteFile(path, nil); err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), tempMark) {
			t.Errorf("%q: error %v, want %s", path, err, want)
		}
	}
}

func TestModeAndLinkSurvive(t *testing.T) { bothWays(t, modeAndLinkSurvive) }

func modeAndLinkSurvive(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Log("no file modes on Windows: not tried")
		return
	}
	dir := t.TempDir()
	path, link := filepath.Join(dir, "a.sh"), filepath.Join(dir, "link")
	if err := os.WriteFile(path, nil, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o757); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("a.sh", link); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(link, []byte("new")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(path)
	if err != nil || info.Mode() != 0o757 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link was replaced: %v", err)
	}
	if got, _ := os.ReadFile(path); string(got) != "new" {
		t.Errorf("content %q", got)
	}
}

func TestLongName(t *testing.T) { bothWays(t, longName) }

func longName(t *testing.T) {
	path := filepath.Join(t.TempDir(), strings.Repeat("n", 250))
	if err := WriteFile(path, []byte("x")); err != nil {
		t.Fatal(err)
	}
}

func TestIsTemp(t *testing.T) {
	for name, want := range map[string]bool{
		".a.tmp-0123456789abcdef":  true,
		"a.tmp-0123456789abcdef":   false,
		".a.tmp-0123456789abcdeg":  false,
		".a.tmp-0123456789abcdef0": false,
		"":                         false,
		".tmp-0123456789abcdef":    false,
	} {
		if got := IsTemp(name); got != want {
			t.Errorf("IsTemp(%q) = %v", name, got)
		}
	}
}

func TestWritable(t *testing.T) { bothWays(t, checkWritable) }

func checkWritable(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.txt")
	if err := Writable(path); err != nil || names(t, dir) != "" {
		t.Errorf("%v; the folder holds %q", err, names(t, dir))
	}
	if err := WriteFile(path, []byte("old")); err != nil {
		t.Fatal(err)
	}
	if err := Writable(path); err != nil || names(t, dir) != "a.txt" {
		t.Errorf("%v; the folder holds %q", err, names(t, dir))
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "old" {
		t.Errorf("the file holds %q, %v", b, err)
	}
	for _, bad := range []string{filepath.Join(dir, "missing", "a.txt"), dir, ""} {
		if err := Writable(bad); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
