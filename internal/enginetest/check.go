package enginetest

import "testing"

// Checked is a harness in check mode (RINGO_CHECK=1), in which every collective
// is compared among the ranks before it runs. The variable is set until t ends.
func Checked(t *testing.T, h Harness) Harness {
	t.Setenv("RINGO_CHECK", "1")
	h.Name += " with RINGO_CHECK"
	skip := h.Skip
	h.Skip = func(c *Case) string {
		if c.Needs == "check" || skip == nil {
			return ""
		}
		return skip(c)
	}
	return h
}
