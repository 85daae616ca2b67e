package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ringo-mpi/ringo/internal/launch"
)

// A group is a section of the help.
type group string

const (
	groupJob     group = "Ranks and programs"
	groupOutput  group = "Output and input"
	groupEnv     group = "Environment and folder"
	groupPlace   group = "Placement on the machine"
	groupHosts   group = "Hosts"
	groupEnd     group = "End of the job"
	groupInfo    group = "Information"
	groupIgnored group = "Accepted, without effect here"
)

var groups = []group{groupJob, groupOutput, groupEnv, groupPlace, groupHosts, groupEnd, groupInfo, groupIgnored}

// An option is one row of the table.
type option struct {
	names  []string // without dashes; the first is the one the help shows first
	values string   // names of the values, separated by spaces; "" for none
	group  group
	help   string   // "" keeps it out of the help (spellings of the past)
	choice []string // values for the completion; "file" and "dir" stand for paths. Without values: what may follow "="
	apply  func(p *parser, v []string) error
}

// joined reports whether the first of two values may hold both: K=V.
func (o *option) joined() bool { return o.values == "K V" && o.group == groupEnv }

func (o *option) count() int { return len(strings.Fields(o.values)) }

// errHelp and the like end the parsing: there is something else to do.
var (
	errHelp      = errors.New("help")
	errVersion   = errors.New("version")
	errSingleton = errors.New("singleton")
)

func somethingElse(err error) bool {
	return errors.Is(err, errHelp) || errors.Is(err, errVersion) || errors.Is(err, errSingleton)
}

// options is filled in by init: some rows print the table.
var options []option

