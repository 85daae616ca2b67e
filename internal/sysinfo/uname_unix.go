//go:build unix && !aix && !solaris

package sysinfo

import (
	"os"

	"golang.org/x/sys/unix"
)

func uname() Uname {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		node, _ := os.Hostname()
		return Uname{Node: node}
	}
	return Uname{
		System:  unix.ByteSliceToString(u.Sysname[:]),
		Node:    unix.ByteSliceToString(u.Nodename[:]),
		Release: unix.ByteSliceToString(u.Release[:]),
		Version: unix.ByteSliceToString(u.Version[:]),
		Machine: unix.ByteSliceToString(u.Machine[:]),
	}
}
