package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ringo-mpi/ringo/internal/launch/launchtest"
	"github.com/ringo-mpi/ringo/mpi"
)

// The scripts in testdata/script drive the real command line: mpiexec is the
// main function of this package, the other commands are the ranks' programs.
func TestMain(m *testing.M) {
	// The race detector would make every rank wait a second at its end.
	os.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE"))
	launchtest.HearSignals()
	testscript.Main(m, map[string]func(){
		"mpiexec": main,
		"hello": func() { // the rank in the world, by the library
			mpi.Main(func(world *mpi.Comm) error {
				fmt.Printf("hello from %d of %d\n", world.Rank(), world.Size())
				return nil
			})
		},
		"sum": func() { // every rank hears of every other
			mpi.Main(func(world *mpi.Comm) error {
				sum, err := mpi.AllreduceValue(world, world.Rank()+1, mpi.Sum)
				if err == nil && world.Rank() == 0 {
					fmt.Println("sum", sum)
				}
				return err
			})
		},
		"misfortune": misfortune,
		"traffic":    traffic,
		"stands":     stands,
		"slow": func() { // takes a while between two barriers
			mpi.Main(func(world *mpi.Comm) error {
				if err := world.Barrier(); err != nil {
					return err
				}
				time.Sleep(time.Second)
				if err := world.Barrier(); err != nil {
					return err
				}
				fmt.Println("slowly done")
				return nil
			})
		},
		"absent": func() { // RANK ends before Init while the others wait for it
			if os.Getenv("RINGO_RANK") == os.Args[1] {
				os.Exit(0)
			}
			mpi.Main(func(world *mpi.Comm) error { return world.Barrier() })
		},
		"long": func() { // RANK is killed in the middle of collectives over long buffers
			mpi.Main(func(world *mpi.Comm) error {
				if strconv.Itoa(world.Rank()) == os.Args[1] {
					time.AfterFunc(30*time.Millisecond, func() {
						p, _ := os.FindProcess(os.Getpid())
						p.Kill()
					})
				}
				for buf := make([]float64, 1<<18); ; {
					if err := mpi.AllreduceInPlace(world, buf, mpi.Max); err != nil {
						return err
					}
				}
			})
		},
		"child": func() { // a rank that runs a command
			mpi.Main(func(world *mpi.Comm) error {
				if err := world.Barrier(); err != nil {
					return err
				}
				cmd := exec.Command(os.Args[1], os.Args[2:]...)
				cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
				if err := cmd.Run(); err != nil {
					return err
				}
				sum, err := mpi.AllreduceValue(world, world.Rank()+1, mpi.Sum)
				if err == nil && world.Rank() == 0 {
					fmt.Println("sum", sum)
				}
				return err
			})
		},
		"hog": func() { // RANK [alloc] uses memory without an end, its own or shared memory
			mpi.Main(func(world *mpi.Comm) error {
				time.Sleep(300 * time.Millisecond)
				var kept [][]byte
				for strconv.Itoa(world.Rank()) == os.Args[1] {
					if len(os.Args) == 2 {
						kept = append(kept, bytes.Repeat([]byte{1}, 1<<20))
						continue
					}
					shared, err := mpi.Alloc[byte](world, 1<<20)
					if err != nil {
						return err
					}
					for i := range shared {
						shared[i] = 1
					}
				}
				err := world.Barrier()
				runtime.KeepAlive(kept)
				return err
			})
		},
		"twice": func() {
			for range 2 {
				mpi.Main(func(world *mpi.Comm) error { return world.Barrier() })
			}
		},
		"args": func() { fmt.Printf("%s %q\n", os.Getenv("RINGO_RANK"), os.Args) },
		"getenv": func() {
			line := ""
			for _, name := range os.Args[1:] {
				v, ok := os.LookupEnv(name)
				if !ok {
					v = "-"
				}
				line += name + "=" + v + " "
			}
			fmt.Println(line)
		},
		"status": func() { // the exit status for each rank
			rank, _ := strconv.Atoi(os.Getenv("RINGO_RANK"))
			n, _ := strconv.Atoi(os.Args[1+rank])
			os.Exit(n)
		},
		"say": say,
		"sleep": func() {
			n, _ := strconv.ParseFloat(os.Args[1], 64)
			time.Sleep(time.Duration(n * float64(time.Second)))
		},
		"count": func() { // what it reads
			n, _ := io.Copy(io.Discard, os.Stdin)
			fmt.Printf("rank %s read %d\n", os.Getenv("RINGO_RANK"), n)
		},
		"descriptors": func() { // N=what it is, for each that was inherited
			line := "descriptors: "
			for fd := range 1024 {
				link, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
				kind, _, _ := strings.Cut(strings.TrimPrefix(link, "/memfd:"), ":")
				if err != nil || fd < 3 || strings.HasPrefix(kind, "anon_inode") || strings.HasPrefix(kind, "/sys/fs/cgroup") { // the last two: the Go runtime's own
					continue
				}
				line += fmt.Sprintf("%d=%s ", fd, strings.Fields(kind)[0])
			}
			fmt.Println(line)
		},
		"where": func() { d, _ := os.Getwd(); fmt.Println(filepath.Base(d)) },
	})
}

