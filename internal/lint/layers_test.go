package lint_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/ringo-mpi/ringo/internal/door"
)

// layer says what the packages of a folder import besides the standard library,
// and which packages import them. A path means the package there, a path with a
// slash at its end all packages below it. Packages of one layer may import each
// other. Tests may import what they like.
type layer struct {
	own   []string // packages of this module that it may import
	other []string // packages of others that it may import
	by    []string // packages of this module that may import it
	pure  bool     // it does no input or output, waits for nothing and reads no clock
	why   string   // what the fence is for
}

// Packages that are named together.
var (
	anybody    = []string{"mpi/", "params/", "stopwatch/", "cmd/", "bench/", "docs/", "examples/", "internal/"}
	tools      = []string{"cmd/", "internal/ringocmd/", "internal/sizeplot", "stopwatch", "bench/", "docs/", "examples/"}
	commands   = []string{"cmd/", "internal/ringocmd", "internal/ringocmd/"}
	transports = []string{"internal/embedded/inproc", "internal/embedded/shm", "internal/embedded/tcp"}
	engines    = []string{"internal/embedded", "internal/embedded/", "internal/native"}
	unix       = []string{"golang.org/x/sys/"}
	plotting   = []string{"gonum.org/v1/plot", "gonum.org/v1/plot/"}
)

