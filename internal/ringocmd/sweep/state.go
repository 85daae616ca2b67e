package sweep

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/ringo-mpi/ringo/atomicfile"
)

// State is how a point stands, as its files tell.
type State string

// The states.
const (
	Open   State = "open"   // never run, or interrupted
	Done   State = "done"   // succeeded
	Failed State = "failed" // ran and failed
)

const (
	logExt    = ".log"    // of a run that succeeded
	failedExt = ".failed" // of one that failed
	partExt   = ".part"   // of one that the printed script has not finished
)

// commandMark starts the line of a log that holds the command.
const commandMark = "# command: "

// State reads the state of the point from its files. It is an error if the log
// was made by another command: it would be taken for a result of this one.
func (pt Point) State() (State, error) {
	for _, s := range []struct {
		ext   string
		state State
	}{{logExt, Done}, {failedExt, Failed}} {
		path := pt.path(s.ext)
		f, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		command, err := loggedCommand(f)
		f.Close()
		if err != nil {
			return "", fmt.Errorf("cannot read %s: %w", path, err)
		}
		if command == "" || command == shellQuote(pt.Args()) {
			return s.state, nil
		}
		if s.state == Done {
			return "", fmt.Errorf("%s holds the output of another command, %s: choose another --name or --dir, or run all again with --force", path, command)
		}
		// Another command failed here; this one was never tried.
	}
	return Open, nil
}

// loggedCommand returns the command that a log begins with, "" if it names
// none, as the logs of the printed script do.
func loggedCommand(f *os.File) (string, error) {
	in := bufio.NewScanner(f)
	in.Buffer(nil, 1<<20)
	for range 10 {
		if !in.Scan() {
			if err := in.Err(); err != nil && !errors.Is(err, bufio.ErrTooLong) {
				return "", err
			}
			return "", nil
		}
		line := in.Text()
		if !strings.HasPrefix(line, "#") {
			return "", nil
		}
		if command, ok := strings.CutPrefix(line, commandMark); ok {
			return command, nil
		}
	}
	return "", nil
}

// clean removes what a killed sweep left: temporary files of the points, and
// failed logs of points that succeeded since. The sweep's lock is held.
func (p *Plan) clean(points []Point) error {
	ours := make(map[string]bool, len(points))
	for _, pt := range points {
		ours[pt.FileName()] = true
	}
	entries, err := os.ReadDir(p.Dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := e.Name()
		if !atomicfile.IsTemp(name) {
			continue
		}
		base := strings.TrimPrefix(name[:strings.LastIndex(name, ".tmp-")], ".")
		if ours[strings.TrimSuffix(base, logExt)] {
			if err := os.Remove(filepath.Join(p.Dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

// shellQuote writes words so that a POSIX shell reads them back.
func shellQuote(words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = quoteWord(w)
	}
	return strings.Join(out, " ")
}

func quoteWord(w string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("@%+=:,./_-", r)
	}
	if w != "" && strings.IndexFunc(w, func(r rune) bool { return !plain(r) }) < 0 {
		return w
	}
	return "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
}