// misfortune KIND RANK ARG: what befalls a rank while the others wait for it.
func misfortune() {
	kind, who := os.Args[1], os.Args[2]
	mpi.Main(func(world *mpi.Comm) error {
		interrupted := make(chan os.Signal, 1)
		if kind == "abort-on" { // an interrupt
			signal.Notify(interrupted, os.Interrupt)
		}
		if err := world.Barrier(); err != nil {
			return err
		}
		if kind == "abort-on" {
			fmt.Println("pid", os.Getpid())
		}
		if who == "all" || strconv.Itoa(world.Rank()) == who {
			n := 0
			if len(os.Args) > 3 {
				n, _ = strconv.Atoi(os.Args[3])
			}
			switch kind {
			case "error":
				return errors.New("no more paper")
			case "panic":
				panic("no more ink")
			case "exit":
				os.Exit(n)
			case "abort-on":
				<-interrupted
				world.Abort(n)
			case "abort":
				world.Abort(n)
			case "kill", "kill-later":
				if kind == "kill-later" { // when mpiexec has heard of this process
					time.Sleep(300 * time.Millisecond)
				}
				p, _ := os.FindProcess(os.Getpid())
				p.Kill()
				select {}
			}
		}
		buf := make([]int, 1)
		_, err := mpi.Recv(world, buf, mpi.AnySource, 0)
		if kind == "survive" { // takes note and ends well
			return nil
		}
		return err
	})
}

// say writes its arguments; "@N" is a pause of N ms, "2:" in front goes to stderr.
func say() {
	for _, s := range os.Args[1:] {
		s = strings.ReplaceAll(s, `\n`, "\n")
		if ms, ok := strings.CutPrefix(s, "@"); ok {
			n, _ := strconv.Atoi(ms)
			time.Sleep(time.Duration(n) * time.Millisecond)
		} else if text, ok := strings.CutPrefix(s, "2:"); ok {
			fmt.Fprint(os.Stderr, text)
		} else {
			fmt.Print(s)
		}
	}
}

func TestScripts(t *testing.T) { runScripts(t, testscript.Params{Dir: "testdata/script"}, nil) }

// TestScriptsOverHosts: what the scripts say of jobs on one host holds over several.
func TestScriptsOverHosts(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("LEFT OUT: an agent needs a Unix system")
	}
	var files []string
	for _, name := range []string{"environment", "errors", "exit", "keepgoing", "labels", "output", "place", "programs", "stands", "stdin"} {
		files = append(files, filepath.Join("testdata", "script", name+".txtar"))
	}
	runScripts(t, testscript.Params{Files: files}, func(e *testscript.Env) error {
		list := filepath.Join(e.WorkDir, "hosts-of-the-job")
		e.Setenv("HYDRA_HOST_FILE", list)
		e.Setenv("HYDRA_LAUNCHER", "fork")
		host, _ := os.Hostname()
		e.Setenv("HOST", "(host-[ab]|"+regexp.QuoteMeta(host)+")")
		return os.WriteFile(list, []byte("host-a\nlocalhost\nhost-b\n"), 0o600)
	})
}

// runScripts runs scripts, each after further preparations if there are any.
func runScripts(t *testing.T, params testscript.Params, further func(e *testscript.Env) error) {
	goEnv := map[string]string{}
	out, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE", "GOROOT").Output()
	if err != nil {
		t.Fatalf("go env: %v", err)
	}
	for i, v := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		goEnv[[]string{"GOCACHE", "GOMODCACHE", "GOROOT"}[i]] = strings.TrimSpace(v)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	params.Setup = func(e *testscript.Env) error {
		for k, v := range goEnv {
			e.Setenv(k, v)
		}
		e.Setenv("GOFLAGS", "-buildvcs=false -mod=mod")
		e.Setenv("GOPROXY", "off")
		e.Setenv("GONOSUMDB", "*")
		e.Setenv("GORACE", os.Getenv("GORACE"))
		e.Setenv("RINGO_ROOT", root)
		host, _ := os.Hostname()
		e.Setenv("HOST", host)
		if further != nil {
			return further(e)
		}
		return nil
	}
	params.Cmds = map[string]func(ts *testscript.TestScript, neg bool, args []string){
		"status-is": cmdStatus,
		"sorted":    cmdSorted,
		"lines":     cmdLines,
	}
	params.Condition = func(cond string) (bool, error) {
		switch cond {
		case "bind":
			return runtime.GOOS == "linux", nil
		case "spread": // over several hosts
			return further != nil, nil
		}
		return false, fmt.Errorf("unknown condition %q", cond)
	}
	testscript.Run(t, params)
}

// cmdStatus: status-is N command args…: the command ends with exactly this status.
func cmdStatus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status-is N command [args...]")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	var ee *exec.ExitError
	if errors.As(err, &ee) {
		got = ee.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("status %d, want %s", got, args[0])
	}
}

// cmdSorted: sorted FILE-OF-OUTPUT FILE: the lines are the same but for their order.
func cmdSorted(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sorted output file")
	}
	count := map[string]int{}
	for i, name := range args {
		s := bufio.NewScanner(strings.NewReader(ts.ReadFile(name)))
		for s.Scan() {
			count[strings.TrimRight(s.Text(), " ")] += 1 - 2*i
		}
	}
	for line, n := range count {
		if n > 0 {
			ts.Fatalf("%s has %d lines too many: %q\n%s", args[0], n, line, ts.ReadFile(args[0]))
		} else if n < 0 {
			ts.Fatalf("%s lacks %d lines: %q\n%s", args[0], -n, line, ts.ReadFile(args[0]))
		}
	}
}

// cmdLines: lines FILE N: the file has N lines.
func cmdLines(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: lines file N")
	}
	if n := strings.Count(ts.ReadFile(args[0]), "\n"); strconv.Itoa(n) != args[1] {
		ts.Fatalf("%s has %d lines, want %s:\n%s", args[0], n, args[1], ts.ReadFile(args[0]))
	}
}
