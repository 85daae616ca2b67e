package runs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// ErrBox is the error of a run that did not end within its time.
var ErrBox = errors.New("did not end in its time")

// Output runs a command line and returns what it printed, also if it failed or
// was ended after its time.
func Output(ctx context.Context, box time.Duration, env []string, command []string) (string, time.Duration, error) {
	boxed, cancel := context.WithTimeout(ctx, box)
	defer cancel()
	cmd := exec.CommandContext(boxed, command[0], command[1:]...)
	cmd.Env = env
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	// What it has started may hold its output open.
	cmd.WaitDelay = 500 * time.Millisecond
	start := time.Now()
	err := cmd.Run()
	took := time.Since(start)
	if err != nil || boxed.Err() != nil {
		killLeftovers()
	}
	switch {
	case ctx.Err() != nil:
		err = ctx.Err()
	case boxed.Err() != nil:
		err = fmt.Errorf("%w of %v", ErrBox, box)
	case err != nil:
		err = fmt.Errorf("%w: %s", err, Saying(stderr.String()+"\n"+stdout.String()))
	}
	return stdout.String(), took, err
}

// Saying returns the first line of a text that says something.
func Saying(text string) string {
	for line := range strings.Lines(text) {
		if line = strings.Trim(strings.TrimSpace(line), "-="); line != "" {
			return line
		}
	}
	return "it said nothing"
}

// Environment returns the variables of a run: those of this process without
// settings that would change what is measured, and more.
func Environment(more ...string) []string {
	var env []string
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		switch name {
		case "RINGO_RANKS", "RINGO_ENGINE", "RINGO_LIBMPI", "RINGO_CHECK", "RINGO_VERBOSE", "GOMAXPROCS", "GODEBUG":
		default:
			env = append(env, kv)
		}
	}
	return append(env, more...)
}
