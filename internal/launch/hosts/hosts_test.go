package hosts

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// short writes hosts in one line: USER@NAME:PORT/SLOTS/MOST.
func short(hosts []Host) string {
	var out []string
	for _, h := range hosts {
		s := h.Name
		if h.User != "" {
			s = h.User + "@" + s
		}
		if h.Port != 0 {
			s += fmt.Sprintf(" port %d", h.Port)
		}
		s += fmt.Sprintf(" %d", h.Slots)
		if h.Given {
			s += "!"
		}
		if h.Most > 0 {
			s += fmt.Sprintf(" of %d", h.Most)
		}
		out = append(out, s)
	}
	return strings.Join(out, "; ")
}

func TestParseList(t *testing.T) {
	for list, want := range map[string]string{
		"a":                       "a 1",
		"a:2,b":                   "a 2!; b 1",
		"a,b,a":                   "a 2!; b 1",
		"a:2,a:3":                 "a 5!",
		"A,a":                     "A 2!",
		"a:*,b:1":                 "a 0!; b 1!",
		"a:*,a":                   "a 0!",
		" a , b ":                 "a 1; b 1",
		"pi@192.168.0.11:2":       "pi@192.168.0.11 2!",
		"x@a,y@a":                 "x@a 1; y@a 1",
		"[fe80::1]:7":             "fe80::1 7!",
		"fe80::2":                 "fe80::2 1",
		"fe80::1%eth0":            "fe80::1%eth0 1",
		"pi@[::1]:3":              "pi@::1 3!",
		"node-7.example.org:16,b": "node-7.example.org 16!; b 1",
		"bücher":                  "bücher 1",
	} {
		got, err := ParseList(list)
		if err != nil || short(got) != want {
			t.Errorf("%q gives %q, %v; want %q", list, short(got), err, want)
		}
	}
	for list, want := range map[string]string{
		"":                 "is missing",
		"a,":               "is missing",
		",a":               "is missing",
		":2":               "the name of the host is missing",
		"@a":               "the user's name before @ is missing",
		"a@":               "the name of the host is missing",
		"a:0":              `the number behind a is "0"`,
		"a:-1":             `the number behind a is "-1"`,
		"a:x":              `the number behind a is "x"`,
		"a:":               `the number behind a is ""`,
		"a:99999999999":    "a number of 1 to",
		"a b":              `" " is not in the name of a host`,
		"a;rm":             `";" is not in the name of a host`,
		"$(id)":            `"$" is not in the name of a host`,
		"-oProxyCommand=x": "is not in the name of a host",
		"-v":               "begins with a minus",
		"-l@a":             "begins with a minus",
		"[fe80::1":         "bracket of the address is not closed",
		"[fe80::1]7":       `"7" follows the address`,
		"a/b":              `"/" is not in the name`,
		"x@y@a":            "is no name of a user",
	} {
		if got, err := ParseList(list); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives %q, error %v; want %q", list, short(got), err, want)
		}
	}
}