func init() {
	options = []option{
		{[]string{"n", "np", "c"}, "N", groupJob, "number of ranks (default: the usable cores)", nil,
			func(p *parser, v []string) error {
				n, err := parseRanks(v[0])
				p.app.ranks = n
				return err
			}},
		{[]string{"configfile", "app"}, "FILE", groupJob, "read programs with their options from FILE, one to a line", []string{"file"},
			func(p *parser, v []string) error { return p.configFile(v[0]) }},
		{[]string{"path"}, "DIR", groupJob, "look for the program in DIR before PATH (DIR:DIR… for several)", []string{"dir"},
			func(p *parser, v []string) error { p.app.path = v[0]; return nil }},
		{[]string{"usize"}, "N", groupJob, "size of the universe told to programs (also SYSTEM, INFINITE)", []string{"SYSTEM", "INFINITE"},
			func(p *parser, v []string) error { return p.universe(v[0]) }},
		{[]string{"pmi_args"}, "PORT INTERFACE KEY PID", groupJob, "serve process PID, which was started without mpiexec: MPI libraries call mpiexec so", nil,
			func(p *parser, v []string) error { return p.pmiArgs(v) }},

		{[]string{"l", "prepend-rank"}, "", groupOutput, "put the rank in front of each line: [0] …", nil,
			func(p *parser, _ []string) error { p.cfg.label = labelRank; return nil }},
		{[]string{"tag-output"}, "", groupOutput, "put job, rank and stream in front of each line: [1,0]<stdout>:…", nil,
			func(p *parser, _ []string) error { p.cfg.label = labelTag; return nil }},
		{[]string{"timestamp-output"}, "", groupOutput, "put the time in front of each line", nil,
			func(p *parser, _ []string) error { p.cfg.timestamp = true; return nil }},
		{[]string{"prepend-pattern"}, "PATTERN", groupOutput, "put PATTERN in front of each line: %r rank, %h host, %g job, %p host's number, %t seconds", nil,
			func(p *parser, v []string) error {
				p.cfg.label, p.cfg.pattern = labelPattern, v[0]
				return checkPattern(v[0])
			}},
		{[]string{"outfile-pattern"}, "PATTERN", groupOutput, "write standard output to files: %r %h %g %p %t as above", []string{"file"},
			func(p *parser, v []string) error { p.cfg.outfile = v[0]; return checkPattern(v[0]) }},
		{[]string{"errfile-pattern"}, "PATTERN", groupOutput, "write standard error to files", []string{"file"},
			func(p *parser, v []string) error { p.cfg.errfile = v[0]; return checkPattern(v[0]) }},
		{[]string{"output-filename"}, "DIR", groupOutput, "also write output to DIR/1/rank.R/stdout and stderr (DIR:nocopy: only there)", []string{"dir"},
			func(p *parser, v []string) error { return p.outputDir(v[0]) }},
		{[]string{"output"}, "LIST", groupOutput, "the same in one: tag, rank, timestamp, dir=DIR, separated by commas", []string{"tag", "rank", "timestamp", "dir="},
			func(p *parser, v []string) error { return p.output(v[0]) }},
		{[]string{"stdin"}, "RANK", groupOutput, "which rank reads standard input: a rank, all or none (default 0)", []string{"all", "none", "0"},
			func(p *parser, v []string) error { return p.stdin(v[0]) }},
		{[]string{"print-all-exitcodes"}, "", groupOutput, "print every rank's exit status at the end", nil,
			func(p *parser, _ []string) error { p.cfg.exitCodes = true; return nil }},

		{[]string{"x"}, "K[=V]", groupEnv, "pass the variable K on, or set it to V", nil,
			func(p *parser, v []string) error { return p.export(v[0]) }},
		{[]string{"env"}, "K V", groupEnv, "set the variable K to V for this program (also K=V)", nil,
			func(p *parser, v []string) error { return setting(&p.app.env, v) }},
		{[]string{"envlist"}, "A,B", groupEnv, "pass only these variables to this program", nil,
			func(p *parser, v []string) error { return p.app.env.only(v[0]) }},
		{[]string{"envnone"}, "", groupEnv, "pass no variables to this program", nil,
			func(p *parser, _ []string) error { p.app.env.mode = envNone; return nil }},
		{[]string{"envall"}, "", groupEnv, "pass all variables to this program (default)", nil,
			func(p *parser, _ []string) error { p.app.env.mode = envAll; return nil }},
		{[]string{"genv"}, "K V", groupEnv, "the same for all programs: set K to V (also K=V)", nil,
			func(p *parser, v []string) error { return setting(&p.cfg.env, v) }},
		{[]string{"genvlist"}, "A,B", groupEnv, "pass only these variables", nil,
			func(p *parser, v []string) error { return p.cfg.env.only(v[0]) }},
		{[]string{"genvnone"}, "", groupEnv, "pass no variables", nil,
			func(p *parser, _ []string) error { p.cfg.env.mode = envNone; return nil }},
		{[]string{"genvall"}, "", groupEnv, "pass all variables (default)", nil,
			func(p *parser, _ []string) error { p.cfg.env.mode = envAll; return nil }},
		{[]string{"wdir", "wd"}, "DIR", groupEnv, "run this program in DIR", []string{"dir"},
			func(p *parser, v []string) error { p.app.dir = v[0]; return nil }},

		{[]string{"bind-to"}, "WHAT", groupPlace, "none, hwthread, core, l1cache, l2cache, l3cache, numa, socket, rr, user:LIST, OBJECT:N (default: each rank on its share of the cores; none if they are fewer than the ranks)", []string{"none", "hwthread", "core", "l2cache", "l3cache", "numa", "socket", "rr", "user:"},
			func(p *parser, v []string) error { p.cfg.bind = v[0]; return nil }},
		{[]string{"map-by"}, "OBJECT", groupPlace, "deal ranks out to core, hwthread, l3cache, numa, socket …; ppr:N:OBJECT; OBJECT:pe=N", []string{"core", "hwthread", "l3cache", "numa", "socket", "slot", "node", "ppr:"},
			func(p *parser, v []string) error { return p.mapBy(v[0]) }},
		{[]string{"report-bindings"}, "", groupPlace, "print where each rank is bound", nil,
			func(p *parser, _ []string) error { p.cfg.reportBindings = true; return nil }},
		{[]string{"display"}, "LIST", groupPlace, "print what is asked for: bind and map (as --report-bindings), allocation", []string{"bind", "map", "allocation"},
			func(p *parser, v []string) error { return p.display(v[0]) }},
		{[]string{"cpu-set", "cpu-list"}, "LIST", groupPlace, "deal ranks out to these CPUs, as -bind-to user:LIST", nil,
			func(p *parser, v []string) error { p.cfg.bind = "user:" + v[0]; return nil }},
		{[]string{"rankmap"}, "VECTOR", groupPlace, "\"(vector,(0,0,1))\": the number of each rank's host, in the order of the hosts", nil,
			func(p *parser, v []string) error { return p.rankMap(v[0]) }},
		{[]string{"rankfile", "rf", "r"}, "FILE", groupPlace, "\"rank N=HOST slot=LIST\" a line: where each rank runs (also -map-by rankfile:file=FILE)", []string{"file"},
			func(p *parser, v []string) error { return p.rankFile(v[0]) }},
		{[]string{"use-hwthread-cpus"}, "", groupPlace, "count hardware threads, not cores, for the default of -n", nil,
			func(p *parser, _ []string) error { p.cfg.threads = true; return nil }},
		{[]string{"oversubscribe", "nooversubscribe"}, "", groupPlace, "accepted: more ranks than cores are always allowed", nil, nothing},

		{[]string{"host", "H"}, "A[:N],B", groupHosts, "run this program, and those after it that have no hosts of their own, on these hosts, N ranks on each (default 1) and then from the first again", nil,
			func(p *parser, v []string) error { return p.hostList(v[0], false) }},
		{[]string{"hosts", "hostlist"}, "A[:N],B", groupHosts, "run all programs on these hosts", nil,
			func(p *parser, v []string) error { return p.hostList(v[0], true) }},
		{[]string{"hostfile", "machinefile", "f", "default-hostfile"}, "FILE", groupHosts, "run on the hosts that FILE lists: HOST[:N], HOST slots=N, user=NAME", []string{"file"},
			func(p *parser, v []string) error { return p.hostFile(v[0]) }},
		{[]string{"ppn", "N", "npernode", "perhost"}, "N", groupHosts, "ranks on each host", nil,
			func(p *parser, v []string) error {
				n, err := parseRanks(v[0])
				p.cfg.perHost = n
				return err
			}},
		{[]string{"launcher", "bootstrap"}, "HOW", groupHosts, "how hosts are reached: ssh (default), rsh; fork takes this machine for all of them", []string{"ssh", "rsh", "fork"},
			func(p *parser, v []string) error { return p.reachBy(v[0]) }},
		{[]string{"launcher-exec", "bootstrap-exec"}, "PROGRAM", groupHosts, "the program that is called as ssh or rsh in its place (also --mca plm_rsh_agent)", []string{"file"},
			func(p *parser, v []string) error { p.cfg.launcherExec = v[0]; return nil }},
		{[]string{"iface"}, "NAME", groupHosts, "the network interface by which the hosts reach each other", nil,
			func(p *parser, v []string) error { p.cfg.iface = v[0]; return nil }},
		{[]string{"s", "preload-binary"}, "", groupHosts, "send the programs to the hosts also where they are there", nil,
			func(p *parser, _ []string) error { p.cfg.preload = true; return nil }},
		{[]string{"host-timeout"}, "SECONDS", groupHosts, "give a host up that says nothing for so long (default 10)", nil,
			func(p *parser, v []string) error {
				d, err := parseTime(v[0])
				p.cfg.hostTimeout = d
				return err
			}},

		{[]string{"timeout"}, "SECONDS", groupEnd, "end the job after this time, with status 110, and say where every rank stands (also MPIEXEC_TIMEOUT)", nil,
			func(p *parser, v []string) error {
				d, err := parseTime(v[0])
				p.cfg.timeout = d
				return err
			}},
		{[]string{"get-stack-traces"}, "", groupEnd, "at the time-out, also print the stacks of all goroutines of every rank", nil,
			func(p *parser, _ []string) error { p.cfg.stacks = true; return nil }},
		{[]string{"report-state-on-timeout"}, "", groupEnd, "say at the time-out where every rank stands (default)", nil, nothing},
		{[]string{"disable-auto-cleanup"}, "", groupEnd, "let the other ranks run on when one fails", nil,
			func(p *parser, _ []string) error { p.cfg.keepGoing = true; return nil }},

		{[]string{"v", "verbose"}, "", groupInfo, "say what is started and how it ends", nil,
			func(p *parser, _ []string) error { p.cfg.verbose = true; return nil }},
		{[]string{"q", "quiet"}, "", groupInfo, "do not say why a job failed", nil,
			func(p *parser, _ []string) error { p.cfg.quiet = true; return nil }},
		{[]string{"version", "V", "info"}, "", groupInfo, "print the version", nil,
			func(*parser, []string) error { return errVersion }},
		{[]string{"help", "h", "?"}, "", groupInfo, "print this help; --help=environment: the environment variables", []string{"environment"},
			func(p *parser, v []string) error { p.cfg.topic = strings.Join(v, ""); return errHelp }},
		{[]string{"man"}, "", groupInfo, "print the manual page, for man -l", nil,
			func(p *parser, _ []string) error { p.cfg.topic = "man"; return errHelp }},
		{[]string{"completion"}, "SHELL", groupInfo, "print a completion script for bash, zsh or fish", []string{"bash", "zsh", "fish"},
			func(p *parser, v []string) error { p.cfg.completion = v[0]; return errHelp }},

		{[]string{"allow-run-as-root"}, "", groupIgnored, "root is not refused", nil, nothing},
		{[]string{"mca", "gmca", "pmca", "prtemca", "pmixmca"}, "K V", groupIgnored, "a setting of Open MPI; of these, plm_rsh_agent has an effect", nil,
			func(p *parser, v []string) error { return p.mca(v[0], v[1]) }},
		{[]string{"rmk"}, "X", groupIgnored, "where the resources of the job are from", nil, nothing},
		{[]string{"rank-by", "order-nodes", "localhost", "topolib", "demux", "tune"}, "X", groupIgnored, "", nil, nothing},
		{[]string{"disable-hostname-propagation", "nolocal", "skip-launch-node", "enable-x", "disable-x"}, "", groupIgnored, "", nil, nothing},
	}
}

