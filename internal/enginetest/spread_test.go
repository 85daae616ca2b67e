package enginetest

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// varLauncher is mpiexec with its options, for TestSpread: the hosts of test/hosts
// are in RINGO_TEST_HOSTS.
const varLauncher = "RINGO_TEST_MPIEXEC"

// The ranks of a job run on several hosts: one on each, and several. test/suite
// makes the hosts and runs it.
func TestSpread(t *testing.T) {
	launcher, hosts := os.Getenv(varLauncher), strings.Fields(os.Getenv("RINGO_TEST_HOSTS"))
	if launcher == "" || len(hosts) < 2 {
		t.Skip("LEFT OUT: ranks on several hosts, which test/suite makes")
	}
	one, two := make([]string, len(hosts)), make([]string, len(hosts))
	for i, h := range hosts {
		one[i], two[i] = h+":1", h+":"+strconv.Itoa(2-i%2)
	}
	spread := func(name string, ranks int, list []string) {
		h := Launched(name, func(n int) []string {
			return append(strings.Fields(launcher), "-hosts", strings.Join(list, ","), "-n", strconv.Itoa(n))
		})
		h.Ranks = []int{ranks}
		h.Skip = func(c *Case) string {
			if c.Needs == "board" {
				return "ranks of several hosts have no board"
			}
			return Shm().Skip(c)
		}
		t.Run(name, func(t *testing.T) { Run(t, h) })
	}
	spread("one rank a host", len(hosts), one)
	spread("several ranks a host", (len(hosts)+1)/2*2+len(hosts)/2, two)
}
