package hosts

import (
	"strconv"
	"strings"
)

// Slot is a part of the cores of a host.
type Slot struct {
	Socket int // -1: First and Last count the processors of the whole host
	First  int // -1: all of the socket
	Last   int
}

// ParseSlots reads the cores of a rank: items with commas between them, of which N
// and N-M are processors of the host, S:N and S:N-M the cores of socket S, and S:*
// all of it. The cores of one socket go on behind a comma (0:0,1 are cores 0 and 1 of
// socket 0); a semicolon begins anew.
func ParseSlots(list string) ([]Slot, error) { return Place{}.slots(list) }

func (p Place) slots(list string) ([]Slot, error) {
	var out []Slot
	for part := range strings.SplitSeq(list, ";") {
		socket := -1
		for item := range strings.SplitSeq(part, ",") {
			if s, rest, ok := strings.Cut(item, ":"); ok {
				var err error
				if socket, err = p.count("the socket in slot="+list, strings.TrimPrefix(strings.ToLower(s), "p"), 0); err != nil {
					return nil, err
				}
				item = rest
			}
			if item == "*" {
				if socket < 0 {
					return nil, p.errorf("slot=%s: * stands behind a socket, as in 0:*", list)
				}
				out = append(out, Slot{socket, -1, -1})
				continue
			}
			first, last, isRange := strings.Cut(item, "-")
			from, err := p.count("a core in slot="+list, first, 0)
			if err != nil {
				return nil, err
			}
			to := from
			if isRange {
				if to, err = p.count("a core in slot="+list, last, 0); err != nil {
					return nil, err
				}
				if to < from {
					return nil, p.errorf("slot=%s: the range %s goes downwards", list, item)
				}
			}
			out = append(out, Slot{socket, from, to})
		}
	}
	return out, nil
}

// String writes a slot as it is read.
func (s Slot) String() string {
	if s.First < 0 {
		return strconv.Itoa(s.Socket) + ":*"
	}
	text := strconv.Itoa(s.First)
	if s.Last > s.First {
		text += "-" + strconv.Itoa(s.Last)
	}
	if s.Socket >= 0 {
		text = strconv.Itoa(s.Socket) + ":" + text
	}
	return text
}
