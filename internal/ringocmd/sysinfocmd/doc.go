// Package sysinfocmd is ringo sysinfo: the description of this machine, or of
// all machines of a job, as package sysinfo has it.
package sysinfocmd
