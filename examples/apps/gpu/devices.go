package main

import (
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

// deviceList is the GPUs of one computer.
type deviceList struct {
	Names    []string // as Variable takes them: numbers or UUIDs
	Variable string   // environment variable that selects among them
	Why      string   // where the list comes from, or why it is empty
}

// variables are what the GPU libraries select devices by, in the order in
// which they are looked at.
var variables = []string{"CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"}

// devices finds the GPUs: those the environment names, else those the system,
// whose root folder is root, has. A variable that is set and names none, also
// by being empty, hides what the system has.
func devices(lookupenv func(string) (string, bool), root fs.FS) deviceList {
	var hidden deviceList
	for _, v := range variables {
		text, ok := lookupenv(v)
		if !ok {
			continue
		}
		if names := visible(text); len(names) > 0 {
			return deviceList{Names: names, Variable: v, Why: v}
		}
		if hidden.Variable == "" {
			hidden = deviceList{Variable: v, Why: fmt.Sprintf("%s=%s hides all", v, strings.TrimSpace(text))}
		}
	}
	if hidden.Variable != "" {
		return hidden
	}
	if names := nvidia(root); len(names) > 0 {
		return deviceList{names, variables[0], "/dev/nvidia*"}
	}
	if names := amd(root); len(names) > 0 {
		return deviceList{names, variables[1], "/sys/class/kfd"}
	}
	return deviceList{Why: "neither " + strings.Join(variables, " nor ") + " is set, and there is no NVIDIA or AMD device"}
}

// visible reads a list of devices as CUDA does: what follows the first entry
// that cannot be one does not count.
func visible(text string) (names []string) {
	for name := range strings.SplitSeq(text, ",") {
		name = strings.TrimSpace(name)
		n, err := strconv.Atoi(name)
		isNumber := err == nil && n >= 0
		isUUID := strings.HasPrefix(name, "GPU-") || strings.HasPrefix(name, "MIG-")
		if !isNumber && !isUUID || slices.Contains(names, name) {
			break
		}
		names = append(names, name)
	}
	return names
}

// nvidia numbers the device files /dev/nvidia0, /dev/nvidia1 ….
func nvidia(root fs.FS) (names []string) {
	files, err := fs.Glob(root, "dev/nvidia*")
	if err != nil {
		return nil
	}
	for _, f := range files {
		if _, err := strconv.ParseUint(strings.TrimPrefix(f, "dev/nvidia"), 10, 31); err == nil {
			names = append(names, strconv.Itoa(len(names)))
		}
	}
	return names
}

// amd numbers the nodes of the kernel's fusion driver that have vector units:
// the others are CPUs.
func amd(root fs.FS) (names []string) {
	files, err := fs.Glob(root, "sys/class/kfd/kfd/topology/nodes/*/properties")
	if err != nil {
		return nil
	}
	for _, f := range files {
		properties, err := fs.ReadFile(root, f)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(properties)) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
			if n, err := strconv.Atoi(value); name == "simd_count" && err == nil && n > 0 {
				names = append(names, strconv.Itoa(len(names)))
			}
		}
	}
	return names
}
