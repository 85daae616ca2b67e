package usage_test

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// example is one run of one program. lines are what all ranks together print,
// in any order; fails is what a run that has to fail says on standard error.
type example struct {
	program string
	args    []string
	stdin   string
	lines   func(ranks int) []string
	fails   func(ranks int) string
}

// each makes lines with one line for each rank.
func each(line func(rank, ranks int) string) func(int) []string {
	return func(ranks int) (all []string) {
		for r := range ranks {
			all = append(all, line(r, ranks))
		}
		return all
	}
}

// zeros prints as the ten numbers of a row do.
var zeros = row(0)

func row(v int) string { return fmt.Sprint([]int{v, v, v, v, v, v, v, v, v, v}) }

func alone(ranks int) string {
	if ranks < 2 {
		return "start at least two"
	}
	return ""
}

func squares(ranks int) (all []int) {
	for i := 1; i <= ranks; i++ {
		all = append(all, i*i)
	}
	return all
}

// rows prints as rows of a table of the rank numbers do.
func rows(ranks int) string {
	var all []string
	for r := range ranks {
		all = append(all, row(r))
	}
	return "[" + strings.Join(all, " ") + "]"
}

func ring(start int64, count int) func(int) []string {
	return func(ranks int) []string {
		all := []string{fmt.Sprintf("Communicator group with %d processes", ranks)}
		v := start
		for range count {
			for r := range ranks {
				v++
				all = append(all, fmt.Sprintf("Process %d transmitted value %d to process %d", r, v, (r+1)%ranks))
			}
		}
		return append(all, fmt.Sprintf("Final data received in process 0 after ring is completed: %d", start+int64(count*ranks)))
	}
}

// moved is what the programs print that move 42 from rank 0 to rank 1.
func moved(how string) func(int) []string {
	return each(func(r, _ int) string {
		return fmt.Sprintf("After %s, the value in process %d is %s", how, r, map[bool]string{true: "42", false: "<nil>"}[r == 1])
	})
}

// grid cuts height x width cells for ranks in a grid that is as square as can
// be, and calls f with the first row and column of each rank and those after
// its last.
func grid(ranks, height, width int, f func(top, left, bottom, right int) string) (all []string) {
	down := 1
	for d := 1; d*d <= ranks; d++ {
		if ranks%d == 0 {
			down = d
		}
	}
	across := ranks / down
	for r := range ranks {
		i, j := r/across, r%across
		all = append(all, fmt.Sprintf("rank %d has ", r)+f(i*height/down, j*width/across, (i+1)*height/down, (j+1)*width/across))
	}
	return all
}

// plate computes on its own what halo does: the middle of a plate, and the
// greatest change, after the steps.
func plate(cells, steps int) (middle, change float64) {
	now, next := make([][]float64, cells+2), make([][]float64, cells+2)
	for i := range now {
		now[i], next[i] = make([]float64, cells+2), make([]float64, cells+2)
	}
	for j := range now[0] {
		now[0][j], next[0][j] = 100, 100
	}
	for range steps {
		change = 0
		for i := 1; i <= cells; i++ {
			for j := 1; j <= cells; j++ {
				next[i][j] = (now[i-1][j] + now[i+1][j] + now[i][j-1] + now[i][j+1]) / 4
				change = math.Max(change, math.Abs(next[i][j]-now[i][j]))
			}
		}
		now, next = next, now
	}
	return now[cells/2+1][cells/2+1], change
}

