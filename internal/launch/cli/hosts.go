package cli

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// remote is said of a host that is not this one.
const remote = "other hosts are not supported by this version of mpiexec, only this one (%s)"

// hostList reads the value of -host: NAME[:N],NAME[:N]. Each mention without N
// is one rank, as the launchers of MPICH and Open MPI count.
func (p *parser) hostList(list string) error {
	for item := range strings.SplitSeq(list, ",") {
		name, slots := strings.TrimSpace(item), 1
		if name == "" {
			return errors.New("a name is missing")
		}
		if h, n, ok := cutSlots(name); ok {
			name = h
			switch count, err := strconv.Atoi(n); {
			case n == "*":
				slots = 0 // as many as the host has cores
			case err != nil || count < 1:
				return fmt.Errorf("%q is not a number of at least 1", n)
			default:
				slots = count
			}
		}
		if err := p.addHost(name, slots); err != nil {
			return err
		}
	}
	return nil
}

// cutSlots splits name:slots; a colon inside of an IPv6 address is none.
func cutSlots(s string) (name, slots string, ok bool) {
	if strings.HasPrefix(s, "[") {
		end := strings.Index(s, "]")
		if end < 0 {
			return s, "", false
		}
		slots, ok = strings.CutPrefix(s[end+1:], ":")
		return s[1:end], slots, ok
	}
	if strings.Count(s, ":") != 1 {
		return s, "", false
	}
	return strings.Cut(s, ":")
}

func (p *parser) addHost(name string, slots int) error {
	if _, host, ok := strings.Cut(name, "@"); ok {
		name = host
	}
	if !isLocal(name) {
		own, _ := os.Hostname()
		return usagef("host %s: "+remote, name, own)
	}
	if p.cfg.hostsGiven && p.cfg.slots == 0 || slots == 0 {
		p.cfg.slots = 0
	} else {
		p.cfg.slots += slots
	}
	p.cfg.hostsGiven = true
	return nil
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

// hostFile reads a file of hosts: those of MPICH (host[:N] user=NAME) and of
// Open MPI (user@host slots=N max_slots=N, ^host to leave out) in one.
func (p *parser) hostFile(name string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return plainError(err)
	}
	hosts, err := parseHostFile(string(text))
	if err != nil {
		return err
	}
	if len(hosts) == 0 {
		return errors.New("it names no host")
	}
	for _, h := range hosts {
		if err := p.addHost(h.name, h.slots); err != nil {
			var u *usageError
			if errors.As(err, &u) {
				return usagef("%s, line %d: %v", name, h.line, err)
			}
			return err
		}
	}
	return nil
}

// A hostLine is a host of a host file.
type hostLine struct {
	name  string
	slots int
	line  int
}

func parseHostFile(text string) ([]hostLine, error) {
	// Open MPI's comments /* … */ may span lines: keep the line ends.
	var clean strings.Builder
	for {
		before, rest, ok := strings.Cut(text, "/*")
		clean.WriteString(before)
		if !ok {
			break
		}
		comment, after, ok := strings.Cut(rest, "*/")
		if !ok {
			return nil, errors.New("a comment /* is not closed")
		}
		clean.WriteString(strings.Repeat("\n", strings.Count(comment, "\n")))
		text = after
	}
	var out []hostLine
	excluded := map[string]bool{}
	number := 0
	for line := range strings.SplitSeq(clean.String(), "\n") {
		number++
		line, _, _ = strings.Cut(line, "#")
		line, _, _ = strings.Cut(line, "//")
		words := strings.Fields(strings.ReplaceAll(line, " =", "="))
		if len(words) == 0 {
			continue
		}
		h := hostLine{name: words[0], slots: 1, line: number}
		if name, ok := strings.CutPrefix(h.name, "^"); ok {
			excluded[name] = true
			continue
		}
		if name, n, ok := cutSlots(h.name); ok {
			count, err := strconv.Atoi(n)
			if err != nil || count < 1 {
				return nil, fmt.Errorf("line %d: %q is not a number of at least 1", number, n)
			}
			h.name, h.slots = name, count
		}
		for _, w := range words[1:] {
			key, value, _ := strings.Cut(w, "=")
			switch strings.ToLower(key) {
			case "slots", "cpu", "cpus", "count":
				count, err := strconv.Atoi(value)
				if err != nil || count < 0 {
					return nil, fmt.Errorf("line %d: %q is not a number", number, value)
				}
				h.slots = count
			case "max_slots", "max-slots", "user", "username", "port", "binding", "ifhn":
			default:
				return nil, fmt.Errorf("line %d: %q is not known; write HOST, HOST:N or HOST slots=N", number, w)
			}
		}
		out = append(out, h)
	}
	kept := out[:0]
	for _, h := range out {
		if !excluded[h.name] {
			kept = append(kept, h)
		}
	}
	return kept, nil
}
