package launch

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/ringo-mpi/ringo/internal/launch/control"
)

// findPrograms finds the programs of this host's ranks: where mpiexec has them, in
// PATH, or in the user's cache, to which mpiexec sends what is missing.
func (a *agent) findPrograms() error {
	first := 0
	for i := range a.job.Apps {
		app := &a.job.Apps[i]
		rank := -1
		for r := first; r < first+app.Ranks && rank < 0; r++ {
			if a.here.hosts.near(r) {
				rank = r
			}
		}
		first += app.Ranks
		if rank < 0 {
			continue
		}
		if app.Dir != "" {
			info, err := os.Stat(app.Dir)
			if err == nil && !info.IsDir() {
				err = errors.New("it is not a folder")
			}
			if err != nil {
				return &StartError{Rank: rank, What: "folder " + app.Dir + ", to run in (choose another with -wdir)", Err: plain(err)}
			}
		}
		if !a.desc.Preload {
			if path := locate(app.Path, app.Name, app.Dir); path != "" {
				app.Path = path
				continue
			}
		}
		path, err := a.fetch(i)
		if err != nil {
			return &StartError{Rank: rank, What: app.Path, Err: err}
		}
		app.Path = path
	}
	return nil
}

// locate finds a program on this host, "" if it is not here. name is what the user has
// called it.
func locate(path, name, dir string) string {
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0 {
		return path
	}
	if name == "" || strings.ContainsRune(name, '/') {
		return ""
	}
	found, err := exec.LookPath(name)
	if err != nil {
		return ""
	}
	return found
}

// fetch returns the program in the cache, after mpiexec has sent it if need be.
func (a *agent) fetch(app int) (string, error) {
	path := a.job.Apps[app].Path
	a.link.send(&control.Need{App: app})
	m, err := a.await()
	if err != nil {
		return "", err
	}
	p, ok := m.(*control.Program)
	if !ok {
		return "", errors.New("mpiexec does not describe it")
	}
	if p.Error != "" {
		return "", fmt.Errorf("it is not there, and %s", p.Error)
	}
	if len(p.Hash) < 16 || strings.Trim(p.Hash, "0123456789abcdef") != "" || p.Size < 0 {
		return "", errors.New("mpiexec describes it wrongly")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(home, ".cache", "ringo", p.Hash)
	name := filepath.Join(dir, filepath.Base(path))
	if info, err := os.Stat(name); err == nil && info.Size() == p.Size && info.Mode().Perm()&0o100 != 0 {
		return name, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("it cannot be copied: %w", err)
	}
	f, err := os.CreateTemp(dir, "new.")
	if err != nil {
		return "", fmt.Errorf("it cannot be copied: %w", err)
	}
	err = a.receiveProgram(f, p)
	if e := f.Chmod(0o700); err == nil {
		err = e
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return "", fmt.Errorf("it cannot be copied: %w", err)
	}
	return name, nil
}

// receiveProgram writes what mpiexec sends.
func (a *agent) receiveProgram(w io.Writer, p *control.Program) error {
	a.link.send(&control.Send{})
	h := sha256.New()
	for left := p.Size; left > 0; {
		m, err := a.await()
		if err != nil {
			return err
		}
		piece, ok := m.(*control.Piece)
		if !ok || len(piece.Data) == 0 || int64(len(piece.Data)) > left {
			return errors.New("mpiexec cannot read it to its end")
		}
		if _, err := io.MultiWriter(h, w).Write(piece.Data); err != nil {
			return err
		}
		left -= int64(len(piece.Data))
	}
	if hex.EncodeToString(h.Sum(nil)[:len(p.Hash)/2]) != p.Hash {
		return errors.New("it has changed on the way")
	}
	return nil
}

// await waits for what mpiexec says of a program.
func (a *agent) await() (control.Message, error) {
	select {
	case m := <-a.programs:
		return m, nil
	case <-a.fin:
		return nil, errors.New("mpiexec has given the job up")
	case <-a.over:
		return nil, errors.New("mpiexec is gone")
	}
}

// far is how another host is told of an app: nothing depends on where mpiexec runs.
func (a App) far() App {
	if a.Env == nil {
		a.Env = os.Environ()
	}
	if a.Dir == "" {
		a.Dir, _ = os.Getwd()
	}
	if abs, err := filepath.Abs(a.Path); err == nil && !filepath.IsAbs(a.Path) && exists(abs) {
		a.Path = abs
	}
	return a
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