// layers are the layers of the module. A package belongs to the one with the
// longest path that is its own or that of a folder above it.
var layers = map[string]layer{
	// The public packages.
	"mpi": {
		own: []string{"internal/door", "internal/engine", "internal/kernel", "internal/memory", "internal/object", "internal/start"},
		by:  anybody,
		why: "no transport behind the public packages' back",
	},
	"mpi/mpimat":  {own: []string{"mpi"}, other: []string{"gonum.org/v1/gonum/mat"}, by: anybody, why: "matrices are sent with the public API"},
	"mpi/mpitest": {own: []string{"mpi", "internal/standing"}, by: anybody, why: "tests use the public API"},
	"mpi/native":  {own: []string{"internal/engine", "internal/native", "internal/start"}, by: anybody, why: "it registers the engine"},
	"stopwatch": {
		own:   []string{"atomicfile", "internal/csvline", "internal/sysinfo"},
		other: []string{"github.com/jedib0t/go-pretty/v6/"}, by: anybody, why: "programs without MPI measure time as well",
	},
	"atomicfile":          {other: unix, by: tools, why: "the core writes no files"},
	"params":              {own: []string{"internal/confile"}, other: []string{"github.com/spf13/pflag"}, by: append([]string{"params/"}, tools...), why: "the core has no parameters, and parameters know nothing of ranks"},
	"params/onroot":       {own: []string{"mpi", "params"}, by: tools, why: "it joins parameters and ranks"},
	"stopwatch/crossrank": {own: []string{"mpi", "stopwatch"}, other: []string{"github.com/jedib0t/go-pretty/v6/"}, by: anybody, why: "reports use the public API"},

	// The engines and what they stand on.
	"internal/start": {
		own: []string{"internal/engine", "internal/foreign", "internal/embedded", "internal/embedded/entry", "internal/embedded/inproc", "internal/embedded/muster", "internal/embedded/shm", "internal/embedded/tcp", "internal/embedded/transport", "internal/manager"},
		by:  []string{"mpi", "mpi/native", "internal/enginetest", "internal/ringocmd/doctor", "internal/ringocmd/sysinfocmd"},
		why: "the one place that knows the engines",
	},
	"internal/engine": {
		own: []string{"internal/memory"}, pure: true, why: "the contract of engines stands on memory alone",
		by: slices.Concat([]string{"mpi", "mpi/native", "internal/kernel", "internal/object", "internal/start", "internal/manager", "internal/door", "internal/enginetest", "internal/enginetest/counting", "internal/simulate", "internal/ringocmd/simulate"}, engines, door.Rooms),
	},
	"internal/door":           {own: []string{"internal/engine"}, by: append([]string{"mpi"}, door.Rooms...), why: "packages beside mpi come to the engine by the door, and door.Rooms lists them"},
	"internal/door/sibling":   {own: []string{"mpi", "internal/door", "internal/engine"}, why: "it is an example, and tests alone use it"},
	"internal/kernel":         {own: []string{"internal/engine"}, other: []string{"golang.org/x/sys/cpu"}, by: []string{"mpi"}, pure: true, why: "engines get kernels with an operation"},
	"internal/memory":         {by: []string{"mpi", "internal/engine", "internal/embedded", "internal/embedded/"}, why: "single instructions"},
	"internal/foreign":        {by: []string{"internal/manager", "internal/native", "internal/start"}, why: "variables of the environment"},
	"internal/object":         {own: []string{"internal/engine"}, other: []string{"github.com/fxamacker/cbor/v2"}, by: []string{"mpi"}, pure: true, why: "the encoding of objects is pure"},
	"internal/standing":       {by: []string{"mpi/mpitest", "internal/embedded/shm"}, pure: true, why: "it reads the text of stacks"},
	"test/lag":                {other: unix, why: "a program that test/hosts runs"},
	"internal/noise":          {by: []string{"internal/embedded/tcp"}, why: "what is said between hosts is sealed there"},
	"internal/embedded/entry": {other: unix, by: []string{"internal/embedded/shm", "internal/launch", "internal/start"}, why: "a question to the launcher"},
	"internal/embedded": {
		own: []string{"internal/engine", "internal/memory", "internal/embedded/board", "internal/embedded/coll", "internal/embedded/match", "internal/embedded/proto", "internal/embedded/ring", "internal/embedded/transport"},
		by:  []string{"internal/start"}, why: "the endpoint knows no transport by name, and internal/start chooses among engines",
	},
	"internal/embedded/board": {own: []string{"internal/engine", "internal/memory"}, by: append([]string{"internal/embedded"}, transports...), why: "boards know memory and their host"},
	"internal/embedded/coll":  {own: []string{"internal/engine"}, by: []string{"internal/embedded", "internal/simulate"}, pure: true, why: "schedules are pure"},
	"internal/embedded/futex": {other: unix, by: []string{"internal/embedded/segment", "internal/embedded/shm"}, why: "one system call"},
	"internal/embedded/match": {by: []string{"internal/embedded"}, pure: true, why: "matching is a pure state machine"},
	"internal/embedded/muster": {
		own:   []string{"internal/engine", "internal/manager", "internal/proof", "internal/embedded/segment", "internal/embedded/shm", "internal/embedded/transport"},
		other: unix, by: []string{"internal/start"}, why: "it makes of a launcher's processes the ranks of shared memory",
	},
	"internal/embedded/proto":     {by: []string{"internal/embedded"}, pure: true, why: "the wire format is pure"},
	"internal/embedded/ring":      {own: []string{"internal/memory"}, by: append([]string{"internal/embedded", "internal/embedded/transport"}, transports...), why: "a ring knows only memory"},
	"internal/embedded/segment":   {own: []string{"internal/embedded/futex", "internal/embedded/transport"}, other: unix, by: []string{"internal/embedded/muster", "internal/embedded/shm", "internal/launch"}, why: "transport and launcher share the memory of processes"},
	"internal/embedded/transport": {own: []string{"internal/embedded/ring"}, by: append([]string{"internal/embedded", "internal/embedded/transport/hosttest", "internal/embedded/muster", "internal/embedded/segment", "internal/launch", "internal/start"}, transports...), why: "a contract: types and interfaces"},
	"internal/embedded/transport/hosttest": {
		own: []string{"internal/engine", "internal/embedded/inproc", "internal/embedded/transport"}, why: "a transport for tests: they alone use it",
	},
	"internal/embedded/inproc": {
		own: []string{"internal/engine", "internal/memory", "internal/embedded/board", "internal/embedded/ring", "internal/embedded/transport"},
		by:  []string{"internal/start", "internal/embedded/transport/hosttest"}, why: "a transport knows no other, and not the endpoint",
	},
	"internal/embedded/shm": {
		own:   []string{"internal/engine", "internal/embedded/board", "internal/embedded/entry", "internal/embedded/futex", "internal/embedded/ring", "internal/embedded/segment", "internal/embedded/transport", "internal/standing"},
		other: unix, by: []string{"internal/start", "internal/launch", "internal/embedded/muster"}, why: "a transport knows no other, and not the endpoint",
	},
	"internal/embedded/tcp": {
		own:   []string{"internal/engine", "internal/memory", "internal/noise", "internal/embedded/ring", "internal/embedded/transport"},
		other: unix, by: []string{"internal/start"}, why: "it stands on a transport of one host, whichever that is",
	},
	"internal/native": {
		own: []string{"internal/engine", "internal/foreign", "internal/native/"}, other: unix, by: []string{"mpi/native"},
		why: "an engine knows no other engine, reaches C through ccall, and is opened through mpi/native",
	},
	"internal/native/abi":   {by: []string{"internal/native", "bench/native"}, why: "tables"},
	"internal/native/ccall": {other: []string{"github.com/ebitengine/purego"}, by: []string{"internal/native", "bench/native"}, why: "calls of C functions"},

	// The launcher.
	"internal/launch": {
		own:   []string{"internal/embedded/entry", "internal/embedded/segment", "internal/embedded/shm", "internal/embedded/transport", "internal/launch/control", "internal/launch/hosts", "internal/pmi", "internal/topo"},
		other: unix, by: []string{"internal/launch/cli", "internal/enginetest", "internal/ringocmd/doctor"},
		why: "it starts programs and has the transport make their memory, and knows no engine",
	},
	"internal/launch/cli":        {own: []string{"internal/envvars", "internal/launch", "internal/launch/hosts", "internal/topo"}, other: unix, by: []string{"cmd/mpiexec", "internal/ringocmd/man", "examples/apps/internal/apptest"}, why: "the command line of mpiexec alone"},
	"internal/launch/control":    {by: []string{"internal/launch"}, pure: true, why: "a wire format"},
	"internal/launch/hosts":      {by: []string{"internal/launch", "internal/launch/cli"}, pure: true, why: "texts are read without touching anything"},
	"internal/launch/launchtest": {why: "tests alone use it"},
	"internal/pmi":               {by: []string{"internal/launch", "internal/manager"}, why: "a wire format and its two ends"},
	"internal/manager":           {own: []string{"internal/engine", "internal/foreign", "internal/pmi", "internal/pmix", "internal/proof"}, other: unix, by: []string{"internal/start", "internal/embedded/muster"}, why: "what a rank asks of the launcher that started it"},
	"internal/proof":             {other: unix, by: []string{"internal/manager", "internal/embedded/muster"}, why: "first words of a connection"},
	"internal/pmix":              {by: []string{"internal/manager"}, why: "a wire format and the client's end"},
	"internal/pmix/pmixtest":     {why: "tests alone use it"},
	"internal/topo":              {other: unix, by: []string{"internal/launch", "internal/launch/cli", "internal/sysinfo", "internal/ringocmd/", "bench/"}, why: "facts about the machine"},

	// The tests of engines, and the rules of the project.
	"internal/enginetest":           {own: []string{"mpi", "internal/engine", "internal/enginetest/counting", "internal/enginetest/installed", "internal/launch", "internal/start"}, by: []string{"internal/enginetest/model"}, why: "the suite uses package mpi as programs do, and tests alone use the suite"},
	"internal/enginetest/counting":  {own: []string{"internal/engine"}, by: []string{"internal/enginetest"}, why: "a wrapper knows the contract alone"},
	"internal/enginetest/installed": {by: []string{"internal/enginetest", "bench/native"}, why: "where the installed libraries are"},
	"internal/enginetest/model":     {own: []string{"mpi", "internal/enginetest"}, other: []string{"pgregory.net/rapid"}, why: "it is a test"},
	"internal/lint":                 {why: "it is a test"},

	// What commands, tools and examples share. The core does without.
	"internal/envvars":           {by: []string{"internal/launch/cli", "internal/ringocmd", "internal/ringocmd/doctor"}, why: "a table"},
	"internal/confile":           {other: []string{"github.com/BurntSushi/toml", "github.com/goccy/go-yaml", "github.com/goccy/go-yaml/"}, by: append([]string{"params"}, commands...), why: "the core reads no files"},
	"internal/csvline":           {by: append([]string{"stopwatch"}, commands...), why: "the format of the lines of stopwatch"},
	"internal/progress":          {other: []string{"github.com/vbauerster/mpb/v8", "github.com/vbauerster/mpb/v8/", "golang.org/x/term"}, by: tools, why: "the core writes to no terminal"},
	"internal/simulate":          {own: []string{"internal/embedded/coll", "internal/engine"}, by: []string{"internal/ringocmd/bench", "internal/ringocmd/simulate", "internal/simulate/gentable"}, pure: true, why: "it plays schedules, and touches nothing"},
	"internal/simulate/gentable": {own: []string{"internal/simulate"}, why: "a program"},
	"internal/sizeplot":          {own: []string{"atomicfile"}, other: plotting, by: append([]string{"bench/"}, commands...), why: "the core draws nothing"},
	"internal/sysinfo":           {own: []string{"internal/topo"}, other: []string{"github.com/shirou/gopsutil/v4/", "golang.org/x/sys/"}, by: tools, why: "the core does not describe the machine"},

	// The toolbox.
	"internal/ringocmd":        {own: []string{"internal/envvars", "internal/ringocmd/"}, other: cobra(), by: []string{"cmd/ringo"}, why: "each command is a package of its own"},
	"internal/ringocmd/banner": {own: []string{"internal/ringocmd/cli"}, other: cobra(), by: []string{"internal/ringocmd", "internal/ringocmd/sweep"}, why: "a command"},
	"internal/ringocmd/bench": {
		own: []string{"mpi", "atomicfile", "internal/ringocmd/cli", "internal/simulate", "internal/sizeplot", "internal/sysinfo"}, other: cobra("golang.org/x/sys/"),
		by: []string{"internal/ringocmd"}, why: "benchmarks use package mpi as programs do",
	},
	"internal/ringocmd/cli": {other: cobra("github.com/jedib0t/go-pretty/v6/"), by: []string{"internal/ringocmd", "internal/ringocmd/"}, why: "what all commands share"},
	"internal/ringocmd/doctor": {
		own:   []string{"mpi", "internal/envvars", "internal/launch", "internal/ringocmd/cli", "internal/start", "internal/sysinfo", "internal/topo"},
		other: cobra("github.com/shirou/gopsutil/v4/", "golang.org/x/sys/"), by: []string{"internal/ringocmd"}, why: "a command",
	},
	"internal/ringocmd/logs": {
		own:   []string{"atomicfile", "internal/csvline", "internal/ringocmd/cli"},
		other: cobra(append([]string{"gonum.org/v1/gonum/stat"}, plotting...)...), by: []string{"internal/ringocmd"}, why: "a command",
	},
	"internal/ringocmd/man": {own: []string{"atomicfile", "internal/launch/cli", "internal/ringocmd/cli"}, other: cobra("github.com/spf13/cobra/"), by: []string{"internal/ringocmd"}, why: "a command"},
	"internal/ringocmd/simulate": {
		own:   []string{"internal/confile", "internal/engine", "internal/progress", "internal/ringocmd/cli", "internal/simulate", "internal/sizeplot"},
		other: cobra(), by: []string{"internal/ringocmd"}, why: "a command",
	},
	"internal/ringocmd/sweep": {
		own: []string{
			"atomicfile", "internal/confile", "internal/csvline", "internal/progress", "internal/ringocmd/banner", "internal/ringocmd/cli", "stopwatch",
		},
		other: cobra("github.com/gofrs/flock"), by: []string{"internal/ringocmd"}, why: "a command",
	},
	"internal/ringocmd/sysinfocmd": {own: []string{"mpi", "internal/ringocmd/cli", "internal/start", "internal/sysinfo", "internal/topo"}, other: cobra(), by: []string{"internal/ringocmd"}, why: "a command"},

	// Programs. Nobody imports them.
	"cmd/mpiexec": {own: []string{"internal/launch/cli"}, why: "its command line is internal/launch/cli"},
	"cmd/ringo":   {own: []string{"internal/ringocmd", "mpi/native"}, why: "its commands are below internal/ringocmd"},
	"bench": {
		own:   []string{"mpi", "mpi/native", "internal/native/", "internal/enginetest/installed", "atomicfile", "internal/progress", "internal/sizeplot", "internal/sysinfo", "internal/topo"},
		other: []string{"github.com/shirou/gopsutil/v4/", "golang.org/x/sys/"}, why: "it measures programs, and no engine behind their back",
	},
	"docs":                           {own: []string{"atomicfile"}, why: "chapters and their figures"},
	"examples/usage":                 {own: []string{"mpi", "mpi/native", "mpi/mpimat"}, other: []string{"gonum.org/v1/gonum/mat"}, why: "readers copy them"},
	"examples/apps":                  {own: []string{"mpi", "mpi/native", "atomicfile", "params", "params/onroot", "stopwatch", "stopwatch/crossrank"}, other: append([]string{"golang.org/x/term", "gonum.org/v1/gonum/mat"}, plotting...), why: "readers copy them"},
	"examples/apps/internal/apptest": {own: []string{"mpi", "internal/launch/cli"}, other: []string{"github.com/rogpeppe/go-internal/testscript"}, why: "tests alone use it"},
}

