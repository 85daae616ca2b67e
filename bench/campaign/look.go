//go:build linux

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"

	"github.com/ringo-mpi/ringo/bench/internal/runs"
)

// mark is the variable by which the processes of a job are found.
const mark = "CAMPAIGN_JOB"

// process is one of a job.
type process struct {
	pid     int
	rank    string // RINGO_RANK, "" for the launcher and its helpers
	program string
}

// processes finds those that have the mark in their environment and run.
func processes(id string) []process {
	want := []byte(mark + "=" + id)
	var out []process
	for _, q := range runs.Processes() {
		folder := filepath.Join("/proc", strconv.Itoa(q.PID))
		env, err := os.ReadFile(filepath.Join(folder, "environ"))
		if err != nil || q.Zombie {
			continue
		}
		p, found := process{pid: q.PID}, false
		for v := range bytes.SplitSeq(env, []byte{0}) {
			found = found || bytes.Equal(v, want)
			if r, ok := bytes.CutPrefix(v, []byte("RINGO_RANK=")); ok {
				p.rank = string(r)
			}
		}
		if found {
			exe, _ := os.Readlink(filepath.Join(folder, "exe"))
			p.program = filepath.Base(exe)
			out = append(out, p)
		}
	}
	return out
}

// files lists what jobs could leave: segments, and files in their folder.
func files(folder string) map[string]bool {
	found := map[string]bool{}
	for _, pattern := range []string{"/dev/shm/*ringo*", filepath.Join(folder, "*")} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			continue
		}
		for _, n := range names {
			found[n] = true
		}
	}
	return found
}
