package pmix

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Server is the server of this process's host, and who the process is there.
type Server struct {
	Namespace string // of the job
	Rank      int
	Address   netip.AddrPort
}

// addresses are the variables that name the server's address, one for each version
// of the protocol. All have the same value.
var addresses = []string{"PMIX_SERVER_URI41", "PMIX_SERVER_URI4", "PMIX_SERVER_URI3", "PMIX_SERVER_URI21", "PMIX_SERVER_URI2"}

// FromEnvironment reads the variables that a PMIx server has left to its client.
func FromEnvironment(getenv func(string) string) (Server, error) {
	s := Server{Namespace: getenv("PMIX_NAMESPACE")}
	switch {
	case s.Namespace == "":
		return s, errors.New("PMIX_NAMESPACE is not set")
	case len(s.Namespace) > 255 || strings.ContainsRune(s.Namespace, 0):
		return s, fmt.Errorf("PMIX_NAMESPACE=%.60q is no name of a job", s.Namespace)
	}
	var err error
	if s.Rank, err = strconv.Atoi(getenv("PMIX_RANK")); err != nil || s.Rank < 0 || s.Rank >= 1<<30 {
		return s, fmt.Errorf("PMIX_RANK=%.60q is no rank", getenv("PMIX_RANK"))
	}
	if mode := getenv("PMIX_SECURITY_MODE"); mode != "" && !contains(mode, "native") {
		return s, fmt.Errorf("the server asks for the security %.60q, and there is native only", mode)
	}
	for _, name := range addresses {
		if uri := getenv(name); uri != "" {
			s.Address, err = parseURI(uri)
			if err != nil {
				err = fmt.Errorf("%s=%.120q: %w", name, uri, err)
			}
			return s, err
		}
	}
	return s, errors.New("no address of the server is set (PMIX_SERVER_URI41 and its like)")
}

func contains(list, word string) bool {
	for w := range strings.SplitSeq(list, ",") {
		if strings.TrimSpace(w) == word {
			return true
		}
	}
	return false
}

// parseURI reads the address of a server: its name, ";", and where it is.
func parseURI(uri string) (netip.AddrPort, error) {
	_, where, ok := strings.Cut(uri, ";")
	if !ok {
		return netip.AddrPort{}, errors.New("it has no address")
	}
	where, _, _ = strings.Cut(where, ";")
	for _, scheme := range []string{"tcp4://", "tcp6://", "tcp://"} {
		if at, ok := strings.CutPrefix(where, scheme); ok {
			a, err := netip.ParseAddrPort(strings.TrimSuffix(at, "/"))
			if err != nil {
				return a, fmt.Errorf("%.80q is no address with a port", at)
			}
			return a, nil
		}
	}
	return netip.AddrPort{}, errors.New("it is neither tcp4:// nor tcp6://")
}
