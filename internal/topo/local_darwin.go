package topo

import "golang.org/x/sys/unix"

// Local describes this machine from the hw tree of sysctl, which gives the
// numbers of packages, cores and logical CPUs but not which CPU is where; they
// are taken to be numbered in the order of the tree. macOS has no affinity
// masks. If sysctl is silent, Machine.Source is "count".
func Local() (*Machine, error) {
	get := func(name string) int {
		v, err := unix.SysctlUint32(name)
		if err != nil {
			return 0
		}
		return int(v)
	}
	m := regular(get("hw.packages"), get("hw.physicalcpu"), get("hw.logicalcpu"))
	if m == nil {
		return counted(), nil
	}
	m.Source = "sysctl"
	if size, err := unix.SysctlUint64("hw.memsize"); err == nil {
		m.NUMA[0].Memory = int64(size)
	}
	return m, nil
}

// LocalUsableCores returns how many cores this process can keep busy: the
// default number of ranks of the launcher. At least 1.
func LocalUsableCores() int {
	m, _ := Local()
	return m.UsableCores()
}
