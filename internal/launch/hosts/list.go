package hosts

import "strings"

// ParseList reads the value of -host: NAME[:N],NAME[:N], where a name may have a
// user in front, and N may be * for as many as the host has cores. A host that is
// named several times takes as many ranks more.
func ParseList(list string) ([]Host, error) {
	var p Place
	var out []Host
	for item := range strings.SplitSeq(list, ",") {
		item = strings.TrimSpace(item)
		if item == "" {
			return nil, p.errorf("%q: the name of a host is missing", list)
		}
		h, err := p.named(item)
		if err != nil {
			return nil, err
		}
		out = append(out, h)
	}
	return merge(out), nil
}

// named is host for a name that becomes an argument of a remote shell.
func (p Place) named(text string) (Host, error) {
	h, err := p.host(text)
	if err == nil && (strings.HasPrefix(h.Name, "-") || strings.HasPrefix(h.User, "-")) {
		return h, p.errorf("%q begins with a minus", text)
	}
	return h, err
}

// merge makes one of the mentions of a host by the same user. Their slots add up.
func merge(hosts []Host) []Host {
	type who struct {
		name, user string
		port       int
	}
	at := map[who]int{}
	out := hosts[:0:0]
	for _, h := range hosts {
		w := who{strings.ToLower(h.Name), h.User, h.Port}
		i, seen := at[w]
		if !seen {
			at[w] = len(out)
			out = append(out, h)
			continue
		}
		o := &out[i]
		switch {
		case o.Slots == 0 || h.Slots == 0:
			o.Slots = 0
		default:
			o.Slots += h.Slots
		}
		o.Given = true
		if o.Most > 0 && h.Most > 0 {
			o.Most += h.Most
		} else {
			o.Most = 0
		}
	}
	return out
}
