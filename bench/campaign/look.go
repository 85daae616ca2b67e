//go:build linux

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
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
	list, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	want := []byte(mark + "=" + id)
	var out []process
	for _, e := range list {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		env, err := os.ReadFile(filepath.Join("/proc", e.Name(), "environ"))
		if err != nil || !bytes.Contains(env, want) {
			continue
		}
		p := process{pid: pid}
		found := false
		for v := range bytes.SplitSeq(env, []byte{0}) {
			found = found || bytes.Equal(v, want)
			if r, ok := bytes.CutPrefix(v, []byte("RINGO_RANK=")); ok {
				p.rank = string(r)
			}
		}
		stat, err := os.ReadFile(filepath.Join("/proc", e.Name(), "stat"))
		if err != nil || !found {
			continue
		}
		state := strings.TrimSpace(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		if state == "" || state[0] == 'Z' || state[0] == 'X' {
			continue
		}
		exe, _ := os.Readlink(filepath.Join("/proc", e.Name(), "exe"))
		p.program = filepath.Base(exe)
		out = append(out, p)
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
