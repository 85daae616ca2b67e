package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

// Exit statuses of ringo.
const (
	StatusOK     = 0
	StatusFailed = 1 // the work failed, or the machine needs mending
	StatusUsage  = 2 // the command line or an input is wrong; nothing was done
)

// UsageError is an error of the user's input.
type UsageError struct{ Err error }

func (e *UsageError) Error() string { return e.Err.Error() }
func (e *UsageError) Unwrap() error { return e.Err }

// Usagef makes a [UsageError].
func Usagef(format string, args ...any) error {
	return &UsageError{fmt.Errorf(format, args...)}
}

// Usage makes err, if there is one, a [UsageError].
func Usage(err error) error {
	if err == nil {
		return nil
	}
	return &UsageError{err}
}

// Args makes the errors of a check of the arguments usage errors.
func Args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		return Usage(check(cmd, args))
	}
}

// reported is an error whose message was printed already.
type reported struct{ status int }

func (reported) Error() string { return "reported above" }

// Reported ends the command with a status without another message: it has
// printed what is wrong.
func Reported(status int) error { return reported{status} }

// Status returns the exit status for err and whether its message is still to
// be printed.
func Status(err error) (status int, print bool) {
	var r reported
	var u *UsageError
	switch {
	case err == nil:
		return StatusOK, false
	case errors.As(err, &r):
		return r.status, false
	case errors.As(err, &u):
		return StatusUsage, true
	}
	return StatusFailed, true
}
