//go:build !linux

package sysinfo

// readFrequency has nothing to add where there is no cpufreq in sysfs.
func readFrequency(*System) {}
