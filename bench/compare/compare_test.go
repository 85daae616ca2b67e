package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ringo-mpi/ringo/bench/internal/runs"
)

// example has figures for all bars, as a run in which they hold.
func example() *results {
	r := newResults()
	r.Environment = []attribute{{"date", "2026-01-02 03:04 UTC"}, {"machine", "example"}, {"processor", "A | B"}}
	r.note("mpi4py is left out: no python3 has mpi4py")
	add := func(k key, values ...float64) {
		for rep, v := range values {
			r.add(k, rep, v)
		}
	}
	three := func(k key, v float64) { add(k, v, v*1.1, v*0.9) }
	for _, size := range []int{0, 8, 4 * kib, 64 * kib, mib} {
		for _, p := range []struct {
			name string
			time float64
		}{{ringo, 0.6}, {mpich, 1.2}, {openMPI, 1}} {
			three(key{Job: "latency", Ranks: 2, Peer: p.name, Size: size, Metric: "latency_us"}, p.time)
			three(key{Job: "alloc", Ranks: 2, Peer: p.name, Size: size, Metric: "latency_us"}, p.time*0.8)
			if p.name == ringo {
				r.samples[key{Job: "alloc", Ranks: 2, Peer: ringo, Size: size, Metric: "latency_us"}] = []float64{0.3, 0.31, 0.29}
			}
			for _, job := range []string{"bw", "bibw"} {
				three(key{Job: job, Ranks: 2, Peer: p.name, Size: size, Metric: "mb_per_s"}, 1000/p.time)
			}
			for n, factor := range map[int]float64{2: 1, 4: 0.5, 16: 0.5} {
				f := p.time
				if p.name == ringo {
					f *= factor
				}
				for _, call := range []string{"barrier", "allreduce"} {
					three(key{Job: "collectives", Ranks: n, Peer: p.name, Call: call, Size: size, Metric: "avg_us"}, f)
				}
			}
		}
	}
	for _, p := range []struct {
		name string
		time float64
	}{{ringo, 0.5}, {mpich, 1}, {openMPI, 2}} {
		three(key{Job: "rate", Ranks: 2, Peer: p.name, Size: 8, Metric: "messages_per_s"}, 1e6/p.time)
		for _, n := range []int{2, 16} {
			three(key{Job: "launch empty", Ranks: n, Peer: p.name, Metric: "ms"}, 100*p.time)
			three(key{Job: "launch true", Ranks: n, Peer: p.name, Metric: "ms"}, 90*p.time)
		}
		three(key{Job: "idle", Ranks: 2, Peer: p.name, Metric: "percent_of_core"}, p.time)
		three(key{Job: "memory", Ranks: 2, Peer: p.name, Metric: "own_kib"}, 1000*p.time)
		three(key{Job: "memory", Ranks: 2, Peer: p.name, Metric: "resident_kib"}, 3000*p.time)
		for _, m := range []string{"own_us", "overlap_percent"} {
			three(key{Job: "overlap", Ranks: 2, Peer: p.name, Call: "allreduce", Size: 8, Metric: m}, 3*p.time)
		}
	}
	for size, v := range map[int]float64{8: 0.1, mib: 60} {
		three(at(latencyOf("goroutines", goroutines), size), v)
		three(key{Job: "limits", Ranks: 2, Peer: machine, Size: size, Metric: "time_us"}, v)
	}
	for metric, v := range map[string]float64{"all_ms": 900, "barrier_ms": 50, "allreduce_ms": 60, "kib_per_rank": 12} {
		three(key{Job: "ranks", Ranks: 1, Peer: machine, Size: 10000, Metric: metric}, v)
	}
	for _, job := range []string{"python", "python objects"} {
		three(at(latencyOf(job, ringo), 8), 0.1)
		three(at(latencyOf(job, ringoOpenMPI), 8), 0.1)
		three(at(latencyOf(job, mpi4py), 8), 1)
	}
	for _, p := range []string{ringoMPICH, mpich, ringoOpenMPI, openMPI} {
		for _, size := range []int{8, mib} {
			three(at(latencyOf("native", p), size), 0.2)
		}
		three(key{Job: "native allreduce", Ranks: 2, Peer: p, Call: "allreduce", Size: 8, Metric: "avg_us"}, 0.4)
	}
	three(key{Job: "allocs", Ranks: 2, Peer: ringo, Call: "send and recv", Size: 8, Metric: "allocs"}, 0)
	three(key{Job: "allocs", Ranks: 2, Peer: ringo, Call: "send and recv", Size: 8, Metric: "bytes"}, 0)
	return r
}