func TestParseFile(t *testing.T) {
	for text, want := range map[string]string{
		// The machinefile and the hostfile of the report.
		"pi@192.168.0.10:4\npi@192.168.0.11:2\npi@192.168.0.12:2\n":     "pi@192.168.0.10 4!; pi@192.168.0.11 2!; pi@192.168.0.12 2!",
		"192.168.0.10 slots=4\n192.168.0.11 slots=2 max_slots=4\n":      "192.168.0.10 4!; 192.168.0.11 2! of 4",
		"a\nb:3 user=x\nc slots=4 max-slots=8\n\nd@e:2 # f\n^g\ng:9\n":  "a 1; x@b 3!; c 4! of 8; d@e 2!",
		"/* h\n i */ j cpu = 5\nk // l\n/**/m/* n */ slots=2 /* o */\n": "j 5!; k 1; m 2!",
		"a\r\nb:2\r\n":                  "a 1; b 2!",
		"\ufeffa\n":                     "a 1",
		"a\nb\na\n":                     "a 2!; b 1",
		"a port=2222 count=3":           "a port 2222 3!",
		"a:2\n^A\nb":                    "b 1",
		"a SLOTS=2":                     "a 2!",
		"a slots=2 max_slots=2":         "a 2! of 2",
		"a max_slots=2\na max_slots=3":  "a 2! of 5",
		"host ifhn=eth0 binding=user:0": "host 1",
	} {
		got, err := ParseFile("f", text)
		if err != nil || short(got) != want {
			t.Errorf("%q gives %q, %v; want %q", text, short(got), err, want)
		}
	}
	for text, want := range map[string]string{
		"":                         "f: it names no host",
		"# only\n/* this */\n":     "f: it names no host",
		"a\n^a\n":                  "f:1: every host of the file is left out",
		"a:0":                      `f:1: the number behind a is "0"`,
		"a\nb:x":                   `f:2: the number behind b is "x"`,
		"a slots=0":                `f:1: slots is "0"`,
		"a slots=":                 `f:1: slots is ""`,
		"a slots":                  `f:1: "slots" is not known: write HOST`,
		"a slots=two":              `f:1: slots is "two"`,
		"a slots=2 slots=3":        "f:1: slots=3: the number of ranks on a is given twice",
		"a:2 slots=3":              "f:1: slots=3: the number of ranks on a is given twice",
		"a slots=4 max_slots=2":    "f:1: 4 slots are more than max_slots=2",
		"\n\na speed=9":            `f:3: "speed" is not known: there are slots`,
		"a b":                      `f:1: "b" is not known: write HOST`,
		"a user=":                  `f:1: user=: "" is no name`,
		"x@a user=y":               "f:1: user=y: the user on a is x already",
		"a user=-oX":               "is no name of a user",
		"a port=0":                 `f:1: port is "0"`,
		"a port=70000":             `f:1: port is "70000"`,
		"a\n/* b\nc\n":             "f:2: the comment that begins here with /* is not closed",
		"^":                        "f:1: \"\": the name of the host is missing",
		"^a slots=2":               `f:1: "slots=2" follows "^a"`,
		"a\x00b":                   "f:1: it has a byte 0",
		"-v":                       `f:1: "-v" begins with a minus`,
		"a;b":                      `f:1: "a;b": ";" is not in the name`,
		"[::1 slots=2":             "f:1: \"[::1\": the bracket",
		"=2":                       `f:1: "=2": "=" is not in the name`,
		"a slots=9999999999999999": "f:1: slots is",
	} {
		if got, err := ParseFile("f", text); err == nil || !strings.HasPrefix(err.Error(), "f:") || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives %q, error %v; want %q", text, short(got), err, want)
		}
	}
}

func ranks(list []Rank) string {
	var out []string
	for _, r := range list {
		s := short([]Host{r.Host})
		s = strings.TrimSuffix(s, " 1")
		if r.Index >= 0 {
			s = fmt.Sprintf("+n%d", r.Index)
		}
		var slots []string
		for _, x := range r.Slots {
			slots = append(slots, x.String())
		}
		out = append(out, fmt.Sprintf("%d %s [%s]", r.Rank, s, strings.Join(slots, " ")))
	}
	return strings.Join(out, "; ")
}

