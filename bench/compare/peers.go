package main

import (
	"strconv"

	"github.com/ringo-mpi/ringo/bench/internal/runs"
)

// The names of what is compared.
const (
	ringo        = "Ringo"
	mpich        = "MPICH"
	openMPI      = "Open MPI"
	intelMPI     = "Intel MPI"
	goroutines   = "Ringo goroutines"
	ringoMPICH   = "Ringo on MPICH"
	ringoOpenMPI = "Ringo on Open MPI"
	mpi4py       = "mpi4py"
	machine      = "machine" // without any MPI
)

var allPeers = []string{ringo, mpich, openMPI, intelMPI, goroutines, ringoMPICH, ringoOpenMPI, mpi4py, machine}

// peer is one of them as it is on this machine.
type peer struct {
	name    string
	version string
	launch  func(ranks int) []string // the launcher and its options
	program []string                 // what is launched, before its arguments
	style   argumentStyle
	env     []string
}

// argumentStyle is how a program takes its arguments.
type argumentStyle int

const (
	ringoStyle argumentStyle = iota // ringo bench
	peerStyle                       // bench/peers
)

// command returns the command line of a benchmark on so many ranks.
func (p *peer) command(ranks int, b runs.Bench) []string {
	var out []string
	if p.launch != nil {
		out = append(out, p.launch(ranks)...)
	}
	out = append(out, p.program...)
	if p.style == ringoStyle {
		return append(out, b.RingoArguments()...)
	}
	return append(out, b.PeerArguments()...)
}

// environment returns the variables of a run: those of this process without
// settings that would change what is measured.
func (p *peer) environment(ranks int) []string {
	env := runs.Environment(p.env...)
	if p.name == goroutines {
		env = append(env, "RINGO_RANKS="+strconv.Itoa(ranks))
	}
	return env
}