func TestBarsHold(t *testing.T) {
	for _, v := range verdicts(example()) {
		if v.bar.work == "message rate, 8 B, two pairs on 2 cores" {
			if v.word() != "not measured" || v.detail() != "no figures" {
				t.Errorf("%s: %s, %s", v.bar.work, v.word(), v.detail())
			}
			continue
		}
		if !v.holds() || v.word() != "holds" {
			t.Errorf("%s: %s, %s", v.bar.work, v.word(), v.detail())
		}
	}
}

// Whatever is made worse by ten, a bar notices.
func TestBarsFail(t *testing.T) {
	good := example()
	seen := map[string]bool{}
	for _, k := range good.order {
		switch {
		case k.Peer == mpich || k.Peer == openMPI || k.Peer == mpi4py:
			continue
		case slices.Contains([]string{"all_ms", "own_kib", "resident_kib", "own_us", "overlap_percent", "allocs", "bytes"}, k.Metric), k.Job == "limits", k.Job == "alloc" && k.Size < 64*kib && k.Size > 0:
			continue // no bar is about it alone
		}
		r := example()
		for i := range r.samples[k] {
			if strings.Contains(k.Metric, "per_s") {
				r.samples[k][i] /= 100
			} else {
				r.samples[k][i] *= 100
			}
		}
		failed := 0
		for _, v := range verdicts(r) {
			if len(v.failed) > 0 {
				failed++
				seen[v.bar.work] = true
				if v.word() == "holds" || v.failures() == "" || v.holds() {
					t.Errorf("%+v: %s is said to be %s", k, v.bar.work, v.word())
				}
			}
		}
		if failed == 0 {
			t.Errorf("nobody notices %+v", k)
		}
	}
	for _, c := range checks() {
		if !seen[c.work] && c.work != "message rate, 8 B, two pairs on 2 cores" {
			t.Errorf("%s never fails", c.work)
		}
	}
}

func TestWorst(t *testing.T) {
	r := example()
	k := at(latencyOf("latency", ringo), 8)
	r.samples[k] = []float64{2, 2.2, 1.8}
	v := checks()[0]
	got := v.verdict(r)
	if got.word() != "holds at 4 of 5" || got.detail() != "worst 2.00 at 8 B against Open MPI" {
		t.Errorf("%s, %s", got.word(), got.detail())
	}
	if f := got.failures(); f != "8 B 2.00" {
		t.Errorf("failures %q", f)
	}
}

func TestRawRoundTrip(t *testing.T) {
	want := example()
	var b bytes.Buffer
	if err := want.writeRaw(&b); err != nil {
		t.Fatal(err)
	}
	got, err := readRaw("x.csv", &b)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want.report(nil), got.report(nil)); d != "" {
		t.Errorf("another report: %s", d)
	}
}

