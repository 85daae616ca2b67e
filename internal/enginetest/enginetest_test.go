package enginetest

import "testing"

func TestMain(m *testing.M) { Main(m) }

func TestInproc(t *testing.T) { Run(t, Inproc()) }

func TestInprocChecked(t *testing.T) {
	h := Checked(t, Inproc())
	h.Ranks = []int{3}
	Run(t, h)
}
