package hosts

import (
	"strconv"
	"strings"
)

// most is the largest number that is taken for slots or a rank.
const most = 1 << 20

// count reads a number of at least least.
func (p Place) count(what, text string, least int) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, p.errorf("%s is %q: a number of %d to %d is wanted", what, text, least, most)
	}
	return n, nil
}

// host reads USER@NAME:N, of which only NAME has to be there.
func (p Place) host(text string) (Host, error) {
	h := Host{Slots: 1, At: p}
	name := text
	if user, rest, ok := cutLast(name, "@"); ok {
		if h.User, name = user, rest; user == "" {
			return h, p.errorf("%q: the user's name before @ is missing", text)
		}
		if strings.ContainsAny(user, "@:") {
			return h, p.errorf("%q: %q is no name of a user", text, user)
		}
	}
	slots, has := "", false
	if strings.HasPrefix(name, "[") {
		inside, rest, ok := strings.Cut(name[1:], "]")
		if !ok {
			return h, p.errorf("%q: the bracket of the address is not closed", text)
		}
		if slots, has = strings.CutPrefix(rest, ":"); !has && rest != "" {
			return h, p.errorf("%q: %q follows the address", text, rest)
		}
		name = inside
	} else if strings.Count(name, ":") == 1 { // more of them are an IPv6 address
		name, slots, has = strings.Cut(name, ":")
	}
	if name == "" {
		return h, p.errorf("%q: the name of the host is missing", text)
	}
	if i := strings.IndexFunc(name, notInName); i >= 0 {
		return h, p.errorf("%q: %q is not in the name of a host", text, name[i:i+1])
	}
	h.Name = name
	if !has {
		return h, nil
	}
	h.Given = true
	if slots == "*" {
		h.Slots = 0
		return h, nil
	}
	var err error
	h.Slots, err = p.count("the number behind "+name, slots, 1)
	return h, err
}

// cutLast is strings.Cut at the last separator.
func cutLast(s, sep string) (before, after string, ok bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return "", s, false
}

// notInName tells what no name and no address of a host contains. A name that
// begins with a minus would be an option of the remote shell.
func notInName(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r > 0x7f:
		return false
	}
	return !strings.ContainsRune(".-_:%+", r)
}
