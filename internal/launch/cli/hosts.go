package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/ringo-mpi/ringo/internal/launch/hosts"
)

// remote is said of a host that is not this one.
const remote = "other hosts are not supported by this version of mpiexec, only this one (%s)"

// hostList reads the value of -host.
func (p *parser) hostList(list string) error {
	named, err := hosts.ParseList(list)
	if err != nil {
		return err
	}
	return p.addHosts(named)
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
	return p.addHosts(named)
}

// addHosts takes up hosts that ranks are to run on, and how many.
func (p *parser) addHosts(named []hosts.Host) error {
	for _, h := range named {
		if err := onlyHere(h); err != nil {
			return err
		}
		if p.cfg.hostsGiven && p.cfg.slots == 0 || h.Slots == 0 {
			p.cfg.slots = 0
		} else {
			p.cfg.slots += h.Slots
		}
		p.cfg.hostsGiven = true
	}
	return nil
}

// onlyHere refuses a host that is not this one.
func onlyHere(h hosts.Host) error {
	if isLocal(h.Name) {
		return nil
	}
	own, _ := os.Hostname()
	return usagef("%v", &hosts.Error{Place: h.At, What: fmt.Sprintf("host %s: "+remote, h.Name, own)})
}

// isLocal reports whether a name is one of this machine's.
func isLocal(name string) bool {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	switch name {
	case "localhost", "localhost.localdomain", "ip6-localhost", "::1", "[::1]", "+n0":
		return true
	}
	if strings.HasPrefix(name, "127.") {
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
