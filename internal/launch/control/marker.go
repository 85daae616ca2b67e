package control

import "strings"

// The lines before the first frame. What a host's shell writes besides is dropped.
const (
	// Marker is the line after which the frames of the agent follow.
	Marker = "ringo-agent-follows 1"
	// markNeed is followed by what uname -sm writes: the host has no mpiexec.
	markNeed = "ringo-agent-missing "
	// MarkSend asks for the bytes of mpiexec.
	MarkSend = "ringo-agent-send"
)

// Missing returns the line in which a host says that it has no mpiexec.
func Missing(uname string) string { return markNeed + uname }

// ParseMissing reads such a line: what uname -sm writes there.
func ParseMissing(line string) (uname string, ok bool) {
	uname, ok = strings.CutPrefix(line, markNeed)
	return strings.TrimSpace(uname), ok
}

// System translates what uname -sm writes into the names that Go has for the system
// and the processor, "" for those that it has none for.
func System(uname string) (goos, goarch string) {
	sys, machine, _ := strings.Cut(uname, " ")
	switch sys {
	case "Linux", "Darwin", "FreeBSD", "NetBSD", "OpenBSD":
		goos = strings.ToLower(sys)
	}
	switch machine {
	case "x86_64", "amd64":
		goarch = "amd64"
	case "aarch64", "arm64":
		goarch = "arm64"
	case "i386", "i486", "i586", "i686":
		goarch = "386"
	case "ppc64le", "s390x", "riscv64", "ppc64":
		goarch = machine
	case "loongarch64":
		goarch = "loong64"
	default:
		if strings.HasPrefix(machine, "armv") {
			goarch = "arm"
		}
	}
	if goos == "" || goarch == "" {
		return "", ""
	}
	return goos, goarch
}