// cobra is what every command of the toolbox may import, and more.
func cobra(more ...string) []string { return append([]string{"github.com/spf13/cobra"}, more...) }

// impure are the packages that a pure layer does without.
var impure = []string{"net", "os", "os/exec", "syscall", "time", "io", "bufio", "log", "log/slog", "runtime"}

func TestLayers(t *testing.T) {
	std := standard(t)
	seen := map[string]bool{}
	for _, p := range packages(t) {
		rel := strings.TrimPrefix(p.ImportPath, module)
		l, name := layerOf(rel)
		seen[name] = true
		if name == "" {
			t.Errorf("%s is in no layer: add it to the table in internal/lint", rel)
			continue
		}
		for _, imp := range p.Imports {
			own, isOwn := strings.CutPrefix(imp, module)
			switch {
			case std[imp]:
				if l.pure && slices.Contains(impure, imp) {
					t.Errorf("%s imports %q: it is to be pure", rel, imp)
				}
			case isOwn:
				to, above := layerOf(own)
				if above == name {
					continue
				}
				if !allowed(own, l.own) {
					t.Errorf("%s imports %s: %s", rel, own, l.why)
				}
				if !allowed(rel, to.by) {
					t.Errorf("%s is imported by %s: %s", own, rel, to.why)
				}
			case !allowed(imp, l.other):
				t.Errorf("%s imports %s: %s", rel, imp, l.why)
			}
		}
	}
	for name, l := range layers {
		if !seen[name] {
			t.Errorf("no package is in layer %s any more", name)
		}
		if l.why == "" {
			t.Errorf("layer %s does not say what it is for", name)
		}
	}
}

