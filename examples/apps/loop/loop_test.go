package main

import (
	"testing"

	"github.com/ringo-mpi/ringo/examples/apps/internal/apptest"
)

func TestMain(m *testing.M) { apptest.Main(m, "loop", main) }

func TestScripts(t *testing.T) { apptest.Scripts(t) }
