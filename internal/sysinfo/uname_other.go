//go:build !unix || aix || solaris

package sysinfo

import (
	"os"
	"runtime"
	"strings"

	"github.com/shirou/gopsutil/v4/host"
)

func uname() Uname {
	node, _ := os.Hostname()
	u := Uname{Node: node, Machine: runtime.GOARCH, Processor: os.Getenv("PROCESSOR_IDENTIFIER")}
	u.System = strings.ToUpper(runtime.GOOS[:1]) + runtime.GOOS[1:]
	if v, err := host.KernelVersion(); err == nil {
		u.Release, u.Version = v, v
	}
	if a, err := host.KernelArch(); err == nil {
		u.Machine = a
	}
	return u
}
