package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringo-mpi/ringo/internal/launch"
)

// TestPlacing: where command lines put the ranks.
func TestPlacing(t *testing.T) {
	for line, want := range map[string]string{
		"-n 3 x":                                    "here here here",
		"-host a,b x":                               "a b",
		"-host a:2,b:1 x":                           "a a b",
		"-host a:2,b:1 -n 5 x":                      "a a b a a",
		"-host a,b -n 4 x":                          "a b a b",
		"-host a,b -ppn 2 x":                        "a a b b",
		"-host a:4,b -ppn 1 -n 3 x":                 "a b a",
		"-H a,localhost:2,a x":                      "a a here here",
		"-hosts a,b -n 1 x : -n 2 y":                "a b a",
		"-host a,b -n 1 x : -n 2 y":                 "a b a",
		"-host a -n 2 x : -host b,a -n 3 y":         "a a b a b",
		"-hosts c -host a -n 1 x : -n 2 y":          "a c c",
		"-ppn 2 x":                                  "here here",
		"-hosts a,b -rankmap (vector,(1,0,1)) x":    "b a b",
		"-hosts a,b -rankmap (vector,(1,0)) -n 4 x": "b a b a",
		"-rankmap (vector,(0,0)) -n 2 x":            "here here",
		"-hosts me@a,you@a x":                       "a a",
		"-hosts 127.0.0.1:2,localhost x":            "here here here",
		"-hosts a,b:2 -rankfile FILE x":             "c b a b a",
		"-rankfile FILE x":                          "c b c b a",
		"-rankfile FILE -n 2 x":                     "c b",
		"-hostfile HOSTS x":                         "a a b b b",
		"-hostfile HOSTS -n 7 x":                    "a a b b b a b",
	} {
		got, err := placed(t, line)
		if err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", line, got, err, want)
		}
	}
	for line, want := range map[string]string{
		"-hostfile HOSTS -n 9 x":                  "8 ranks: with max_slots the hosts take 7",
		"-host a:* x":                             "a:*: how many cores another host has is not known",
		"-hosts a,b -rankmap (vector,(2)) -n 1 x": "-rankmap: host 2: there are hosts 0 to 1",
		"-rankmap (vector,(0,1)) -n 2 x":          "-rankmap: host 1: there is host 0 only",
		"-hosts a -rankfile FILE x":               "ranks:5: +n1: there is host 0 only",
		"-rankfile FILE -n 6 x":                   "ranks: it has ranks 0 to 4, the job has 6 ranks",
	} {
		if got, err := placed(t, line); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %s, %v, want %s", line, got, err, want)
		}
	}
}

// placed says on which host each rank of a command line is.
func placed(t *testing.T, line string) (string, error) {
	t.Helper()
	p := &parser{cfg: &config{}}
	dir := t.TempDir()
	ranks := writeFile(t, dir, "ranks", "rank 0=c\nrank 1=b\nrank 2=+n0\nrank 4=a\nrank 3=+n1\n")
	hosts := writeFile(t, dir, "hosts", "a:2 max_slots=3\nb slots=3 max_slots=4\n")
	if err := p.line(strings.Fields(strings.NewReplacer("FILE", ranks, "HOSTS", hosts).Replace(line))); err != nil {
		t.Fatal(err)
	}
	c := p.cfg
	m, err := newMapper(c)
	if err != nil {
		return "", err
	}
	var counts []int
	for _, a := range c.apps {
		n, err := c.ranks(a, launchPlacement, m, nil)
		if err != nil {
			return "", err
		}
		counts = append(counts, n)
	}
	place, err := m.place(counts)
	if err != nil {
		return "", err
	}
	var names []string
	for rank := range place.of {
		name := place.host(rank).name
		if place.of[rank] == place.here {
			name = "here"
		}
		names = append(names, name)
	}
	for k, m := range place.machines {
		if m.local != (k == place.here) {
			t.Errorf("%s: machine %d of %v is taken for this one", line, place.here, place.machines)
		}
	}
	return fmt.Sprint(strings.Join(names, " ")), nil
}

var launchPlacement launch.Placement

func writeFile(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