// setting sets a variable by "K V" or "K=V".
func setting(e *environ, v []string) error {
	if len(v) == 1 {
		name, value, _ := strings.Cut(v[0], "=")
		return e.set(name, value)
	}
	return e.set(v[0], v[1])
}

func nothing(*parser, []string) error { return nil }

// find returns the option with a name (without dashes), nil if there is none.
func find(name string) *option {
	for i := range options {
		for _, n := range options[i].names {
			if n == name {
				return &options[i]
			}
		}
	}
	return nil
}

// maxRanks is far above what a machine can hold, and far below what would make
// it unusable while failing.
const maxRanks = 1 << 16

func parseRanks(text string) (int, error) {
	n, err := strconv.Atoi(text)
	switch {
	case err != nil:
		return 0, fmt.Errorf("%q is not a number", text)
	case n < 1:
		return 0, fmt.Errorf("%d ranks: at least 1 is needed", n)
	case n > maxRanks:
		return 0, fmt.Errorf("%d ranks: at most %d on one machine", n, maxRanks)
	}
	return n, nil
}

// parseTime reads seconds, or a time with a unit (90s, 5m, 1h30m).
func parseTime(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil {
		d, err = time.ParseDuration(text + "s")
	}
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%q is not a time: write seconds, or 5m, 1h30m", text)
	}
	return d, nil
}

