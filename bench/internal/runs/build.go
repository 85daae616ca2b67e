package runs

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Build builds programs of the module in the folder root into the folder bin.
func Build(ctx context.Context, root, bin string, flags []string, programs ...string) error {
	args := slices.Concat([]string{"build", "-o", bin + string(filepath.Separator)}, flags, programs)
	c := exec.CommandContext(ctx, "go", args...)
	c.Dir = root
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s in %s: %w: %s", strings.Join(args, " "), root, err, Saying(string(out)))
	}
	return nil
}

// Revision says which revision is checked out in the folder root, and whether
// it has been changed.
func Revision(ctx context.Context, root string) string {
	version, err := Git(ctx, root, "rev-parse", "--short=12", "HEAD")
	if err != nil || version == "" {
		return "revision unknown"
	}
	if changes, err := Git(ctx, root, "status", "--porcelain", "--untracked-files=no"); err == nil && changes != "" {
		version += " with changes"
	}
	return version
}

// Git runs git in the folder root and returns what it printed.
func Git(ctx context.Context, root string, args ...string) (string, error) {
	c := exec.CommandContext(ctx, "git", args...)
	c.Dir = root
	var stderr strings.Builder
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", strings.Join(args, " "), err, Saying(stderr.String()))
	}
	return strings.TrimSpace(string(out)), nil
}

// Launcher finds the launcher of an MPI library among names: the first that
// says mark in its version.
func Launcher(ctx context.Context, mark, dir string, names ...string) (string, error) {
	for _, name := range names {
		path, err := Look(dir, name)
		if err != nil {
			continue
		}
		out, _, err := Output(ctx, 20*time.Second, os.Environ(), []string{path, "--version"})
		if err == nil && strings.Contains(out, mark) {
			return path, nil
		}
	}
	return "", fmt.Errorf("no launcher %s", strings.Join(names, " or "))
}

// Look finds a program in the folder bin of dir, or, without dir, in PATH.
func Look(dir, name string) (string, error) {
	if dir != "" {
		return exec.LookPath(filepath.Join(dir, "bin", name))
	}
	return exec.LookPath(name)
}
