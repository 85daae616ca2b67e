package launch

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/ringo-mpi/ringo/internal/launch/control"
)

// agentVersion is what mpiexec and its agents have to agree on.
func agentVersion() string {
	v := "(devel)"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		v = info.Main.Version
	}
	return v
}

// ownExecutable is the file of this program.
func ownExecutable() (string, error) {
	if runtime.GOOS == "linux" {
		return "/proc/self/exe", nil // also when the file has been replaced since
	}
	return os.Executable()
}

// unames are what uname -sm says of a host that this program runs on, as patterns of a
// shell.
func unames() string {
	systems := map[string]string{"linux": "Linux", "darwin": "Darwin", "freebsd": "FreeBSD", "netbsd": "NetBSD", "openbsd": "OpenBSD"}
	machines := map[string][]string{"amd64": {"x86_64", "amd64"}, "arm64": {"aarch64", "arm64"}, "386": {"i386", "i486", "i586", "i686"}, "loong64": {"loongarch64"}}
	list := machines[runtime.GOARCH]
	if list == nil {
		list = []string{runtime.GOARCH}
	}
	if runtime.GOARCH == "arm" {
		return `"` + systems[runtime.GOOS] + ` armv"*`
	}
	for i, m := range list {
		list[i] = `"` + systems[runtime.GOOS] + " " + m + `"`
	}
	return strings.Join(list, "|")
}

// bootstrap is the line that a host's shell runs: it starts mpiexec as an agent from
// the user's cache, where it is asked for first if it is not there. It has no single
// quote inside, so that every shell passes it on to sh as it is.
func bootstrap(agent []string) string {
	hash := ""
	if exe, err := ownExecutable(); err == nil {
		hash = describeProgram(exe).Hash
	}
	return "exec sh -c '" + strings.Join([]string{
		`b=$HOME/.cache/ringo`,
		`h=` + hash,
		`u=$(uname -sm)`,
		`case $u in ` + unames() + `) ;; *) h= ;; esac`,
		`if [ -z "$h" ] || [ ! -x "$b/$h/mpiexec" ]`,
		`then echo`,
		`echo "` + control.Missing("$u") + `"`,
		`read -r h n || exit 1`,
		`if [ ! -x "$b/$h/mpiexec" ]`,
		`then m=$(umask)`,
		`umask 077`,
		`mkdir -p "$b/$h" || exit 1`,
		`echo ` + control.MarkSend,
		`t=$b/$h/new.$$`,
		`head -c "$n" >"$t" && [ $(wc -c <"$t") -eq "$n" ] && chmod 700 "$t" && mv -f "$t" "$b/$h/mpiexec" || { rm -f "$t"`,
		`echo "mpiexec could not be copied to $b" >&2`,
		`exit 1`,
		`}`,
		`umask $m`,
		`fi`,
		`fi`,
		`exec "$b/$h/mpiexec" ` + strings.Join(agent, " "),
	}, "; ") + "'"
}

// binaryFor is the file of mpiexec for a host of which uname -sm says this: our own, or
// a file mpiexec-GOOS-GOARCH beside it.
func binaryFor(uname string) (string, error) {
	goos, goarch := control.System(uname)
	own, err := ownExecutable()
	if goos == runtime.GOOS && goarch == runtime.GOARCH || err != nil {
		return own, err
	}
	if goos == "" {
		return "", fmt.Errorf("it is of a kind for which there is no mpiexec: %s", uname)
	}
	exe, err := os.Executable()
	if err != nil {
		return "", err
	}
	name := filepath.Join(filepath.Dir(exe), "mpiexec-"+goos+"-"+goarch)
	if _, err := os.Stat(name); err != nil {
		return "", fmt.Errorf("it is %s/%s, and mpiexec for it is not there; build it: GOOS=%s GOARCH=%s go build -o %s github.com/ringo-mpi/ringo/cmd/mpiexec", goos, goarch, goos, goarch, name)
	}
	return name, nil
}

// programs are those that have been described.
var programs struct {
	mu    sync.Mutex
	known map[string]*control.Program
}

// describeProgram says what a program is, for a host that does not have it.
func describeProgram(path string) *control.Program {
	programs.mu.Lock()
	defer programs.mu.Unlock()
	if p := programs.known[path]; p != nil {
		return p
	}
	p := &control.Program{}
	h := sha256.New()
	f, err := os.Open(path)
	if err == nil {
		defer f.Close()
		p.Size, err = io.Copy(h, f)
	}
	if err != nil {
		p.Error = fmt.Sprintf("%s cannot be sent: %v", path, plain(err))
		return p
	}
	p.Hash = hex.EncodeToString(h.Sum(nil)[:16])
	if programs.known == nil {
		programs.known = map[string]*control.Program{}
	}
	programs.known[path] = p
	return p
}

// plain is an error without the operation and the name of the file.
func plain(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// copyProgram writes as many bytes of a program as were announced.
func copyProgram(w io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err = io.CopyN(w, f, describeProgram(path).Size); err != nil {
		return io.EOF // the other end says why
	}
	return nil
}

// sendProgram sends a program to an agent that has asked for it.
func sendProgram(l *link, path string) {
	f, err := os.Open(path)
	if err == nil {
		defer f.Close()
		buf := make([]byte, control.MaxData)
		for left := describeProgram(path).Size; left > 0; {
			var n int
			if n, err = f.Read(buf[:min(left, int64(len(buf)))]); n == 0 {
				break
			}
			left -= int64(n)
			if !l.sendLong(&control.Piece{Data: buf[:n]}) {
				return
			}
		}
	}
	if err != nil {
		l.send(&control.Piece{})
	}
}
