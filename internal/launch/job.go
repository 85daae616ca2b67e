package launch

import (
	"fmt"
	"io"
	"syscall"
	"time"

	"github.com/ringo-mpi/ringo/internal/topo"
)

// App is a program and the number of ranks that run it. The ranks of a job are
// numbered through its apps in their order.
type App struct {
	Path  string   // the executable; relative to the launcher's folder, not looked up in PATH
	Args  []string // the arguments after the program's name
	Name  string   // the program's name as the program sees it; "" means Path
	Env   []string // the environment; nil means the launcher's own
	Dir   string   // the folder to run in; "" means the launcher's own
	Ranks int      // at least 1
}

// Stream is a standard output stream.
type Stream int

// The streams, with the numbers of their descriptors.
const (
	Stdout Stream = 1
	Stderr Stream = 2
)

func (s Stream) String() string {
	if s == Stdout {
		return "stdout"
	}
	return "stderr"
}

// Values of Job.StdinRank that are no rank.
const (
	StdinAll  = -1 // every rank gets a copy
	StdinNone = -2 // nobody reads it
)

// Job describes the processes to start. The zero value of every field except
// Apps is a sensible default.
type Job struct {
	Apps []App

	// Stdin is the standard input of rank StdinRank; the other ranks read from
	// the null device. An *os.File other than a terminal is handed to the rank
	// as it is; anything else is copied. nil: the null device.
	Stdin     io.Reader
	StdinRank int

	// Stdout and Stderr receive the ranks' output. Without Label, an *os.File
	// is handed to the ranks as it is: nothing is copied. Other writers get
	// whole lines, one Write at a time. nil: the null device.
	Stdout, Stderr io.Writer

	// Label appends what is to stand in front of each line of a rank. nil: nothing.
	Label func(dst []byte, rank int, s Stream) []byte

	// Files names the files that the output of a rank goes to; "" keeps a
	// stream where it was, and Tee sends it to both. The files are created with
	// their folders; ranks may share one. nil: no files.
	Files func(rank int) (stdout, stderr string)
	Tee   bool

	// Spread says on which hosts the ranks run. nil: all run here.
	Spread *Spread

	// Bind holds for each rank the CPUs it may run on (see Placement). nil: the
	// ranks run where the launcher may run. Linux only.
	Bind []topo.Set

	// Cores is how many cores the ranks may use together. 0: what the machine,
	// the affinity mask and the cgroups allow.
	Cores int

	// Universe is the size of the universe that the launcher tells PMI clients. 0:
	// unknown.
	Universe int

	// ForwardSignals passes INT, TERM, QUIT, USR1, USR2, TSTP and CONT that
	// this process receives to the ranks. The second INT, TERM or QUIT kills.
	ForwardSignals bool

	// Grace is how long the other ranks have to end by themselves after one
	// has failed, before they get SIGTERM. 0: two seconds; a quarter of a
	// second if no rank uses the segment, so that none can know of the failure.
	Grace time.Duration

	// KeepGoing lets the other ranks run on when one fails: they are told, and
	// the result is the same. Abort ends the job all the same.
	KeepGoing bool

	// Guard says that this process runs the job and nothing else, and holds the
	// arguments with which this executable, started again, calls [CleanUp]; the
	// job's number is added. Whatever the ranks have started then ends with the
	// job, also when this process is killed. nil: only the ranks' process groups
	// are ended. Linux only.
	Guard []string

	// Standing is told where the ranks stand when the end of the context, or the
	// first INT, TERM or HUP that is passed on, ends the job: a line for all ranks
	// that stand alike, "ranks 0-2 are in mpi.Recv, called at FILE:LINE". sig is
	// then the signal, or 0. It is called before the ranks learn of the end, and
	// not if none of them says anything. nil: they are not asked.
	Standing func(sig syscall.Signal, lines []string)

	// Stacks has the ranks write the stacks of all their goroutines to standard
	// error when Standing is called for the end of the context.
	Stacks bool

	// Started is called when all ranks have been started, with their process
	// numbers. nil: not.
	Started func(pids []int)
}

