package board_test

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/ringo-mpi/ringo/internal/embedded/board"
	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/kernel"
)

// The members of these tests are processes: copies of the test binary that
// share a memfd. The first page holds the orders of rank 0, the second the
// process ids.
const (
	envRank  = "BOARD_TEST_RANK"
	envSize  = "BOARD_TEST_SIZE"
	envReach = "BOARD_TEST_REACH"
	envSpin  = "BOARD_TEST_SPIN"
	controls = 1 << 16

	maxBatches = 120
)

func TestMain(m *testing.M) {
	if os.Getenv(envRank) != "" {
		member()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// order is what rank 0 asks the other processes to do.
type order struct {
	number  uint64 // stored last
	what    uint64
	kind    uint64
	bytes   uint64
	iters   uint64
	batches uint64
	seed    uint64
}

const (
	orderTest = iota
	orderBench
	orderQuit
)

// procs is one process's view of a job of processes.
type procs struct {
	rank, size int
	mem        []byte
	pids       []int
	board      *board.Board
	reach      reach
	spin       int
}

func (p *procs) order() *order { return (*order)(unsafe.Pointer(&p.mem[0])) }
func (p *procs) answer(r int) *[8]uint64 {
	return (*[8]uint64)(unsafe.Pointer(&p.mem[4096+64*r]))
}

func (p *procs) result(r int) *[maxBatches]float64 {
	return (*[maxBatches]float64)(unsafe.Pointer(&p.mem[16384+1024*r]))
}

func (p *procs) attach(fd int) error {
	mem, err := unix.Mmap(fd, 0, controls+board.Size(p.size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return err
	}
	p.mem = mem
	unix.Prctl(unix.PR_SET_PTRACER, ^uintptr(0), 0, 0, 0)
	atomic.StoreUint64(&p.answer(p.rank)[7], uint64(os.Getpid()))
	for r := range p.size {
		for atomic.LoadUint64(&p.answer(r)[7]) == 0 {
			time.Sleep(time.Millisecond)
		}
		p.pids = append(p.pids, int(atomic.LoadUint64(&p.answer(r)[7])))
	}
	p.board = board.New(mem[controls:], p.rank, p.size, p)
	return nil
}

// Wait polls, then yields the core, and sleeps when nothing comes for long.
func (p *procs) Wait(_ int, w *uint64, v uint64, done <-chan struct{}) error {
	for i := 0; int64(atomic.LoadUint64(w)-v) < 0; i++ {
		switch {
		case i < 5000:
			syscall.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0)
		case i > 2_000_000:
			return fmt.Errorf("rank %d has waited for minutes", p.rank)
		default:
			time.Sleep(200 * time.Microsecond)
		}
	}
	return nil
}

func (p *procs) Yield() { syscall.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0) }

func (p *procs) Notify(r int) {}

func (p *procs) vm(trap uintptr, r int, local unsafe.Pointer, remote uintptr, n int) error {
	l := [2]uintptr{uintptr(local), uintptr(n)}
	o := [2]uintptr{remote, uintptr(n)}
	for {
		done, _, e := syscall.RawSyscall6(trap, uintptr(p.pids[r]), uintptr(unsafe.Pointer(&l)), 1, uintptr(unsafe.Pointer(&o)), 1, 0)
		switch {
		case e == syscall.EINTR:
		case e != 0:
			return e
		case done == l[1]:
			return nil
		default:
			l[0], l[1] = l[0]+done, l[1]-done
			o[0], o[1] = o[0]+done, o[1]-done
		}
	}
}

func (p *procs) Pull(dst unsafe.Pointer, r int, addr uintptr, n int) error {
	return p.vm(unix.SYS_PROCESS_VM_READV, r, dst, addr, n)
}

func (p *procs) Push(r int, addr uintptr, src unsafe.Pointer, n int) error {
	return p.vm(unix.SYS_PROCESS_VM_WRITEV, r, src, addr, n)
}

func (p *procs) Facts() board.Facts {
	return board.Facts{CanPull: p.reach != staged, Crowded: p.spin == 0, Polls: p.spin}
}

// member is the life of a process other than rank 0.
func member() {
	num := func(key string) int {
		n, _ := strconv.Atoi(os.Getenv(key))
		return n
	}
	p := &procs{rank: num(envRank), size: num(envSize), reach: reach(num(envReach)), spin: num(envSpin)}
	if err := p.attach(3); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	o := p.order()
	for next := uint64(1); ; next++ {
		for i := 0; atomic.LoadUint64(&o.number) != next; i++ {
			if syscall.Getppid() == 1 {
				os.Exit(1)
			}
			if i > 1000 {
				time.Sleep(100 * time.Microsecond)
			}
		}
		if o.what == orderQuit {
			return
		}
		if err := p.obey(*o); err != nil {
			fmt.Fprintf(os.Stderr, "rank %d: %v\n", p.rank, err)
			os.Exit(1)
		}
	}
}

func (p *procs) obey(o order) error {
	if o.what == orderBench {
		if err := p.bench(engine.CollKind(o.kind), int(o.bytes), int(o.iters), int(o.batches)); err != nil {
			return err
		}
		return p.board.Run(engine.Coll{Kind: engine.Barrier}, nil)
	}
	return p.sequence(o.seed)
}

// sequence runs a random sequence of collectives, the same on every process.
func (p *procs) sequence(seed uint64) error {
	for i := range uint64(60) {
		x := mix(seed + i)
		s := &spec{
			kind: engine.CollKind(x % uint64(engine.NumColls)), elem: int(x >> 8 % uint64(len(elems))),
			root: int(x >> 16 % uint64(p.size)), inPlace: x>>24&1 != 0, packed: x>>25&1 != 0, seed: x,
		}
		limit := []uint64{40, 3000, 20000, 300000}[x>>26%4]
		if p.size > 4 {
			limit /= 20
		}
		s.n = int(x >> 32 % limit / uint64(max(1, s.typ().Size)))
		if s.kind == engine.Bcast || s.kind == engine.Barrier {
			s.inPlace = false
		}
		s.uneven(p.size, s.inPlace)
		q := s.prepare(p.size)[p.rank]
		err := p.board.Run(q.call, nil)
		if err == nil {
			err = q.check()
		}
		if err != nil {
			return fmt.Errorf("call %d, %v: %w", i, s, err)
		}
	}
	return nil
}

// startProcs starts size-1 processes and becomes rank 0 of the job.
func startProcs(t testing.TB, size int, how reach, spin int) *procs {
	fd, err := unix.MemfdCreate("board", unix.MFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(fd), "board")
	if err := file.Truncate(int64(controls + board.Size(size))); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// Where there is a core for each, each gets its own: two processes that
	// yield to each other may otherwise stay on one core for long.
	pin := func(r int) {}
	if size <= runtime.NumCPU() || os.Getenv("PIN") != "" {
		runtime.LockOSThread()
		pin = func(r int) {
			var set unix.CPUSet
			if os.Getenv("PIN") == "block" {
				set.Set(r * runtime.NumCPU() / size)
			} else {
				set.Set(r % runtime.NumCPU())
			}
			unix.SchedSetaffinity(0, &set)
		}
		var all unix.CPUSet
		unix.SchedGetaffinity(0, &all)
		t.Cleanup(func() {
			unix.SchedSetaffinity(0, &all)
			runtime.UnlockOSThread()
		})
	}
	var children []*exec.Cmd
	for r := 1; r < size; r++ {
		pin(r)
		c := exec.Command(self)
		c.Env = append(os.Environ(), fmt.Sprint(envRank, "=", r), fmt.Sprint(envSize, "=", size),
			fmt.Sprint(envReach, "=", int(how)), fmt.Sprint(envSpin, "=", spin))
		c.ExtraFiles = []*os.File{file}
		c.Stderr = os.Stderr
		c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		children = append(children, c)
	}
	pin(0)
	p := &procs{size: size, reach: how, spin: spin}
	if err := p.attach(fd); err != nil {
		t.Fatal(err)
	}
	file.Close()
	t.Cleanup(func() {
		p.give(order{what: orderQuit})
		for r, c := range children {
			if t.Failed() {
				c.Process.Kill()
			}
			if err := c.Wait(); err != nil {
				t.Errorf("rank %d: %v", r+1, err)
			}
		}
		unix.Munmap(p.mem)
	})
	return p
}

func (p *procs) give(o order) {
	at := p.order()
	o.number = at.number
	*at = o
	atomic.AddUint64(&at.number, 1)
}

// Members that are processes: the board in a memfd, long messages by
// process_vm_readv and through the stages.
func TestProcesses(t *testing.T) {
	for _, how := range []reach{crowded, staged} {
		for _, size := range []int{2, 3, 18} {
			if raced && size > 3 {
				continue
			}
			t.Run(fmt.Sprintf("%v/%d", how, size), func(t *testing.T) {
				p := startProcs(t, size, how, benchSpin(size))
				if how != staged {
					var word uint64
					if err := p.Pull(unsafe.Pointer(&word), 1, uintptr(unsafe.Pointer(&p.mem[0])), 0); err != nil {
						t.Skipf("SKIPPED: process_vm_readv is not allowed here: %v", err)
					}
				}
				for seed := range uint64(max(1, 8/size)) {
					o := order{what: orderTest, seed: mix(seed + uint64(size))}
					p.give(o)
					if err := p.obey(o); err != nil {
						t.Fatalf("rank 0: %v", err)
					}
				}
			})
		}
	}
}

// bench runs a collective over and over as the OSU benchmarks do: each call is
// timed alone and followed by a barrier, before which every member dirties what
// it sends. It does so in batches, and leaves the
// mean of each batch, in nanoseconds, for rank 0.
func (p *procs) bench(k engine.CollKind, bytes, iters, batches int) error {
	c := benchCall(k, bytes, p.size, p.rank)
	barrier := engine.Coll{Kind: engine.Barrier}
	for batch := range batches {
		var total time.Duration
		for i := range iters + 2 {
			begin := time.Now()
			err := p.board.Run(c, nil)
			took := time.Since(begin)
			if err != nil {
				return err
			}
			if i >= 2 {
				total += took
			}
			if k != engine.Barrier {
				p.dirty(c, i)
				if err := p.board.Run(barrier, nil); err != nil {
					return err
				}
			}
		}
		p.result(p.rank)[batch] = float64(total.Nanoseconds()) / float64(iters)
	}
	return nil
}

// dirty writes to every line of what this member sends, as a program does that
// has something new to send.
func (p *procs) dirty(c engine.Coll, i int) {
	buf := c.Send
	switch {
	case c.Kind == engine.Bcast:
		buf = c.Recv
		fallthrough
	case c.Kind == engine.Scatter:
		if p.rank != 0 {
			return
		}
	}
	data := unsafe.Slice((*float32)(buf.Ptr), buf.Count)
	for at := 0; at < len(data); at += 16 {
		data[at] = float32(i & 7)
	}
}

var benchOp = func() *engine.Op {
	t := engine.Basic(engine.Float32)
	k, err := kernel.For(engine.OpSum, t)
	if err != nil {
		panic(err)
	}
	return &engine.Op{Code: engine.OpSum, Commutative: true, Type: t, Kernel: k}
}()

var benchBuffers [2][]float32

func benchCall(k engine.CollKind, bytes, size, rank int) engine.Coll {
	t := engine.Basic(engine.Float32)
	n := bytes / 4
	for i := range benchBuffers {
		if benchBuffers[i] == nil {
			benchBuffers[i] = make([]float32, 1<<18*size)
			for e := range benchBuffers[i] {
				benchBuffers[i][e] = 1
			}
		}
	}
	buf := func(i, n int) engine.Buf {
		return engine.Buf{Ptr: unsafe.Pointer(&benchBuffers[i][0]), Count: n, Type: t}
	}
	c := engine.Coll{Kind: k, Send: buf(0, n), Recv: buf(1, n)}
	switch k {
	case engine.Barrier:
		return engine.Coll{Kind: k}
	case engine.Bcast:
		c.Send = engine.Buf{}
	case engine.Scatter:
		c.Send.Count *= size
	case engine.Gather, engine.Allgather:
		c.Recv.Count *= size
	case engine.Alltoall:
		c.Send.Count *= size
		c.Recv.Count *= size
	case engine.ReduceScatterBlock:
		c.Recv.Count = n / size
		c.Send.Count = n / size * size
	}
	if k.Reduces() {
		c.Op = benchOp
	}
	return c
}

var benchKinds = []engine.CollKind{engine.Barrier, engine.Bcast, engine.Scatter, engine.Gather, engine.Allgather,
	engine.Alltoall, engine.Reduce, engine.Allreduce, engine.ReduceScatterBlock, engine.Scan}

// BenchmarkProcesses measures collectives of processes: the time of a call,
// averaged over members, with a barrier between the calls; the median over
// batches, and the 5th percentile, which other load on the machine disturbs
// less.
func BenchmarkProcesses(b *testing.B) {
	for _, size := range []int{2, 4, 8, 16} {
		b.Run(strconv.Itoa(size), func(b *testing.B) {
			p := startProcs(b, size, pulling, benchSpin(size))
			for _, k := range benchKinds {
				sizes := []int{4, 64, 256, 1024, 4096, 16384, 65536, 262144, 1 << 20}
				if k == engine.Barrier {
					sizes = []int{0}
				}
				for _, n := range sizes {
					b.Run(fmt.Sprintf("%v/%d", k, n), func(b *testing.B) {
						low, median, err := p.measure(k, n, max(1, b.N/maxBatches), maxBatches)
						if err != nil {
							b.Fatal(err)
						}
						b.ReportMetric(low, "us-low")
						b.ReportMetric(median, "us")
						b.ReportMetric(0, "ns/op")
					})
				}
			}
		})
	}
}

// measure returns the 5th and the 50th percentile, over batches, of the mean
// over members and calls, in microseconds.
func (p *procs) measure(k engine.CollKind, bytes, iters, batches int) (low, median float64, err error) {
	o := order{what: orderBench, kind: uint64(k), bytes: uint64(bytes), iters: uint64(iters), batches: uint64(batches)}
	p.give(o)
	if err := p.obey(o); err != nil {
		return 0, 0, err
	}
	means := make([]float64, batches)
	for i := range means {
		for r := range p.size {
			means[i] += p.result(r)[i] / float64(p.size) / 1e3
		}
	}
	if os.Getenv("PER_RANK") != "" {
		for r := range p.size {
			x := slices.Sorted(slices.Values(p.result(r)[:batches]))
			fmt.Printf("   rank %d: %.3f %.3f\n", r, x[batches/20]/1e3, x[batches/2]/1e3)
		}
	}
	slices.Sort(means)
	return means[batches/20], means[batches/2], nil
}

// TestTable prints what BenchmarkProcesses measures as a plain table, for
// running side by side with other programs: BOARD_TABLE="2 all 4,64" is 2
// members, all kinds and two lengths; a fourth word forbids pulling.
func TestTable(t *testing.T) {
	arg := strings.Fields(os.Getenv("BOARD_TABLE"))
	if len(arg) < 3 {
		t.Skip("SKIPPED: a measurement, not a test; set BOARD_TABLE=\"members kinds lengths\"")
	}
	size, _ := strconv.Atoi(arg[0])
	how := pulling
	if len(arg) > 3 {
		how = staged
	}
	p := startProcs(t, size, how, benchSpin(size))
	for _, k := range benchKinds {
		if arg[1] != "all" && !slices.Contains(strings.Split(arg[1], ","), k.String()) {
			continue
		}
		for _, s := range strings.Split(arg[2], ",") {
			n, _ := strconv.Atoi(s)
			if k == engine.Barrier {
				n = 0
			}
			batches := 120
			if n >= 262144 || k == engine.Alltoall && size > 4 && n >= 65536 {
				batches = 25
				if size > 2 {
					batches = 8
				}
			}
			low, median, err := p.measure(k, n, benchIters(n, size), batches)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Printf("%v %d %.3f %.3f\n", k, n, low, median)
			if k == engine.Barrier {
				break
			}
		}
	}
}

func benchSpin(size int) int {
	if size <= runtime.NumCPU() {
		return 2000
	}
	return 0
}

func benchIters(bytes, members int) int {
	n := 3
	switch {
	case bytes <= 1024:
		n = 50
	case bytes <= 16384:
		n = 20
	case bytes <= 65536:
		n = 8
	}
	return max(2, n*2/members)
}
