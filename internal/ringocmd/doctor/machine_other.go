//go:build !unix

package doctor

import "errors"

func localFDOpen(int) bool { return false }

func localDisk(string) (free, total uint64, err error) {
	return 0, 0, errors.ErrUnsupported
}
