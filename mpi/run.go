package mpi

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/start"
)

// Main runs fn on every rank of the job, with the communicator of all of them,
// and takes the job to its end (MPI 5.0 §11.2). It is all of a program's main:
//
//	func main() {
//		mpi.Main(func(world *mpi.Comm) error {
//			…
//		})
//	}
//
// How many ranks there are, and whether this process holds one or, as
// goroutines, several, is decided by how the program was started (see the
// package documentation).
//
// If fn returns an error or panics on any rank, that is reported on the
// standard error stream, the other ranks' calls end with ErrProcFailed, and the
// process exits with status 1; mpiexec then ends the whole job. A rank whose
// error is an ErrProcFailed only follows another's failure and adds no report.
// If all is well, Main returns. A variable of the environment that makes no
// sense is reported in one line, with exit status 2.
func Main(fn func(world *Comm) error) {
	engines, plan, err := start.Open(context.Background(), os.Getenv)
	check := false
	if err == nil {
		check, err = checkMode()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "ringo:", err)
		if classOf(err) == ErrArg {
			os.Exit(2)
		}
		os.Exit(1)
	}
	verbose(engines, plan)
	ends := make(chan error, len(engines))
	for _, eng := range engines {
		go runRank(eng, check, fn, reportRank, func(err error) { ends <- err })
	}
	for range engines {
		if err := <-ends; err != nil {
			os.Exit(1) // the other goroutine ranks cannot be waited for
		}
	}
}

// firstReport lets one goroutine rank of a process report: the others fail
// because it did.
var firstReport sync.Once

// reportRank tells the user why a rank failed, unless another rank did first.
func reportRank(err error) {
	if follows(err) {
		return
	}
	firstReport.Do(func() {
		text := "ringo: " + err.Error() + "\n"
		var p *PanicError
		if errors.As(err, &p) {
			text += p.Stack
		}
		fmt.Fprint(os.Stderr, text)
	})
}

// follows reports whether err only follows the failure of another rank, which
// somebody else reports. A rank that has left by Finalize has not failed.
func follows(err error) bool { return errors.Is(err, ErrProcFailed) && !errors.Is(err, ErrFinalized) }

// verbose says what carries the ranks, one line for each, if RINGO_VERBOSE is set.
func verbose(engines []engine.Engine, plan start.Plan) {
	if on, err := strconv.ParseBool(os.Getenv("RINGO_VERBOSE")); err != nil || !on {
		return
	}
	for _, eng := range engines {
		i, w := eng.Info(), eng.World()
		lib := ""
		if i.Library != "" {
			lib = " " + i.Library
		}
		fmt.Fprintf(os.Stderr, "ringo: rank %d of %d on %s: %s engine %s%s, transport %s: %s\n",
			w.Rank(), w.Size(), i.Host, i.Name, firstLine(i.Version), lib, i.Transport, plan.Why)
	}
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}

// checkMode reads RINGO_CHECK.
func checkMode() (bool, error) {
	s := os.Getenv("RINGO_CHECK")
	if s == "" {
		return false, nil
	}
	on, err := strconv.ParseBool(s)
	if err != nil {
		return false, engine.Errorf(ErrArg, "RINGO_CHECK=%s: it is 0 or 1", s)
	}
	return on, nil
}

// Run runs fn on n ranks that are goroutines of this process, and returns when
// all have ended. The error joins those of the ranks, each a *RankError; ranks
// that only failed because another did (ErrProcFailed) are left out, unless
// there is nothing else. A panic of fn becomes a *PanicError. Run may be called
// any number of times, also at once; the worlds have nothing to do with each
// other.
func Run(n int, fn func(world *Comm) error) error {
	if n < 1 {
		return (*Comm)(nil).errorf(ErrArg, "%d ranks", n)
	}
	check, err := checkMode()
	if err != nil {
		return (*Comm)(nil).failed("Run", Undefined, Undefined, err)
	}
	return runOn(start.InProcess(n), check, fn)
}