func TestReadRawErrors(t *testing.T) {
	header := strings.Join(rawHeader, ",") + "\n"
	for text, want := range map[string]string{
		"":                                    "x.csv: EOF",
		"# no colon\n":                        `x.csv:1: "# no colon" is no line`,
		"a,b\n":                               "x.csv: ",
		"a,b,c,d,e,f,g,h\n":                   "x.csv has the columns a,b,c",
		header + "latency,two,Ringo,,8,m,0,1": `x.csv:2: "two" is no number`,
		header + "latency,2,Ringo,,8,m,-1,1":  `x.csv:2: "-1" is no number`,
		header + "latency,2,Ringo,,8,m,99999999,1": "x.csv:2: ",
		"# a: b\n" + header + "l,2,R,,8,m,0,much":  `x.csv:3: "much" in repetition 0 is no sample`,
		header + "latency,2":                       "x.csv: record on line 2",
	} {
		if _, err := readRaw("x.csv", strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %s", text, err, want)
		}
	}
}

func FuzzReadRaw(f *testing.F) {
	var b bytes.Buffer
	if err := example().writeRaw(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.String()[:2000])
	f.Add("# a: b\n" + strings.Join(rawHeader, ",") + "\nlatency,2,Ringo,,8,latency_us,0,0.1\n")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := readRaw("x", strings.NewReader(text))
		if err != nil {
			return
		}
		r.report(nil)
	})
}

func TestReport(t *testing.T) {
	text := example().report(map[string]string{"latency": "x/latency.svg"})
	for _, want := range []string{
		"# Ringo beside other MPI libraries: 2026-01-02 03:04 UTC",
		`| processor | A \| B |`,
		"| left out | mpi4py is left out: no python3 has mpi4py |",
		"| one-way latency, 2 processes, every size | ≤ 1.0 | worst 0.600",
		"![One-way latency, 2 processes](x/latency.svg)",
		"| 4 KiB | 0.600 | 1.20 | 1.00 | 0.60 | 0.60–0.60 | Open MPI |",
		"## Collectives, 16 ranks",
		"| allreduce | 1 MiB |",
		"| empty, 16 ranks | 50.0 | 100 | 200 | 0.50 |",
		"| blocked in Recv (% of a core), 2 ranks | 0.500 |",
		"| 10000 | 900 | 50.0 | 60.0 | 12.0 |",
		"| send and recv | 8 B | 0 | 0 |",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the report has no %q", want)
		}
	}
	if strings.Contains(text, "NaN") {
		t.Error("the report has a NaN")
	}
	// Every row of a table has as many cells as its header.
	cells := 0
	for i, line := range strings.Split(text, "\n") {
		if !strings.HasPrefix(line, "|") {
			cells = 0
			continue
		}
		n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|")
		if cells == 0 {
			cells = n
		} else if n != cells {
			t.Errorf("line %d has another number of cells: %s", i+1, line)
		}
	}
	if out := newResults().report(nil); !strings.Contains(out, "Not measured: one-way latency, 2 processes, every size; ") {
		t.Error("an empty run says nothing")
	}
}

func TestRecordAndAgain(t *testing.T) {
	dir := t.TempDir()
	r := example()
	name := freeName(dir, "2026-01-02", "my machine/1")
	if name != "2026-01-02-my-machine-1" {
		t.Errorf("name %q", name)
	}
	report, err := r.record(dir, name)
	if err != nil {
		t.Fatal(err)
	}
	if next := freeName(dir, "2026-01-02", "my machine/1"); next != name+"-2" {
		t.Errorf("the next name is %q", next)
	}
	text, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	for _, figure := range []string{"latency", "bw", "bibw", "alloc", "goroutines", "collectives-2", "collectives-16"} {
		path := filepath.Join(name, figure+".svg")
		if _, err := os.Stat(filepath.Join(dir, path)); err != nil {
			t.Error(err)
		}
		if !strings.Contains(string(text), "("+filepath.ToSlash(path)+")") {
			t.Errorf("the report does not show %s", path)
		}
	}

	// The same report again, from the raw values.
	if err := os.Remove(report); err != nil {
		t.Fatal(err)
	}
	o := &options{from: filepath.Join(dir, name+".csv")}
	var out bytes.Buffer
	if err := o.again(dir, &out); err != nil {
		t.Fatal(err)
	}
	again, err := os.ReadFile(report)
	if err != nil || string(again) != string(text) {
		t.Errorf("the report made again differs (%v)", err)
	}
}