// layerOf finds the layer of a package and its path, which is "" if there is
// none.
func layerOf(rel string) (layer, string) {
	for path := rel; path != ""; {
		if l, ok := layers[path]; ok {
			return l, path
		}
		path = path[:max(strings.LastIndexByte(path, '/'), 0)]
	}
	return layer{}, ""
}

func TestLayerOf(t *testing.T) {
	for rel, want := range map[string]string{
		"mpi": "mpi", "mpi/mpitest": "mpi/mpitest", "internal/embedded/ring": "internal/embedded/ring", "internal/embedded/new/room": "internal/embedded",
		"internal/embeddedness": "", "internal": "", "elsewhere/mpi": "", "examples/apps/pi": "examples/apps", "examples/apps/internal/apptest": "examples/apps/internal/apptest",
	} {
		if _, got := layerOf(rel); got != want {
			t.Errorf("the layer of %s is %q, want %q", rel, got, want)
		}
	}
}

// allowed reports whether one of the paths names a package, or a folder above it.
func allowed(imp string, paths []string) bool {
	return slices.ContainsFunc(paths, func(p string) bool {
		return imp == p || strings.HasSuffix(p, "/") && strings.HasPrefix(imp, p)
	})
}

// A program that uses package mpi needs no C library: package net would bring it
// into every program that is built where a C compiler is.
func TestCoreBringsNoC(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", module+"mpi").Output()
	if err != nil {
		t.Fatal(err)
	}
	for path := range strings.Lines(string(out)) {
		switch path = strings.TrimSpace(path); path {
		case "net", "os/user", "runtime/cgo", "plugin":
			t.Errorf("package mpi comes with package %s", path)
		}
	}
}