// Result tells how a job ended.
type Result struct {
	// Status is the exit status for the launcher: 0 if every rank ended well,
	// else that of the first rank that failed (128 + s if signal s killed it;
	// the code of Abort modulo 256). If ranks fail only after a signal s that asked
	// for the end was passed on, and none calls Abort, it is 128 + s.
	Status int

	// Codes has for each rank its exit status, or 128 + s.
	Codes []int

	// Contacted says whether any rank has used the process manager or opened
	// the segment: whether MPI programs were running at all.
	Contacted bool

	// Lost is why output of the ranks that went through the launcher could not
	// be written, nil if all was.
	Lost error

	// Repeats has the reports of failures that several ranks made on standard
	// error and the launcher passed on once.
	Repeats []Repeat
}

// Failure is the error of a job in which a rank failed.
type Failure struct {
	Rank    int
	Host    string
	Cause   string // what happened, as the end of a sentence: "was killed by signal 9 (killed)"
	Status  int    // exit status for the launcher
	Signal  syscall.Signal
	Aborted bool // the rank called Abort
	Others  int  // how many other ranks had not ended well before

	// Interrupt is the signal with which the user had asked for the end of the job
	// before, 0 if none. It is 0 as well if the rank called Abort.
	Interrupt syscall.Signal

	late bool // after the end of the job had begun
}

func (f *Failure) Error() string {
	if f.Interrupt != 0 {
		return interrupted(f.Interrupt)
	}
	s := fmt.Sprintf("rank %d on %s %s", f.Rank, f.Host, f.Cause)
	switch {
	case f.Others == 1:
		s += "; the other rank was ended"
	case f.Others > 1:
		s += "; the other ranks were ended"
	}
	return s
}

// StartError is the error of a job that could not be started. Ranks that had
// been started were ended.
type StartError struct {
	Rank int    // -1 if it does not concern one rank
	Host string // "" if it does not concern another host
	What string
	Err  error
}

func (e *StartError) Error() string {
	where := ""
	if e.Host != "" {
		where = "host " + e.Host + ": "
	}
	if e.Rank < 0 {
		return fmt.Sprintf("%s%s: %v", where, e.What, e.Err)
	}
	return fmt.Sprintf("%scannot start rank %d: %s: %v", where, e.Rank, e.What, e.Err)
}

func (e *StartError) Unwrap() error { return e.Err }

// Ranks returns the number of ranks of the job.
func (j *Job) Ranks() int {
	n := 0
	for _, a := range j.Apps {
		n += a.Ranks
	}
	return n
}

// AppOf returns the index of the app that a rank runs.
func (j *Job) AppOf(rank int) int {
	for i, a := range j.Apps {
		if rank < a.Ranks {
			return i
		}
		rank -= a.Ranks
	}
	return len(j.Apps)
}

func (j *Job) check() error {
	for i, a := range j.Apps {
		if a.Ranks < 1 {
			return &StartError{Rank: -1, What: "job", Err: fmt.Errorf("program %d (%s) has %d ranks", i, a.Path, a.Ranks)}
		}
	}
	if len(j.Apps) == 0 {
		return &StartError{Rank: -1, What: "job", Err: fmt.Errorf("no program")}
	}
	n := j.Ranks()
	if j.Spread != nil {
		if err := j.Spread.check(n); err != nil {
			return err
		}
	}
	if j.Bind != nil && len(j.Bind) != n {
		return &StartError{Rank: -1, What: "job", Err: fmt.Errorf("CPUs for %d of %d ranks", len(j.Bind), n)}
	}
	if j.StdinRank >= n || j.StdinRank < StdinNone {
		return &StartError{Rank: -1, What: "job", Err: fmt.Errorf("standard input for rank %d of %d", j.StdinRank, n)}
	}
	return nil
}
