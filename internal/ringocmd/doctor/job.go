package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
	"unsafe"

	"github.com/spf13/cobra"

	"github.com/ringo-mpi/ringo/internal/launch"
	"github.com/ringo-mpi/ringo/internal/ringocmd/cli"
	"github.com/ringo-mpi/ringo/mpi"
)

// jobResult is what the two ranks of the trial job found.
type jobResult struct {
	Transport string
	Latency   float64 // half a round trip of 8 bytes, in seconds
	Bandwidth float64 // of messages of 1 MiB, in bytes per second
	Reach     string  // "": the ranks read each other's memory; else why not
}

// noReach is the Reach of systems that have no call for it.
const noReach = "this system has none"

// rankCommand is the hidden command that the ranks of the trial job run.
const rankCommand = "doctor-rank"

// RankCommand returns the hidden command of the trial job.
func RankCommand() *cobra.Command {
	return &cobra.Command{
		Use:    rankCommand,
		Hidden: true,
		Args:   cli.Args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			world, err := mpi.Init()
			if err != nil {
				return err
			}
			if err := trial(world, cmd.OutOrStdout()); err != nil {
				return err
			}
			return mpi.Finalize()
		},
	}
}

// jobTime bounds the trial job.
const jobTime = 30 * time.Second

// runJob starts this program as a job of two ranks.
func runJob(ctx context.Context) (*jobResult, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, jobTime, fmt.Errorf("it did not end within %v", jobTime))
	defer cancel()
	// The user's settings are judged elsewhere; here the engine is tried.
	env := slices.DeleteFunc(os.Environ(), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return slices.Contains(settings, name)
	})
	var stdout, stderr bytes.Buffer
	job := launch.Job{
		Apps:   []launch.App{{Path: exe, Name: os.Args[0], Args: []string{rankCommand}, Env: append(env, "RINGO_ENGINE=embedded"), Ranks: 2}},
		Stdout: &stdout, Stderr: &stderr,
	}
	if _, err := job.Run(ctx); err != nil {
		if text := firstLine(stderr.String()); text != "" {
			return nil, errors.New(text)
		}
		return nil, err
	}
	var r jobResult
	if err := json.Unmarshal(stdout.Bytes(), &r); err != nil {
		return nil, fmt.Errorf("the ranks said %q: %w", firstLine(stdout.String()), err)
	}
	return &r, nil
}

// trial is what each of the two ranks does; rank 0 writes the result.
func trial(world *mpi.Comm, out io.Writer) error {
	if world.Size() != 2 {
		return fmt.Errorf("%d ranks instead of 2: this command is started by ringo doctor", world.Size())
	}
	me, peer := world.Rank(), 1-world.Rank()
	r := jobResult{Transport: world.Engine().Transport}

	// Each rank reads a page of the other's memory.
	page := make([]uint64, 512)
	for i := range page {
		page[i] = pattern(me, i)
	}
	where := make([]uint64, 4)
	if err := mpi.Allgather(world, []uint64{uint64(os.Getpid()), uint64(uintptr(unsafe.Pointer(&page[0])))}, where); err != nil {
		return err
	}
	reach := readPeer(int(where[2*peer]), uintptr(where[2*peer+1]), peer, len(page))
	if err := world.Barrier(); err != nil { // page stays until both have read
		return err
	}
	reasons, err := mpi.GatherObject(world, reach, 0)
	if err != nil {
		return err
	}
	for _, reason := range reasons {
		if reason != "" {
			r.Reach = reason
		}
	}

	// Messages of both lengths, with contents that are checked.
	small, err := pingPong(world, 1, 200)
	if err != nil {
		return err
	}
	large, err := pingPong(world, 1<<17, 20)
	if err != nil {
		return err
	}
	r.Latency, r.Bandwidth = small, 1<<20/large
	sum, err := mpi.AllreduceValue(world, me+1, mpi.Sum)
	if err != nil {
		return err
	}
	if sum != 3 {
		return fmt.Errorf("the sum of 1 and 2 over the ranks is %d", sum)
	}
	if me != 0 {
		return nil
	}
	return json.NewEncoder(out).Encode(r)
}

func pattern(rank, i int) uint64 { return uint64(rank+1)<<32 | uint64(i) }

// pingPong sends n numbers to and fro and returns half the time of a round
// trip, in seconds.
func pingPong(world *mpi.Comm, n, rounds int) (float64, error) {
	buf := make([]uint64, n)
	me, peer := world.Rank(), 1-world.Rank()
	exchange := func(round int) error {
		if me == 0 {
			for i := range buf {
				buf[i] = pattern(round, i)
			}
			if err := mpi.Send(world, buf, peer, 1); err != nil {
				return err
			}
			clear(buf)
		}
		if _, err := mpi.Recv(world, buf, peer, 1); err != nil {
			return err
		}
		for _, i := range []int{0, n / 2, n - 1} {
			if buf[i] != pattern(round, i) {
				return fmt.Errorf("element %d of a message of %d arrived as %#x instead of %#x", i, n, buf[i], pattern(round, i))
			}
		}
		if me == 1 {
			return mpi.Send(world, buf, peer, 1)
		}
		return nil
	}
	for round := range 5 { // until the ring is there and the pages are touched
		if err := exchange(round); err != nil {
			return 0, err
		}
	}
	begin := mpi.Wtime()
	for round := range rounds {
		if err := exchange(round); err != nil {
			return 0, err
		}
	}
	return (mpi.Wtime() - begin) / float64(2*rounds), nil
}

func checkJob(ctx context.Context, m *machine) []Finding {
	r, err := m.job(ctx)
	if err != nil {
		return []Finding{mend("see the other findings; a sandbox may forbid memfd_create, mmap of shared memory or socketpair", "a job of two ranks failed: %v", err)}
	}
	m.jobDone = r
	return []Finding{ok("two ranks exchange messages over %s: 8 bytes in %.2g µs, 1 MiB at %.2g GB/s", r.Transport, r.Latency*1e6, r.Bandwidth/1e9)}
}

func checkReach(_ context.Context, m *machine) []Finding {
	scope := m.read("/proc/sys/kernel/yama/ptrace_scope")
	switch {
	case m.jobDone == nil:
		return []Finding{note("", "not tried, since the job failed")}
	case m.jobDone.Reach == noReach:
		return []Finding{ok("%s has no such call; long messages go through shared memory", m.goos)}
	case m.jobDone.Reach == "":
		return []Finding{ok("two processes read each other's memory: long messages are copied once")}
	case scope == "2" || scope == "3":
		return []Finding{mend("as root: sysctl -w kernel.yama.ptrace_scope=1, and the same in /etc/sysctl.d to keep it", "processes may not read each other's memory (ptrace_scope=%s): long messages are copied twice", scope)}
	}
	return []Finding{mend("allow process_vm_readv: docker run --cap-add=SYS_PTRACE, or a seccomp profile with it", "processes may not read each other's memory (%s): long messages are copied twice", m.jobDone.Reach)}
}
