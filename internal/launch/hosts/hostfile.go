package hosts

import "strings"

// ParseFile reads a file of hosts: a line for each, in the form of MPICH
// (HOST[:N] user=NAME), of Open MPI (USER@HOST slots=N max_slots=N, ^HOST to leave
// one out) or a mixture. What follows # or // is a comment, and what stands between
// /* and */, also over several lines. file is the name for errors.
func ParseFile(file, text string) ([]Host, error) {
	var out []Host
	excluded := map[string]Place{}
	err := eachLine(file, text, func(p Place, line string) error {
		words := fields(line)
		if name, ok := strings.CutPrefix(words[0], "^"); ok {
			h, err := p.named(name)
			if err != nil {
				return err
			}
			if len(words) > 1 {
				return p.errorf("%q follows %q, which leaves a host out", words[1], words[0])
			}
			excluded[strings.ToLower(h.Name)] = p
			return nil
		}
		h, err := p.named(words[0])
		if err != nil {
			return err
		}
		for _, w := range words[1:] {
			if err := h.set(p, w); err != nil {
				return err
			}
		}
		if h.Most > 0 && h.Slots > h.Most {
			return p.errorf("%d slots are more than max_slots=%d", h.Slots, h.Most)
		}
		out = append(out, h)
		return nil
	})
	if err != nil {
		return nil, err
	}
	kept := out[:0]
	for _, h := range out {
		if _, leave := excluded[strings.ToLower(h.Name)]; !leave {
			kept = append(kept, h)
		}
	}
	if len(kept) == 0 {
		if len(out) > 0 {
			return nil, out[0].At.errorf("every host of the file is left out")
		}
		return nil, Place{File: file}.errorf("it names no host")
	}
	return merge(kept), nil
}

// set takes up KEY=VALUE behind a host.
func (h *Host) set(p Place, word string) error {
	key, value, ok := strings.Cut(word, "=")
	if !ok {
		return p.errorf("%q is not known: write HOST, HOST:N or HOST slots=N", word)
	}
	var err error
	switch strings.ToLower(key) {
	case "slots", "cpu", "cpus", "count":
		if h.Given {
			return p.errorf("%s: the number of ranks on %s is given twice", word, h.Name)
		}
		h.Slots, err = p.count(key, value, 1)
		h.Given = true
	case "max_slots", "max-slots", "maxslots":
		h.Most, err = p.count(key, value, 1)
	case "user", "username":
		if h.User != "" && h.User != value {
			return p.errorf("%s: the user on %s is %s already", word, h.Name, h.User)
		}
		if h.User = value; value == "" || strings.HasPrefix(value, "-") || strings.ContainsAny(value, "@:") {
			return p.errorf("%s: %q is no name of a user", word, value)
		}
	case "port":
		if h.Port, err = p.count(key, value, 1); err == nil && h.Port > 65535 {
			return p.errorf("port is %q: a number of 1 to 65535 is wanted", value)
		}
	case "binding", "ifhn": // of MPICH and Intel MPI, about placement and networks
	default:
		return p.errorf("%q is not known: there are slots, max_slots, user and port", key)
	}
	return err
}

// fields divides a line into words; KEY = VALUE is one.
func fields(line string) []string {
	for _, s := range []string{" =", "= ", "\t=", "=\t"} {
		for strings.Contains(line, s) {
			line = strings.ReplaceAll(line, s, "=")
		}
	}
	return strings.Fields(line)
}

// eachLine calls f with every line that is not empty, without comments.
func eachLine(file, text string, f func(p Place, line string) error) error {
	p := Place{File: file}
	text = strings.TrimPrefix(text, "\ufeff")
	opened := 0 // the line of a /* that is not closed yet
	for line := range strings.Lines(text) {
		p.Line++
		line = strings.TrimRight(line, "\r\n")
		var kept strings.Builder
		for line != "" {
			if opened > 0 {
				_, after, ok := strings.Cut(line, "*/")
				if !ok {
					break
				}
				opened, line = 0, after
				kept.WriteByte(' ')
				continue
			}
			i := len(line)
			for _, mark := range []string{"#", "//", "/*"} {
				if k := strings.Index(line, mark); k >= 0 && k < i {
					i = k
				}
			}
			kept.WriteString(line[:i])
			if !strings.HasPrefix(line[i:], "/*") {
				break
			}
			opened, line = p.Line, line[i+2:]
		}
		if strings.ContainsRune(kept.String(), 0) {
			return p.errorf("it has a byte 0: it is no text")
		}
		if strings.TrimSpace(kept.String()) == "" {
			continue
		}
		if err := f(p, kept.String()); err != nil {
			return err
		}
	}
	if opened > 0 {
		return Place{file, opened}.errorf("the comment that begins here with /* is not closed")
	}
	return nil
}
