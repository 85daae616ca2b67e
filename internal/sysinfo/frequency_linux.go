package sysinfo

import (
	"os"
	"strconv"
	"strings"
)

// readFrequency takes the bounds, and the frequency of now, from cpufreq. A
// virtual machine has none; then the figure of /proc/cpuinfo stays.
func readFrequency(s *System) {
	for name, to := range map[string]*float64{
		"scaling_cur_freq": &s.MHz,
		"cpuinfo_min_freq": &s.MinMHz,
		"cpuinfo_max_freq": &s.MaxMHz,
	} {
		b, err := os.ReadFile("/sys/devices/system/cpu/cpu0/cpufreq/" + name)
		if err != nil {
			continue
		}
		if khz, err := strconv.ParseFloat(strings.TrimSpace(string(b)), 64); err == nil {
			*to = khz / 1000
		}
	}
}