func (p *parser) universe(text string) error {
	switch strings.ToUpper(text) {
	case "SYSTEM", "INFINITE":
		p.cfg.universe = 0
		return nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return fmt.Errorf("%q is not a number of at least 1", text)
	}
	p.cfg.universe = n
	return nil
}

func (p *parser) outputDir(text string) error {
	dir, how, _ := strings.Cut(text, ":")
	for w := range strings.SplitSeq(how, ",") {
		switch w {
		case "":
		case "nocopy":
			p.cfg.outputOnly = true
		case "nojobid":
			p.cfg.outputNoJob = true
		default:
			return fmt.Errorf("%q is not one of nocopy, nojobid", w)
		}
	}
	if dir == "" {
		return errors.New("no folder is given")
	}
	p.cfg.outputDir = dir
	return nil
}

func (p *parser) stdin(text string) error {
	switch text {
	case "all":
		p.cfg.stdin = launch.StdinAll
	case "none":
		p.cfg.stdin = launch.StdinNone
	default:
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return fmt.Errorf("%q is not a rank, all or none", text)
		}
		p.cfg.stdin = n
	}
	return nil
}

func (p *parser) export(text string) error {
	name, value, isSet := strings.Cut(text, "=")
	if isSet {
		return p.app.env.set(name, value)
	}
	return p.app.env.pass(name)
}
