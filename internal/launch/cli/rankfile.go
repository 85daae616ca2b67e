package cli

import (
	"os"
	"strings"

	"github.com/ringo-mpi/ringo/internal/launch/hosts"
)

// rankFile reads the file that says where each rank runs.
func (p *parser) rankFile(name string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return plainError(err)
	}
	list, err := hosts.ParseRankfile(name, string(text))
	if err != nil {
		return usagef("%v", err)
	}
	p.cfg.rankfile = list
	return nil
}

// mapBy takes up the value of -map-by.
func (p *parser) mapBy(value string) error {
	if len(value) >= len(byFile) && strings.EqualFold(value[:len(byFile)], byFile) {
		return p.rankFile(value[len(byFile):])
	}
	p.cfg.mapBy = value
	return nil
}

// byFile is how Open MPI 5 names a file of ranks.
const byFile = "rankfile:file="