func examples() []example {
	host, _ := os.Hostname()
	return []example{
		{program: "halo", lines: func(n int) []string {
			middle, change := plate(24, 500)
			return append(grid(n, 24, 24, func(top, left, bottom, right int) string {
				return fmt.Sprintf("rows %d to %d and columns %d to %d", top, bottom-1, left, right-1)
			}), fmt.Sprintf("after 500 steps the middle has %.6f; the last step changed %.6f at most", middle, change))
		}},
		{program: "manager_worker", fails: alone, lines: func(int) []string { return []string{"9592 primes below 100000"} }},
		{program: "gather_blocks", lines: func(n int) []string {
			return append(grid(n, 5, 7, func(top, left, bottom, right int) string {
				return fmt.Sprintf("%d x %d elements", bottom-top, right-left)
			}), "row 0: [ 0  1  2  3  4  5  6]", "row 1: [10 11 12 13 14 15 16]", "row 2: [20 21 22 23 24 25 26]",
				"row 3: [30 31 32 33 34 35 36]", "row 4: [40 41 42 43 44 45 46]")
		}},
		{program: "helloworld", lines: each(func(r, n int) string {
			return fmt.Sprintf("Hello, World! I am process %d of %d on %s.", r, n, host)
		})},
		{program: "send_receive", fails: alone, lines: moved("send/receive")},
		{program: "isend_ireceive", fails: alone, lines: moved("isend/ireceive")},
		{program: "send_receive_buffer", fails: alone, lines: each(func(r, _ int) string {
			return fmt.Sprintf("After Send/Receive, the value in process %d is %s", r,
				map[bool]string{true: "[1 2 3 4 5]", false: "[0 0 0 0 0]"}[r == 1])
		})},
		{program: "broadcast", lines: func(n int) (all []string) {
			const disks = "{Size:[1 3 8] Name:[disk1 disk2 disk3]}"
			for r := range n {
				before := "{Size:[] Name:[]}"
				if r == 0 {
					before = disks
				}
				all = append(all, fmt.Sprintf("before broadcast, data on rank %d is: %s", r, before),
					fmt.Sprintf("after broadcast, data on rank %d is: %s", r, disks))
			}
			return all
		}},
		{program: "broadcast_buffer", lines: func(n int) (all []string) {
			const data = "[0 1 2 3 4 5 6 7 8 9]"
			for r := range n {
				before := zeros
				if r == 0 {
					before = data
				}
				all = append(all, fmt.Sprintf("before broadcasting, data for rank %d is: %s", r, before),
					fmt.Sprintf("after broadcasting, data for rank %d is: %s", r, data))
			}
			return all
		}},
		{program: "scatter", lines: func(n int) (all []string) {
			for r := range n {
				before := "[]"
				if r == 0 {
					before = fmt.Sprint(squares(n))
				}
				all = append(all, fmt.Sprintf("before scattering, data on rank %d is: %s", r, before),
					fmt.Sprintf("after scattering, data on rank %d is: %d", r, (r+1)*(r+1)))
			}
			return all
		}},
		{program: "scatter_buffer", lines: func(n int) []string {
			all := []string{"sendbuf in 0: " + rows(n)}
			for r := range n {
				all = append(all, fmt.Sprintf("recvbuf in %d: %s", r, zeros), fmt.Sprintf("Buffer in process %d contains: %s", r, row(r)))
			}
			return all
		}},
		{program: "gather", lines: func(n int) (all []string) {
			for r := range n {
				after := "[]"
				if r == 0 {
					after = fmt.Sprint(squares(n))
				}
				all = append(all, fmt.Sprintf("before gathering, data on rank %d is: %d", r, (r+1)*(r+1)),
					fmt.Sprintf("after gathering, data on rank %d is: %s", r, after))
			}
			return all
		}},
		{program: "gather_buffer", lines: func(n int) []string {
			all := []string{
				"recvbuf in process 0 before gathering: [" + strings.TrimSuffix(strings.Repeat(zeros+" ", n), " ") + "]",
				"recvbuf in process 0 after gathering: " + rows(n),
			}
			for r := range n {
				all = append(all, fmt.Sprintf("Buffer in process %d before gathering: %s", r, row(r)))
			}
			return all
		}},
		{program: "allgather_buffer", lines: func(n int) (all []string) {
			before, after := make([][]int, n), make([][]int, n)
			for i := range n {
				before[i], after[i] = make([]int, n), make([]int, n)
				for j := range n {
					after[i][j] = i * j
				}
			}
			for r := range n {
				all = append(all, fmt.Sprintf("Process %d table before Allgather: %v", r, before),
					fmt.Sprintf("Process %d table after Allgather: %v", r, after))
			}
			return all
		}},
		{program: "status", lines: func(n int) (all []string) {
			numbers := "[0.5 1.5 2.5]"
			for r := 1; r < n; r++ {
				all = append(all, fmt.Sprintf("From process %d with tag %d, %d bytes: %s]", r, 10*r, 8*r, numbers[:4*r]))
			}
			if n == 1 {
				return []string{""} // nobody sends
			}
			return all
		}},
		{program: "columns", lines: func(n int) []string {
			all := []string{"matrix on rank 0:"}
			for i := range 3 {
				var row []string
				for j := range n {
					row = append(row, fmt.Sprintf("%2d", 10*i+j))
				}
				mark := []string{"⎡⎤", "⎢⎥", "⎣⎦"}[i]
				all = append(all, mark[:3]+strings.Join(row, "  ")+mark[3:])
			}
			for r := range n {
				all = append(all, fmt.Sprintf("column on rank %d: [%d %d %d]", r, r, 10+r, 20+r))
			}
			return all
		}},
		{program: "ring", stdin: "10\n", lines: ring(10, 1)},
		{program: "ring", args: []string{"--count", "3"}, stdin: " -7", lines: ring(-7, 3)},
		{program: "ring", args: []string{"--start", "0", "--count", "5"}, lines: ring(0, 5)},
		{program: "ring", args: []string{"--start=41", "--count=0"}, lines: ring(41, 0)},
		{program: "ring", args: []string{"--start", strconv.FormatInt(math.MaxInt64, 10)}, lines: ring(math.MaxInt64, 1)},
		{program: "ring", stdin: "ten\n", fails: func(int) string { return "standard input has no integer to transmit" }},
		{program: "ring", stdin: "", fails: func(int) string { return "standard input has no integer to transmit" }},
		{program: "ring", args: []string{"10"}, fails: func(int) string { return `unexpected argument "10"` }},
		{program: "ring", args: []string{"--count", "-1"}, fails: func(int) string { return "invalid value" }},
	}
}