// runOn runs fn on the ranks that the engines carry.
func runOn(engines []engine.Engine, check bool, fn func(world *Comm) error) error {
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		first []error
		rest  []error
	)
	for _, eng := range engines {
		wg.Add(1)
		go runRank(eng, check, fn, func(err error) {
			mu.Lock()
			defer mu.Unlock()
			if follows(err) {
				rest = append(rest, err)
			} else {
				first = append(first, err)
			}
		}, func(error) { wg.Done() })
	}
	wg.Wait()
	if len(first) == 0 {
		first = rest
	}
	return errors.Join(first...)
}

// RankError says on which rank of a job something failed.
type RankError struct {
	Rank, Size int    // in the world
	Host       string // on which the rank ran
	Err        error  // what the rank's function returned
}

// Error returns "rank R of N on HOST: …".
func (e *RankError) Error() string {
	return fmt.Sprintf("rank %d of %d on %s: %v", e.Rank, e.Size, e.Host, e.Err)
}

// Unwrap returns what failed.
func (e *RankError) Unwrap() error { return e.Err }

// errGoexit is the error of a rank whose function did not return.
var errGoexit = errorText("the rank's function ended by runtime.Goexit")

// runRank runs fn on one rank and takes the rank to its end. If that is an
// error, it calls failed before the other ranks learn of it. It calls ended
// last, with the error or nil.
func runRank(eng engine.Engine, check bool, fn func(*Comm) error, failed, ended func(error)) {
	err := error(errGoexit)
	defer func() {
		if v := recover(); v != nil {
			err = newPanicError(v)
		}
		if err != nil {
			w := eng.World()
			reason := firstLine(err.Error())
			err = &RankError{Rank: w.Rank(), Size: w.Size(), Host: eng.Info().Host, Err: err}
			failed(err)
			eng.Fail(reason)
		}
		ended(err)
	}()
	p, e := newProcess(eng, check)
	if e == nil {
		e = fn(p.world)
	}
	if e == nil {
		e = p.finalize()
	}
	err = e
}

// own is the rank of a process that manages it by Init and Finalize.
var own struct {
	sync.Mutex
	begun bool
	p     *process
}

// Init starts the one rank of this process and returns the communicator of all
// ranks, for programs that cannot hand their main function to [Main] (MPI 5.0
// §11.2.1). It is called once. The program calls Finalize before it ends, and
// ends with a non-zero status if something failed: a rank that ends without
// Finalize is a failure of the job. Goroutine ranks (RINGO_RANKS) need Main.
func Init() (*Comm, error) {
	own.Lock()
	defer own.Unlock()
	var none *Comm
	if own.begun {
		return nil, none.errorf(ErrOther, "it has been called before")
	}
	check, err := checkMode()
	if err != nil {
		return nil, none.failed("", Undefined, Undefined, err)
	}
	engines, plan, err := start.Open(context.Background(), os.Getenv)
	if err != nil {
		return nil, none.failed("", Undefined, Undefined, err)
	}
	if len(engines) != 1 {
		return nil, none.errorf(ErrLaunch, "%s: a process that calls Init has one rank; Main runs several", plan.Why)
	}
	own.begun = true
	verbose(engines, plan)
	p, err := newProcess(engines[0], check)
	if err != nil {
		return nil, err
	}
	own.p = p
	return p.world, nil
}

// Finalize completes what this rank has begun to send and takes it out of the
// job that Init made it part of (MPI 5.0 §11.2.2). Calls after it fail with
// ErrFinalized; receives that are still posted are an ErrPending. Collective
// over the world; it blocks until what was sent has left this rank, on an MPI
// library until all ranks have called it.
func Finalize() error {
	own.Lock()
	p := own.p
	own.Unlock()
	if p == nil {
		return (*Comm)(nil).errorf(ErrFinalized, "Init has not been called")
	}
	return p.finalize()
}

func (p *process) finalize() error {
	if p.finalized.Load() {
		return p.world.unusable()
	}
	if err := p.checkFinalize(); err != nil {
		return err
	}
	if p.finalized.Swap(true) {
		return p.world.unusable()
	}
	return p.world.failed("Finalize", Undefined, Undefined, p.eng.Finalize())
}
