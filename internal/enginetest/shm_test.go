//go:build linux

package enginetest

import "testing"

func TestShm(t *testing.T) { Run(t, Shm()) }
