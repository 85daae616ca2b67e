package enginetest

import "testing"

func TestMain(m *testing.M) { Main(m) }

func TestInproc(t *testing.T) { Run(t, Inproc()) }
