package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v4/load"

	"github.com/ringo-mpi/ringo/bench/internal/runs"
	"github.com/ringo-mpi/ringo/internal/sysinfo"
)

// environment describes the machine and what is compared, before the first run.
func (m *measurement) environment(ctx context.Context, quick bool, repetitions int, names []string) {
	add := func(name, format string, args ...any) {
		if v := strings.TrimSpace(fmt.Sprintf(format, args...)); v != "" {
			m.results.Environment = append(m.results.Environment, attribute{name, v})
		}
	}
	add("date", "%s", time.Now().UTC().Format("2006-01-02 15:04 MST"))
	if n, err := sysinfo.Local(); err == nil {
		values := map[string]string{}
		for _, a := range n.Attributes() {
			values[a.Name] = a.Value
		}
		add("machine", "%s", n.Name)
		add("processor", "%s", n.System.CPU)
		add("cores", "%s sockets, %s cores, %s threads", values["cpu_sockets"], values["cpu_cores"], values["cpu_count"])
		add("memory", "%s", values["mem.total"])
		add("system", "%s", n.System.OS)
		add("kernel", "%s %s", n.System.Uname.System, n.System.Uname.Release)
		add("virtual", "%s", n.System.Virtual)
	}
	add("cores used", "%s", m.cores.List())
	add("Go", "%s", runtime.Version())
	if out, err := exec.CommandContext(ctx, "cc", "--version").Output(); err == nil {
		add("C compiler", "%s", runs.Saying(string(out)))
	}
	for _, p := range m.peers {
		if p.version != "" && p.name != goroutines {
			add(p.name, "%s", p.version)
		}
	}
	kind := "whole"
	if quick {
		kind = "quick"
	}
	add("run", "%s, %d repetitions, of %s", kind, repetitions, strings.Join(names, ", "))
	m.addLoad("load before")
}

// addLoad notes how much else the machine has to do.
func (m *measurement) addLoad(name string) {
	if l, err := load.Avg(); err == nil {
		m.results.Environment = append(m.results.Environment, attribute{name, fmt.Sprintf("%.2f in the last minute", l.Load1)})
	}
}

// stealTime returns the seconds that the hypervisor gave this machine's
// processors to others since it started, or -1.
func stealTime() float64 {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return -1
	}
	var user, nice, system, idle, wait, irq, soft, steal float64
	if _, err := fmt.Sscanf(string(text), "cpu %f %f %f %f %f %f %f %f", &user, &nice, &system, &idle, &wait, &irq, &soft, &steal); err != nil {
		return -1
	}
	return steal / 100
}

// of returns an attribute of the environment, or "".
func (r *results) attribute(name string) string {
	for _, a := range r.Environment {
		if a.Name == name {
			return a.Value
		}
	}
	return ""
}
