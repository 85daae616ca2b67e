package simulate

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringo-mpi/ringo/internal/confile"
	"github.com/ringo-mpi/ringo/internal/ringocmd/cli"
	"github.com/ringo-mpi/ringo/internal/simulate"
)

// network is the values of --params and of the flags of the parameters.
type network struct {
	file   string
	values map[string]*string
}

// flags adds --params and a flag for each parameter.
func (n *network) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&n.file, "params", "", "read the parameters from this file (.toml or .yaml), as ringo bench loggp writes it")
	n.values = map[string]*string{}
	def := simulate.Default()
	names, help := simulate.Parameters()
	for i, name := range names {
		value := new(string)
		n.values[name] = value
		f.StringVar(value, name, def.Get(name), help[i])
	}
}

// read returns the network: the default, what the file says, and what the command
// line says, the later before the earlier.
func (n *network) read(cmd *cobra.Command) (simulate.Network, error) {
	net := simulate.Default()
	if n.file != "" {
		entries, err := confile.Read(n.file)
		if err != nil {
			var wrong *confile.Error
			if errors.As(err, &wrong) || errors.Is(err, os.ErrNotExist) {
				err = cli.Usage(err)
			}
			return net, err
		}
		for _, e := range entries {
			if err := net.Set(e.Key(), fmt.Sprint(e.Value)); err != nil {
				return net, cli.Usage(&confile.Error{File: n.file, Line: e.Line, Key: e.Key(), Msg: err.Error()})
			}
		}
		if err := net.Check(); err != nil {
			return net, cli.Usagef("%s: %w", n.file, err)
		}
	}
	names, _ := simulate.Parameters()
	for _, name := range names {
		if !cmd.Flags().Changed(name) {
			continue
		}
		if err := net.Set(name, *n.values[name]); err != nil {
			return net, cli.Usagef("--%s: %w", name, err)
		}
	}
	if err := net.Check(); err != nil {
		return net, cli.Usagef("--%w", err)
	}
	return net, nil
}

// paramsCommand is ringo simulate params.
func paramsCommand() *cobra.Command {
	var n network
	cmd := &cobra.Command{
		Use:   "params",
		Short: "Print the parameters of a network as a file",
		Long: `Prints the parameters that ringo simulate would use with the same options, as a
file for --params.`,
		Example: `  ringo simulate params > cluster.toml
  ringo simulate params --per-host 128 --latency 1.3us --bandwidth 25GB/s`,
		Args: cli.Args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			net, err := n.read(cmd)
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(cmd.OutOrStdout(), net.Text())
			return err
		},
	}
	n.flags(cmd)
	return cmd
}

// parseSizes reads numbers of bytes: 8,64K,1M.
func parseSizes(texts []string) (sizes []int, err error) {
	for _, text := range texts {
		n, err := parseSize(text)
		if err != nil {
			return nil, err
		}
		sizes = append(sizes, n)
	}
	return sizes, nil
}

// parseSize reads a number of bytes: 4096, 4K, 1M, 1G.
func parseSize(text string) (int, error) {
	number, unit := strings.TrimSpace(text), 1
	for i, suffix := range []string{"K", "M", "G"} {
		if n, ok := strings.CutSuffix(strings.ToUpper(number), suffix); ok {
			number, unit = n, 1<<(10*(i+1))
			break
		}
	}
	n := 0
	for _, c := range number {
		if c < '0' || c > '9' || n > maxSize/10 {
			number = ""
			break
		}
		n = 10*n + int(c-'0')
	}
	if number == "" || n > maxSize/unit {
		return 0, cli.Usagef("--bytes %q is no number of bytes (0 to %dG; K, M, G may follow)", text, maxSize>>30)
	}
	return n * unit, nil
}

// maxSize bounds a message: 1 TiB, and 1 GiB where an int has 32 bits.
const maxSize = 1 << (30 + 10*(^uint(0)>>63))