func TestParseRankfile(t *testing.T) {
	for text, want := range map[string]string{
		// The rankfile of the report.
		"rank 0=pi@192.168.0.10 slot=1:0\nrank 1=pi@192.168.0.11 slot=1:1\n": "0 pi@192.168.0.10 [1:0]; 1 pi@192.168.0.11 [1:1]",
		"rank 1=b slot=0-2,4\nrank 0=a":                                      "0 a []; 1 b [0-2 4]",
		"rank 0=+n1 slot=0:0,1":                                              "0 +n1 [0:0 0:1]",
		"RANK 0 = a slot = 0:*  # all\n":                                     "0 a [0:*]",
		"rank 0=a slot=0:0-2;1:3":                                            "0 a [0:0-2 1:3]",
		"rank 0=[::1] slot=p1:3":                                             "0 ::1 [1:3]",
		"rank 0=a slots=3":                                                   "0 a [3]",
	} {
		got, err := ParseRankfile("r", text)
		if err != nil || ranks(got) != want {
			t.Errorf("%q gives %q, %v; want %q", text, ranks(got), err, want)
		}
	}
	for text, want := range map[string]string{
		"":                            "r: it names no rank",
		"0=a slot=0":                  `r:1: "0=a": a line has the form`,
		"rank":                        "r:1: the number of the rank is missing",
		"rank 0 a":                    `r:1: "0": N=HOST is wanted`,
		"rank x=a":                    `r:1: the rank is "x"`,
		"rank -1=a":                   `r:1: the rank is "-1"`,
		"rank 0=":                     `r:1: "": the name of the host is missing`,
		"rank 0=a\nrank 0=b":          "r:2: rank 0 is in line 1 already",
		"rank 0=a\nrank 2=b":          "r:2: rank 2 is here, and rank 1 is nowhere",
		"rank 1=a":                    "r:1: rank 1 is here, and rank 0 is nowhere",
		"rank 0=+nx":                  `r:1: the number of the host behind +n is "x"`,
		"rank 0=a:2 slot=1":           `r:1: "a:2": a rankfile has no number of ranks`,
		"rank 0=a core=1":             `r:1: "core=1" is not known: slot=LIST`,
		"rank 0=a slot":               `r:1: a core in slot= is ""`,
		"rank 0=a slot=":              `r:1: a core in slot= is ""`,
		"rank 0=a slot=1, 2":          `r:1: "2" follows the slots`,
		"rank 0=a slot=x":             `r:1: a core in slot=x is "x"`,
		"rank 0=a slot=3-1":           "r:1: slot=3-1: the range 3-1 goes downwards",
		"rank 0=a slot=*":             "r:1: slot=*: * stands behind a socket",
		"rank 0=a slot=1:":            `r:1: a core in slot=1: is ""`,
		"rank 0=a slot=x:1":           `r:1: the socket in slot=x:1 is "x"`,
		"rank 0=a slot=1;;2":          "r:1: a core in slot=1;;2 is",
		"rank 0=a slot=1 slot=2":      `r:1: "slot=2" follows the slots`,
		"rank 0=-v":                   `r:1: "-v" begins with a minus`,
		"/* rank 0=a":                 "r:1: the comment that begins here",
		"rank 0=a slot=0-99999999999": "r:1: a core in slot=0-99999999999 is",
	} {
		if got, err := ParseRankfile("r", text); err == nil || !strings.HasPrefix(err.Error(), "r:") || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives %q, error %v; want %q", text, ranks(got), err, want)
		}
	}
}

// Whatever is written, the answer is hosts with names and numbers in their bounds,
// or an error that says where.
func FuzzParse(f *testing.F) {
	f.Add("a:2 slots=3\n^b\n/* c */ d@e:*\n")
	f.Add("rank 0=pi@a slot=1:0,2;0:*\nrank 1=+n1\n")
	f.Add("a,b:2,[::1]:3")
	f.Fuzz(func(t *testing.T, text string) {
		check := func(hosts []Host, err error) {
			for _, h := range hosts {
				if h.Name == "" || strings.HasPrefix(h.Name, "-") || strings.ContainsAny(h.Name, " \n\t'\"$`;&|<>\\") || h.Slots < 0 || h.Most < 0 || h.Port < 0 || h.Port > 65535 {
					t.Errorf("%q gives %+v", text, h)
				}
			}
			if err != nil && strings.TrimSpace(err.Error()) == "" {
				t.Errorf("%q gives an error without words", text)
			}
		}
		check(ParseFile("f", text))
		check(ParseList(text))
		list, err := ParseRankfile("r", text)
		for i, r := range list {
			if r.Rank != i || r.Index < 0 && r.Host.Name == "" {
				t.Errorf("%q gives %+v", text, r)
			}
			var again []string
			for _, s := range r.Slots {
				again = append(again, s.String())
			}
			if got, err := ParseSlots(strings.Join(again, ";")); r.Slots != nil && (err != nil || !cmp.Equal(got, r.Slots)) {
				t.Errorf("%v is read as %v, %v", r.Slots, got, err)
			}
		}
		if err != nil && !strings.HasPrefix(err.Error(), "r:") {
			t.Errorf("%q gives %v", text, err)
		}
	})
}
