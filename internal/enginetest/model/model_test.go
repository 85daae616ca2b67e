package model

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ringo-mpi/ringo/internal/enginetest"
	"github.com/ringo-mpi/ringo/mpi"
)

const caseName = "a random program does what the model says"

func init() {
	enginetest.Define(enginetest.Case{
		Name: caseName,
		Run: func(t *enginetest.T, world *mpi.Comm) {
			b, err := os.ReadFile(filepath.Join(t.Dir, "program.json"))
			var p Program
			if err == nil {
				err = json.Unmarshal(b, &p)
			}
			t.OK(err)
			Execute(t, world, &p)
		},
	})
}

func TestMain(m *testing.M) {
	flag.Parse()
	flag.Visit(func(f *flag.Flag) { checksGiven = checksGiven || f.Name == "rapid.checks" })
	enginetest.Main(m)
}

// checksGiven says that the command line has -rapid.checks.
var checksGiven bool

// programs checks random programs on a harness: as many as -rapid.checks says
// if it is given.
func programs(t *testing.T, h enginetest.Harness, checks int, sizes ...int) {
	if !checksGiven {
		if testing.Short() {
			checks = (checks + 3) / 4
		}
		flag.Set("rapid.checks", strconv.Itoa(checks))
		defer flag.Set("rapid.checks", "100")
	}
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		p := Generate(rt, sizes)
		b, err := json.Marshal(p)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "program.json"), b, 0o600)
		}
		if err != nil {
			rt.Fatal(err)
		}
		if wrong := h.RunOne(p.Size, caseName, dir, 30*time.Second); wrong != "" {
			rt.Fatalf("program of %d bytes for %d ranks: %s", len(b), p.Size, wrong)
		}
	})
}

func TestInproc(t *testing.T) { programs(t, enginetest.Inproc(), 60, 1, 2, 3, 4, 5, 8) }

// The programs that are drawn cannot deadlock and use what they should.
func TestGenerate(t *testing.T) {
	kinds := map[int]int{}
	rapid.Check(t, func(rt *rapid.T) {
		p := Generate(rt, []int{1, 2, 5})
		open := map[int]bool{}
		for r, ops := range p.Ranks {
			for _, o := range ops {
				kinds[o.Kind]++
				switch {
				case o.Kind == wait || o.Kind == testWait:
					if !open[o.Req] {
						rt.Fatalf("rank %d waits for request %d, which is not open", r, o.Req)
					}
					delete(open, o.Req)
				case o.Kind == waitAll:
					for _, q := range o.Reqs {
						if !open[q] {
							rt.Fatalf("rank %d waits for request %d, which is not open", r, q)
						}
						delete(open, q)
					}
				case o.Req != 0:
					open[o.Req] = true
				}
			}
		}
		if len(open) != 0 {
			rt.Fatalf("requests %v are never waited for", open)
		}
	})
	t.Logf("operations by kind: %v", kinds)
	for k := range churn + 1 {
		if kinds[k] == 0 {
			t.Errorf("no program has an operation of kind %d", k)
		}
	}
}
