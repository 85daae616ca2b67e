package doctor

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/ringo-mpi/ringo/internal/topo"
)

// machine is what the checks see. Tests fill in a sick one.
type machine struct {
	goos     string
	root     fs.FS // the root folder
	topology func() (*topo.Machine, error)
	memory   func() (total, available uint64, err error)
	disk     func(path string) (free, total uint64, err error)
	limit    func(name string) (value uint64, known bool) // "nofile", "nproc", "memlock", "as"
	getenv   func(string) string
	environ  func() []string
	fdOpen   func(fd int) bool
	lookPath func(string) (string, error)
	run      func(ctx context.Context, name string, args ...string) (string, error)
	lookup   func(ctx context.Context, host string) ([]string, error)
	hostname func() (string, error)
	tempDir  string
	job      func(ctx context.Context) (*jobResult, error)
	identify func(path string) (library, error)
	hosts    []string // that ssh is to reach

	// filled in by checks, for later ones
	jobDone   *jobResult
	libraries []library
}

// unlimited is the value of a limit that there is none.
const unlimited = ^uint64(0)

// commandTime bounds every program that is run.
const commandTime = 10 * time.Second

// local is the machine the program runs on.
func local() *machine {
	return &machine{
		goos:     runtime.GOOS,
		root:     os.DirFS("/"),
		topology: topo.Local,
		memory:   localMemory,
		disk:     localDisk,
		limit:    localLimit,
		getenv:   os.Getenv,
		environ:  os.Environ,
		fdOpen:   localFDOpen,
		lookPath: exec.LookPath,
		run:      run,
		lookup: func(ctx context.Context, host string) ([]string, error) {
			return net.DefaultResolver.LookupHost(ctx, host)
		},
		hostname: os.Hostname,
		tempDir:  os.TempDir(),
		job:      runJob,
		identify: identify,
	}
}

// run runs a program and returns what it printed.
func run(ctx context.Context, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		err = errors.New("no answer within " + commandTime.String())
	}
	return strings.TrimSpace(string(out)), err
}

// read returns the text of a file, "" if it cannot be read.
func (m *machine) read(path string) string {
	b, err := fs.ReadFile(m.root, rooted(path))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// rooted makes a name within root out of an absolute path.
func rooted(path string) string {
	p := strings.TrimPrefix(filepath.ToSlash(filepath.Clean(path)), "/")
	if p == "" {
		return "."
	}
	return p
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	if r := []rune(s); len(r) > 120 {
		s = string(r[:117]) + "..."
	}
	return strings.TrimSpace(s)
}
