package enginetest

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const varSelection = "RINGO_ENGINETEST_SELECTION"

var selectionNames = []string{
	"3.4 Ssend completes only when matched/ranks=1", "3.4 Ssend completes only when matched/ranks=2",
	"3.4 Bsend completes without a receive/ranks=2", "6.4–6.8 collectives (all)/ranks=2", "a|b [c/ranks=12",
}

// TestSelection compares what a selection wants with what package testing runs.
func TestSelection(t *testing.T) {
	if os.Getenv(varSelection) != "" {
		for _, name := range selectionNames {
			t.Run(name, func(t *testing.T) { fmt.Println("runs " + name) })
		}
		return
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, flags := range [][2]string{
		{"", ""}, {"TestSelection", ""}, {"TestSelection/3.4_Ssend", ""}, {"TestSelection/3.4 Ssend", ""}, {"TestSelection/Ssend/ranks=2", ""},
		{"TestSelection//ranks=2", ""}, {"TestSelection//ranks=2$", ""}, {"TestSelection/Ssend|TestSelection/b", ""}, {"TestSelection/(Ssend|6.4)", ""},
		{`TestSelection/[(]all[)]`, ""}, {`TestSelection/a\|b`, ""}, {`TestSelection/[^/|]b`, ""}, {"TestSelection/Ssend/ranks/deeper", ""},
		{"TestSelection", "TestSelection/3.4"}, {"TestSelection", "TestSelection//=1"}, {"TestSelection", "TestSelection/3.4/=2/deeper"},
		{"TestSelection", "TestSelection/3.4/=2/deeper|TestSelection/3.4"}, {"TestSelection/nothing", ""}, {"TestSelection/–", "TestSelection/Bsend"},
	} {
		cmd := exec.Command(exe, "-test.run="+cmp.Or(flags[0], "TestSelection"), "-test.skip="+flags[1])
		cmd.Env = append(os.Environ(), varSelection+"=1")
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("-run %q -skip %q: %v\n%s", flags[0], flags[1], err, out)
		}
		var got []string
		for line := range strings.Lines(string(out)) {
			if name, ok := strings.CutPrefix(line, "runs "); ok {
				got = append(got, strings.TrimSpace(name))
			}
		}
		var want []string
		s := newSelection(flags[0], flags[1])
		for _, name := range selectionNames {
			if s.wants("TestSelection/" + name) {
				want = append(want, name)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("-run %q -skip %q: package testing runs %q, the selection wants %q", flags[0], flags[1], got, want)
		}
	}
}

// The ranks of a harness are told of the cases only that are selected.
func TestRanksRunWhatIsSelected(t *testing.T) {
	told := map[int][]string{}
	h := Harness{Name: "told", Ranks: []int{1, 2, 3}, start: func(_ context.Context, n int, names []string, _ environment, report func(result)) (string, error) {
		told[n] = append(told[n], names...)
		for _, name := range names {
			for rank := range n - find(name).Lost {
				report(result{Case: name, Rank: rank})
			}
		}
		return "", nil
	}}
	run(t, h, newSelection(t.Name()+"/3.4_Ssend|"+t.Name()+"/that panics/ranks=3", ""))
	for n, want := range map[int][]string{1: nil, 2: {"3.4 Ssend completes only when matched"}, 3: {"3.4 Ssend completes only when matched", "a rank that panics is seen by all others"}} {
		slices.Sort(told[n])
		if !slices.Equal(told[n], want) {
			t.Errorf("%d ranks are told to run %q, want %q", n, told[n], want)
		}
	}
}