// programs is the folder with the built programs.
var programs string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if programs, err = os.MkdirTemp("", "usage"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(programs)
		targets := []string{"./..."}
		if processes {
			targets = append(targets, "../../cmd/mpiexec")
		}
		build := exec.Command("go", append([]string{"build", "-o", programs + string(filepath.Separator)}, targets...)...)
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// processes of one machine share memory on Linux only.
const processes = runtime.GOOS == "linux"

// TestAllProgramsAreTried keeps the list above complete.
func TestAllProgramsAreTried(t *testing.T) {
	folders, err := filepath.Glob("*/main.go")
	if err != nil || len(folders) == 0 {
		t.Fatal(folders, err)
	}
	for _, f := range folders {
		name := filepath.Dir(f)
		if !slices.ContainsFunc(examples(), func(e example) bool { return e.program == name }) {
			t.Errorf("program %s has no test", name)
		}
	}
}

func TestGoroutineRanks(t *testing.T) {
	for _, e := range examples() {
		for ranks := 1; ranks <= 4; ranks++ {
			t.Run(fmt.Sprintf("%s/%d", e.program, ranks), func(t *testing.T) {
				cmd := exec.Command(filepath.Join(programs, e.program), e.args...)
				e.check(t, cmd, ranks, "RINGO_RANKS="+strconv.Itoa(ranks))
			})
		}
	}
}

func TestProcesses(t *testing.T) {
	if !processes {
		t.Skip("LEFT OUT: processes that share memory need Linux")
	}
	for _, e := range examples() {
		for ranks := 1; ranks <= 4; ranks++ {
			t.Run(fmt.Sprintf("%s/%d", e.program, ranks), func(t *testing.T) {
				args := []string{"-n", strconv.Itoa(ranks), filepath.Join(programs, e.program)}
				e.check(t, exec.Command(filepath.Join(programs, "mpiexec"), append(args, e.args...)...), ranks)
			})
		}
	}
}

func (e *example) check(t *testing.T, cmd *exec.Cmd, ranks int, env ...string) {
	t.Helper()
	for _, v := range os.Environ() { // of this test's own launcher, should it have one
		if !strings.HasPrefix(v, "RINGO_") && !strings.HasPrefix(v, "PMI") && !strings.HasPrefix(v, "OMPI_") && !strings.HasPrefix(v, "SLURM_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, env...)
	cmd.Stdin = strings.NewReader(e.stdin)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()

	if e.fails != nil && e.fails(ranks) != "" {
		if err == nil || !strings.Contains(stderr.String(), e.fails(ranks)) {
			t.Errorf("%v: %v, standard error:\n%swant a failure that says %q", cmd.Args, err, &stderr, e.fails(ranks))
		}
		return
	}
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, &stderr)
	}
	got := strings.Split(strings.TrimSuffix(stdout.String(), "\n"), "\n")
	want := e.lines(ranks)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%v with %d ranks printed\n%s\nwant\n%s", cmd.Args, ranks, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
