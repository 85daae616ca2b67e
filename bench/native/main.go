// Command native compares the native engine with C on the same MPI library:
// for each library whose compiler and launcher are installed it compiles
// c/latency.c, runs the C program and the same loops in Go in turns, and prints
// the medians of both and of their differences.
//
//	go run ./bench/native [-n ranks] [-rounds 7] [-loops 100000] [case ...]
//
// A case is pingpong:BYTES (one way), allreduce:BYTES, bcast:BYTES, barrier, or,
// of Go alone, bare:BYTES, pingpong without the library in between (bare.go), and
// goroutines:N, the time that N goroutines of two ranks take for 300 round trips
// each, divided by 300.
package main

import (
	_ "embed"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/ringo-mpi/ringo/internal/enginetest/installed"
)

//go:embed c/latency.c
var latency []byte

// Cases that only Go has.
const (
	bare       = "bare"
	goroutines = "goroutines"
	roundTrips = 300
)

func isGo(name string) bool {
	return strings.HasPrefix(name, goroutines) || strings.HasPrefix(name, bare)
}

const envRank = "RINGO_BENCH_NATIVE_RANK"

func main() {
	n := flag.Int("n", 2, "ranks")
	rounds := flag.Int("rounds", 7, "times that each program runs")
	loops := flag.Int("loops", 100000, "iterations of a case; a fiftieth from 64 KiB on")
	threads := flag.String("threads", "multiple", "thread level of the C program: single or multiple")
	flag.Parse()
	cases := flag.Args()
	if len(cases) == 0 {
		cases = []string{"pingpong:8", "bare:8", "pingpong:1024", "pingpong:65536", "pingpong:1048576", "allreduce:8", "allreduce:65536", "bcast:8", "barrier", "goroutines:1", "goroutines:16"}
	}
	var err error
	if os.Getenv(envRank) != "" {
		err = rank(*loops, cases)
	} else {
		err = compare(*n, *rounds, *loops, *threads, cases)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "native:", err)
		os.Exit(1)
	}
}

func compare(n, rounds, loops int, threads string, cases []string) error {
	dir, err := os.MkdirTemp("", "ringo-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	self, err := os.Executable()
	if err != nil {
		return err
	}
	source := filepath.Join(dir, "latency.c")
	if err := os.WriteFile(source, latency, 0o600); err != nil {
		return err
	}
	fmt.Printf("%d ranks, %d rounds, %s, %d cores%s, C with MPI_THREAD_%s\n", n, rounds, runtime.Version(), runtime.NumCPU(), processor(), strings.ToUpper(threads))
	found := 0
	for _, lib := range installed.All() {
		if lib.Compiler == "" {
			continue // no C program to compare with
		}
		if _, err := exec.LookPath(lib.Compiler); err != nil {
			fmt.Printf("%s: %s is not installed\n", lib.Name, lib.Compiler)
			continue
		}
		found++
		c := filepath.Join(dir, "latency."+lib.Name)
		if out, err := exec.Command(lib.Compiler, "-O2", "-o", c, source).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", lib.Compiler, err, out)
		}
		results := [2]map[string][]float64{{}, {}}
		for range rounds {
			for side, args := range [][]string{
				append([]string{c, threads, strconv.Itoa(loops)}, slices.DeleteFunc(slices.Clone(cases), isGo)...),
				append([]string{self, "-loops", strconv.Itoa(loops)}, cases...),
			} {
				if err := run(lib, n, args, results[side]); err != nil {
					return err
				}
			}
		}
		report(lib, cases, results)
	}
	if found == 0 {
		return fmt.Errorf("no MPI library with a compiler is installed")
	}
	return nil
}

// processor names the processor, where the system tells.
func processor() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			return " of " + strings.TrimSpace(value)
		}
	}
	return ""
}

func run(lib installed.Library, n int, args []string, into map[string][]float64) error {
	line := lib.Command(n, args...)
	cmd := exec.Command(line[0], line[1:]...)
	cmd.Env = append(append(os.Environ(), lib.Env()...), envRank+"=1", "RINGO_ENGINE=native")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%s %s: %w", line[0], args[0], err)
	}
	for line := range strings.Lines(string(out)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		ns, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return fmt.Errorf("%s printed %q", args[0], line)
		}
		into[name] = append(into[name], ns)
	}
	return nil
}

func report(lib installed.Library, cases []string, results [2]map[string][]float64) {
	fmt.Printf("\n%s\n%-18s %12s %12s %12s %8s   %s\n", lib.Name, "case", "C ns", "Go ns", "Go-C ns", "Go/C", "least C, Go")
	for _, name := range cases {
		c, g := results[0][name], results[1][name]
		if isGo(name) {
			fmt.Printf("%-18s %12s %12.1f %12s %8s   %12s %.1f\n", name, "", median(g), "", "", "", slices.Min(g))
			continue
		}
		diff, ratio := make([]float64, len(c)), make([]float64, len(c))
		for i := range c {
			diff[i], ratio[i] = g[i]-c[i], g[i]/c[i]
		}
		fmt.Printf("%-18s %12.1f %12.1f %12.1f %8.3f   %.1f, %.1f\n", name, median(c), median(g), median(diff), median(ratio), slices.Min(c), slices.Min(g))
	}
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	return s[len(s)/2]
}
