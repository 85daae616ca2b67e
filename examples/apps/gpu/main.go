// Gpu says which rank uses which GPU: on every computer the ranks take the
// devices in turn, local rank modulo number of devices.
//
//	mpiexec -n 4 ./examples/apps/gpu
//	CUDA_VISIBLE_DEVICES=0,1 mpiexec -n 4 ./examples/apps/gpu
//	mpiexec -n 4 ./examples/apps/gpu --devices 2,3
//	RINGO_RANKS=4 go run ./examples/apps/gpu
//
// The devices are those of the option, or of CUDA_VISIBLE_DEVICES,
// ROCR_VISIBLE_DEVICES or HIP_VISIBLE_DEVICES, as each rank finds them in its
// environment, or else those of NVIDIA and AMD that the computer has (Linux).
// A program that computes on them calls choose before it touches the GPU
// library.
package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/ringo-mpi/ringo/mpi"
	_ "github.com/ringo-mpi/ringo/mpi/native" // under another MPI's launcher its library carries the ranks
	"github.com/ringo-mpi/ringo/params"
	"github.com/ringo-mpi/ringo/params/onroot"
)

type config struct {
	Devices []string `help:"the devices of every computer (default those it has)"`
}

func main() {
	mpi.Main(func(world *mpi.Comm) error { return run(world, os.Args[1:], os.Stdout) })
}

func run(world *mpi.Comm, args []string, out io.Writer) error {
	var cfg config
	set := params.New("gpu", &cfg)
	set.About = "Says which rank uses which GPU of its computer."
	set.Output = out
	if run, err := onroot.Parse(world, set, args); !run {
		return err
	}

	found := devices(os.LookupEnv, os.DirFS("/"))
	if len(cfg.Devices) > 0 {
		found = deviceList{Names: cfg.Devices, Variable: "CUDA_VISIBLE_DEVICES", Why: "option --devices"}
	}
	mine := choose(world, found)
	all, err := mpi.GatherObject(world, mine, 0)
	if err != nil || world.Rank() != 0 {
		return err
	}
	_, err = io.WriteString(out, table(all))
	return err
}

// choice is the device of one rank.
type choice struct {
	Host      string
	LocalRank int
	Device    string // empty for none
	Variable  string // that makes the GPU library see this device only
	Why       string // where the list of devices comes from
}

// choose picks the device of this rank.
func choose(world *mpi.Comm, found deviceList) choice {
	c := choice{Host: world.Host(), LocalRank: world.LocalRank(), Variable: found.Variable, Why: found.Why}
	if len(found.Names) == 0 {
		return c
	}
	c.Device = found.Names[c.LocalRank%len(found.Names)]
	if !world.Engine().InProcess {
		// The GPU library, loaded later, sees one device. Goroutine ranks
		// share one environment: there a rank selects its device by number.
		os.Setenv(c.Variable, c.Device)
	}
	return c
}

// table has a line for each rank, and says so where a computer has no device.
func table(all []choice) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "rank\thost\tlocal rank\tdevice\tfrom")
	without := map[string]string{}
	var hosts []string
	for rank, c := range all {
		device := c.Device
		if device == "" {
			device = "-"
			if without[c.Host] == "" {
				hosts = append(hosts, c.Host)
			}
			without[c.Host] = c.Why
		}
		fmt.Fprintf(w, "%d\t%s\t%d\t%s\t%s\n", rank, c.Host, c.LocalRank, device, c.Why)
	}
	w.Flush()
	text := b.String()
	if allWithout(all) {
		text = ""
	}
	for _, h := range hosts {
		text += fmt.Sprintf("No GPU on %s: %s.\n", h, without[h])
	}
	return text
}

func allWithout(all []choice) bool {
	for _, c := range all {
		if c.Device != "" {
			return false
		}
	}
	return true
}