func TestPublish(t *testing.T) {
	dir := t.TempDir()
	readme := filepath.Join(dir, "README.md")
	write := func(text string) {
		if err := os.WriteFile(readme, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("before\n" + beginMark + "\nOLD\n" + endMark + "\nafter\n")
	report := filepath.Join(dir, "bench", "results", "x.md")
	if err := example().publish(readme, report, barTable(example())); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"before\n" + beginMark, endMark + "\nafter\n", "| work | bar |", "(bench/results/x.md)"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(string(text), "OLD") {
		t.Error("the old table is still there")
	}
	write("no marks\n")
	if err := example().publish(readme, report, barTable(example())); err == nil || !strings.Contains(err.Error(), beginMark) {
		t.Errorf("error %v", err)
	}
}

// The files that -publish changes have its marks.
func TestPublishedFilesHaveMarks(t *testing.T) {
	for _, p := range published {
		text, err := os.ReadFile(filepath.Join("..", "..", p.file))
		if err != nil {
			t.Fatal(err)
		}
		if i, j := strings.Index(string(text), beginMark), strings.Index(string(text), endMark); i < 0 || j < i {
			t.Errorf("%s has no lines %s and %s", p.file, beginMark, endMark)
		}
	}
}

// Of raw values only those are kept that the published tables were made of, and
// the tables are what they give.
func TestPublishedTablesAreOfTheRecord(t *testing.T) {
	root := filepath.Join("..", "..")
	raw, err := filepath.Glob(filepath.Join(root, "bench", "results", "*.csv"))
	if err != nil || len(raw) != 1 {
		t.Fatalf("bench/results holds %q, want the raw values of one record (%v)", raw, err)
	}
	f, err := os.Open(raw[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := readRaw(raw[0], f)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, p := range published {
		want, err := os.ReadFile(filepath.Join(root, p.file))
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, p.file)
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, want, 0o666); err != nil {
			t.Fatal(err)
		}
		report := filepath.Join(dir, "bench", "results", strings.TrimSuffix(filepath.Base(raw[0]), ".csv")+".md")
		if err := r.publish(file, report, p.table(r)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(file); err != nil || string(got) != string(want) {
			t.Errorf("%s is not what -publish makes of %s (%v): go run ./bench/compare -from %[2]s -publish", p.file, raw[0], err)
		}
	}
	if rows := strings.Count(firstTable(r), "\n") - 2; rows != 5 {
		t.Errorf("README.md shows %d figures, want 5", rows)
	}
}

func TestOptions(t *testing.T) {
	for args, want := range map[string]string{
		"-n 0":           "-n 0: 1 to 10000 repetitions",
		"-cores 0":       "-cores 0: at least one",
		"-only nope":     `there is no job "nope": there are latency, bw,`,
		"-peers nope":    `there is no "nope": there are Ringo, MPICH,`,
		"latency":        `unexpected argument "latency"`,
		"-from x.txt":    "x.txt",
		"-nosuch":        "not defined",
		"-only bw,,rate": `there is no job ""`,
	} {
		var out, errs bytes.Buffer
		if err := run(context.Background(), strings.Fields(args), &out, &errs); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", args, err, want)
		}
	}
	o, err := parse([]string{"-only", "bw, rate", "-peers", "ringo,open mpi", "-quick"}, &bytes.Buffer{})
	if err != nil || len(o.chosen) != 3 || !o.wants(ringo) || !o.wants(openMPI) || o.wants(mpich) || o.repetitions != 3 {
		t.Errorf("%+v, %v", o, err)
	}
	var out bytes.Buffer
	if err := run(context.Background(), []string{"-list"}, &out, &out); err != nil || !strings.Contains(out.String(), "launch empty") {
		t.Errorf("%s, %v", out.String(), err)
	}
}

func TestCommandLines(t *testing.T) {
	b := runs.Bench{Name: "collectives", Calls: []string{"bcast", "scan"}, Sizes: runs.Sizes(4, 64, 2), Limit: 15 * time.Millisecond, Iterations: 100, Warmup: 3}
	r := &peer{name: ringo, launch: runs.Cores{IDs: []int{0, 1}}.Mpiexec("mpiexec"), program: []string{"ringo"}}
	if got, want := strings.Join(r.command(4, b), " "), "mpiexec -n 4 ringo bench collectives bcast scan -f csv -m 4:64 --step 2 -T 15ms -i 100 -x 3"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	c := runs.Cores{IDs: []int{2, 5}, Root: true}
	p := &peer{name: openMPI, launch: c.Mpirun("mpirun"), program: []string{"peer"}, style: peerStyle}
	if got, want := strings.Join(p.command(4, b), " "), "mpirun --allow-run-as-root -n 4 --oversubscribe peer collectives -m 4:64 -s 2 -T 0.015 -i 100 -x 3 bcast scan"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if got, want := strings.Join(c.Mpirun("mpirun")(2), " "), "mpirun --allow-run-as-root -n 2 --cpu-list 2,5 --bind-to cpu-list:ordered"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if got, want := strings.Join(c.Hydra("mpiexec")(2), " "), "mpiexec -n 2 -bind-to user:2,5"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if got := c.Hydra("mpiexec")(3); len(got) != 3 {
		t.Errorf("3 ranks on 2 cores are bound: %s", got)
	}
}

func TestVersion(t *testing.T) {
	for _, c := range []struct{ text, name, want, err string }{
		{"MPICH Version:      4.0.2\n", mpich, "4.0.2", ""},
		{"Open MPI v4.1.4, package: Debian OpenMPI, ident: 4.1.4\n", openMPI, "4.1.4", ""},
		{"mpi4py 3.1.4 on Open MPI v4.1.4, package: x\n", openMPI, "3.1.4 on Open MPI v4.1.4", ""},
		{"MPICH Version: 4\nMPICH Version: 4\n", mpich, "", "two worlds"},
		{"MPICH Version: 4\n", openMPI, "", "is not Open MPI"},
	} {
		got, err := version(c.text, c.name)
		if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%q: %q, %v", c.text, got, err)
		}
	}
}

// The whole way for a job or two, with Ringo alone, and with the peers that
// are here.
func TestCompare(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("LEFT OUT: the comparison runs processes, for which there is Linux")
	}
	if testing.Short() {
		t.Skip("LEFT OUT: the comparison, because of -short")
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("LEFT OUT: there is no go command")
	}
	c, err := runs.Confine(2)
	if err != nil {
		t.Skipf("LEFT OUT: %v", err)
	}
	if !c.All {
		t.Log("not confined to two cores: this machine has more, and a test cannot start itself again")
	}
	defer func(was time.Duration) { usualBox = was }(usualBox)
	usualBox = time.Hour
	dir := t.TempDir()
	var out, errs bytes.Buffer
	args := []string{"-quick", "-n", "3", "-time", "1ns", "-only", "rate,launch true,allocs", "-peers", "Ringo", "-out", dir, "-machine", "m"}
	if err := run(context.Background(), args, &out, &errs); err != nil {
		t.Fatalf("%v\n%s", err, &errs)
	}
	if !strings.Contains(out.String(), "recorded in ") {
		t.Errorf("output\n%s", &out)
	}
	reports, err := filepath.Glob(filepath.Join(dir, "*-m.md"))
	if err != nil || len(reports) != 1 {
		t.Fatalf("reports %v, %v", reports, err)
	}
	text, err := os.ReadFile(reports[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"## Message rate", "4 ranks:", "| true, 16 ranks |", "| send and recv | 8 B |", "after 1 of 3 repetitions the time of 1ns was used up"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}
