package enginetest

import (
	"flag"
	"regexp"
	"strings"
	"unicode"
)

// selection is what the flags -run and -skip of go test select. The ranks of a
// world are told at its start which cases they run, before package testing
// decides about the subtests: so its rules are followed here once more.
type selection struct {
	run, skip [][]*regexp.Regexp // alternatives, an expression for each part of a name
}

// selected is the selection of the command line.
func selected() selection {
	value := func(name string) string {
		if f := flag.Lookup(name); f != nil {
			return f.Value.String()
		}
		return ""
	}
	return newSelection(value("test.run"), value("test.skip"))
}

// newSelection takes the values of the two flags. An expression that cannot be
// compiled selects everything: package testing reports it.
func newSelection(run, skip string) (s selection) {
	if run != "" {
		s.run = patterns(run)
	}
	if skip != "" {
		s.skip = patterns(skip)
	}
	return s
}

// wants reports whether the test of a name, with the names of those above it
// before it, is to run.
func (s selection) wants(name string) bool {
	parts := strings.Split(testName(name), "/")
	if ok, _ := matches(s.run, parts); !ok && s.run != nil {
		return false
	}
	skipped, partly := matches(s.skip, parts)
	return !skipped || partly
}

// matches reports whether an alternative matches a name, and whether the first
// that does has expressions for further parts.
func matches(alternatives [][]*regexp.Regexp, parts []string) (ok, partly bool) {
	for _, a := range alternatives {
		ok := true
		for i, expr := range a[:min(len(a), len(parts))] {
			ok = ok && expr.MatchString(parts[i])
		}
		if ok {
			return true, len(a) > len(parts)
		}
	}
	return false, false
}

// patterns splits a value at the slashes and bars that are in no brackets.
func patterns(value string) (alternatives [][]*regexp.Regexp) {
	var parts []*regexp.Regexp
	square, round, from := 0, 0, 0
	take := func(to int) {
		expr, err := regexp.Compile(testName(value[from:to]))
		if err != nil {
			expr = regexp.MustCompile("")
		}
		parts = append(parts, expr)
		from = to + 1
	}
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case c == '\\':
			i++
		case c == '[':
			square++
		case c == ']':
			square = max(square-1, 0)
		case square > 0:
		case c == '(':
			round++
		case c == ')':
			round--
		case c == '/' && round == 0:
			take(i)
		case c == '|' && round == 0:
			take(i)
			alternatives, parts = append(alternatives, parts), nil
		}
	}
	take(len(value))
	return append(alternatives, parts)
}

// testName is how package testing writes a name: with underscores for spaces.
func testName(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return '_'
		}
		return r
	}, s)
}
