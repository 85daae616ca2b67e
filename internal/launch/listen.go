package launch

import "strings"

// At which addresses the ranks of a host are reached: those of the interface that was
// named, or the one at which the host and mpiexec have reached each other. Where
// agents run on this machine, ranks meet on the loopback; where nothing is known, a
// host has its ranks try all of its addresses.

// loopback is what hosts that are one machine reach each other by.
const loopback = "127.0.0.1"

// listen is what another host is told of itself, "" if it is to find out.
func (r *runner) listen(f *far) string {
	s := r.job.Spread
	switch {
	case s.Interface != "":
		return ""
	case s.Launcher == "fork":
		return loopback
	case isLoopback(f.hello.Own) && !r.oneMachine():
		return ""
	}
	return f.hello.Own
}

// listenHere is the same for this host.
func (r *runner) listenHere() (string, error) {
	s := r.job.Spread
	if s.Interface != "" {
		return addresses(s.Interface)
	}
	if r.oneMachine() {
		return loopback, nil
	}
	var list []string
	for _, f := range r.far {
		peer := f.hello.Peer
		if peer == "" || isLoopback(peer) {
			return addresses("")
		}
		if !strings.Contains(","+strings.Join(list, ",")+",", ","+peer+",") {
			list = append(list, peer)
		}
	}
	return strings.Join(list, ","), nil
}

// oneMachine reports whether all hosts are this machine.
func (r *runner) oneMachine() bool {
	if r.job.Spread.Launcher == "fork" {
		return true
	}
	for _, f := range r.far {
		if !isLoopback(f.hello.Own) {
			return false
		}
	}
	return true
}

func isLoopback(text string) bool {
	a := parseIP(text)
	return a != nil && a.loopback()
}
