package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// output reads the list of --output (Open MPI 5): what stands before each line,
// and where copies go.
func (p *parser) output(text string) error {
	for item := range strings.SplitSeq(text, ",") {
		name, value, hasValue := strings.Cut(item, "=")
		switch {
		case name == "dir" && value != "":
			if err := p.outputDir(value); err != nil {
				return err
			}
		case name == "file" && value != "":
			return errors.New("file=NAME: write --outfile-pattern NAME.%r, and --errfile-pattern for standard error")
		case hasValue:
			return fmt.Errorf("%q: write dir=FOLDER", item)
		case name == "tag" || name == "tag-detailed" || name == "tag-fullname":
			p.cfg.label = labelTag
		case name == "rank":
			p.cfg.label = labelRank
		case name == "timestamp":
			p.cfg.timestamp = true
		case name == "raw": // output as it comes: whole lines are as fast
		case name == "merge" || name == "merge-stderr-to-stdout":
			return fmt.Errorf("%s: the ranks' two streams stay apart; write mpiexec … 2>&1", name)
		default:
			return fmt.Errorf("%q is not one of tag, rank, timestamp, dir=FOLDER", item)
		}
	}
	return nil
}

// display reads the list of --display (Open MPI 5).
func (p *parser) display(text string) error {
	for item := range strings.SplitSeq(text, ",") {
		switch item {
		case "bind", "bindings", "map", "map-devel":
			p.cfg.reportBindings = true
		case "allocation":
			p.cfg.allocation = true
		default:
			return fmt.Errorf("%q is not one of bind, map, allocation", item)
		}
	}
	return nil
}

// rankMap reads where Hydra's -rankmap puts the ranks: "(vector,(0,0,1))" has a
// host's number for each.
func (p *parser) rankMap(text string) error {
	list, ok := strings.CutPrefix(strings.ReplaceAll(text, " ", ""), "(vector,(")
	list, closed := strings.CutSuffix(list, "))")
	if !ok || !closed || list == "" {
		return errors.New(`write "(vector,(0,0,…))", with the number of a host for each rank`)
	}
	for item := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(item)
		if err != nil || n < 0 {
			return fmt.Errorf("%q is not the number of a host", item)
		}
		p.cfg.rankMap = append(p.cfg.rankMap, n)
	}
	return nil
}

// pmiArgs reads what a singleton of MPICH or Intel MPI calls mpiexec with. The
// interface and the key have no meaning: it listens on this host, and asks for no
// authentication.
func (p *parser) pmiArgs(v []string) error {
	if p.inFile {
		return errors.New("it cannot stand in a file")
	}
	port, err := strconv.ParseUint(v[0], 10, 16)
	if err != nil || port == 0 {
		return fmt.Errorf("%q is not a port, 1 to 65535", v[0])
	}
	pid, err := strconv.ParseInt(v[3], 10, 32)
	if err != nil || pid < 1 {
		return fmt.Errorf("%q is not the number of a process", v[3])
	}
	p.cfg.singleton = singleton{int(port), int(pid)}
	return errSingleton
}

// elsewhere are options of other launchers that do not exist here: whose they
// are, and what to use instead.
var elsewhere = map[string]struct{ of, instead string }{
	"report-pid":             {"Open MPI", "use -v"},
	"xterm":                  {"Open MPI", "use mpiexec … xterm -e PROGRAM"},
	"debug":                  {"Open MPI", "use mpiexec -n 1 dlv exec PROGRAM : -n 3 PROGRAM"},
	"merge-stderr-to-stdout": {"Open MPI", "use mpiexec … 2>&1"},
	"xml":                    {"Open MPI", "use --output-filename DIR"},
	"display-map":            {"Open MPI", "use --display map"},
	"display-allocation":     {"Open MPI", "use --display allocation"},
	"display-devel-map":      {"Open MPI", "use --display map"},
	"with-ft":                {"Open MPI", "a rank's death is always an error of the others (ErrProcFailed)"},
	"enable-recovery":        {"Open MPI", "use --disable-auto-cleanup"},
	"continuous":             {"Open MPI", "use --disable-auto-cleanup"},
	"max-restarts":           {"Open MPI", "a rank that has ended is not started again"},
	"dvm":                    {"Open MPI", "mpiexec needs no daemon"},
	"tmpdir":                 {"Open MPI", "set TMPDIR"},
	"prefix":                 {"Open MPI", "use -path DIR"},
	"gdb":                    {"MPICH", "use mpiexec -n 1 dlv exec PROGRAM : -n 3 PROGRAM"},
	"pmi-port":               {"MPICH", "leave it out: PMI is served to programs that ask"},
	"ckpointlib":             {"MPICH", "leave it out: nothing is checkpointed"},
	"ckpoint-interval":       {"MPICH", "leave it out: nothing is checkpointed"},
	"singleton-port":         {"MPICH", "start the program with mpiexec -n 1"},
	"grr":                    {"Intel MPI", "use -ppn N"},
	"rr":                     {"Intel MPI", "use -ppn 1"},
	"trace":                  {"Intel MPI", "set LD_PRELOAD to the library of the tool"},
	"aps":                    {"Intel MPI", "start aps before the program: mpiexec -n 4 aps PROGRAM"},
	"gtool":                  {"Intel MPI", "start the tool before the program: mpiexec -n 1 TOOL PROGRAM : -n 3 PROGRAM"},
	"print-rank-map":         {"Intel MPI", "use --report-bindings"},
	"ordered-output":         {"Intel MPI", "output comes in whole lines"},
	"check-mpi":              {"Intel MPI", "set RINGO_CHECK=1"},
	"nodelist":               {"Intel MPI", "use -host"},
}

// unknown says what is known of an option that the table does not have.
func unknown(name, shown string) error {
	if e, ok := elsewhere[name]; ok {
		return usagef("%s is an option of %s that does not exist here: %s", shown, e.of, e.instead)
	}
	return usagef("unknown option %s%s; mpiexec --help lists the options", shown, suggestion(name))
}
