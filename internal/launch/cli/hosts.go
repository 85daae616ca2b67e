package cli

import (
	"os"
	"strings"

	"github.com/ringo-mpi/ringo/internal/launch"
	"github.com/ringo-mpi/ringo/internal/launch/hosts"
)

// hostList reads the value of -host, which is for the program that follows, or of
// -hosts, which is for all.
func (p *parser) hostList(list string, all bool) error {
	named, err := hosts.ParseList(list)
	if err != nil {
		return err
	}
	if all {
		p.cfg.hosts = append(p.cfg.hosts, named...)
	} else {
		p.app.hosts = append(p.app.hosts, named...)
	}
	return nil
}

// hostFile reads a file of hosts.
func (p *parser) hostFile(name string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return plainError(err)
	}
	named, err := hosts.ParseFile(name, string(text))
	if err != nil {
		return usagef("%v", err)
	}
	p.cfg.hosts = append(p.cfg.hosts, named...)
	return nil
}

// hostsGiven reports whether anything says on which hosts the ranks are to run.
func (c *config) hostsGiven() bool {
	for _, a := range c.apps {
		if a.hosts != nil {
			return true
		}
	}
	return c.hosts != nil
}

// reachBy reads the value of -launcher.
func (p *parser) reachBy(name string) error {
	p.cfg.launcher = name
	return nil
}

// mca takes up the settings of Open MPI that mean something here.
func (p *parser) mca(key, value string) error {
	switch key {
	case "plm_rsh_agent", "plm_ssh_agent":
		p.cfg.launcherExec = value
	}
	return nil
}

// isLocal reports whether a name is one of this machine's.
func isLocal(name string) bool {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	switch name {
	case "localhost", "localhost.localdomain", "ip6-localhost", "::1", "[::1]", "+n0":
		return true
	}
	if strings.HasPrefix(name, "127.") || launch.IsOwnAddress(name) {
		return true
	}
	own, err := os.Hostname()
	if err != nil {
		return false
	}
	own = strings.ToLower(own)
	short, _, _ := strings.Cut(own, ".")
	return name == own || name == short || strings.HasPrefix(name, own+".")
}

// spread makes the description of where the ranks run, nil if all run here. The job
// has its programs.
func (c *config) spread(place *placing, stderrLine func(host, line string)) (*launch.Spread, error) {
	if place.alone() {
		return nil, nil
	}
	s := &launch.Spread{
		Place: place.of, Here: place.here, Agent: []string{agentWord}, Silence: c.hostTimeout,
		Interface: c.iface, Preload: c.preload, Launcher: c.launcher, Command: strings.Fields(c.launcherExec),
		Bind:   launch.Binding{To: c.bind, By: c.mapBy, File: c.rankfile, Report: c.reportBindings},
		Report: stderrLine,
	}
	switch c.launcher {
	case "", "ssh", "rsh", "fork":
	default:
		return nil, usagef("-launcher %s: there are ssh, rsh, fork, and -launcher-exec PROGRAM for one that is called like ssh", c.launcher)
	}
	for _, m := range place.machines {
		s.Hosts = append(s.Hosts, launch.Remote{Name: m.Name, User: m.User, Port: m.Port})
	}
	return s, nil
}

// reachFromEnvironment takes up how other hosts are reached, where no option says it.
func (c *config) reachFromEnvironment() {
	for _, v := range []struct {
		name  string
		field *string
	}{
		{"HYDRA_LAUNCHER", &c.launcher}, {"HYDRA_LAUNCHER_EXEC", &c.launcherExec}, {"HYDRA_IFACE", &c.iface},
		{"OMPI_MCA_plm_rsh_agent", &c.launcherExec},
	} {
		if *v.field == "" {
			*v.field = os.Getenv(v.name)
		}
	}
}
