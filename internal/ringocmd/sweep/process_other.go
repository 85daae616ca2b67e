//go:build !unix

package sweep

import (
	"os"
	"os/exec"
)

func prepare(*exec.Cmd) {}

func terminate(p *os.Process) { _ = p.Kill() }

func kill(p *os.Process) { _ = p.Kill() }
