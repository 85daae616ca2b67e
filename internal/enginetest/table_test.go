package enginetest

import (
	"strings"
	"testing"
)

// No two cases have the same name, and each says what its rule is.
func TestCasesHaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range cases {
		if seen[c.Name] {
			t.Errorf("two cases are named %q", c.Name)
		}
		seen[c.Name] = true
		if c.Name == "" || c.Rule == "" || c.Run == nil || strings.Contains(c.Name, "/") {
			t.Errorf("the case %q has no name, no rule or nothing to run, or a slash in its name", c.Name)
		}
	}
}
