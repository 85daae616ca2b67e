//go:build unix && !linux

package segment

import "os"

func createFile(size int64) (*os.File, error) {
	f, err := os.CreateTemp("", "ringo-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return nil, err
	}
	if err := f.Truncate(size); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func dontDump([]byte) {}

// Discard makes the pages of mem read as zero again.
func Discard(mem []byte) error {
	clear(mem)
	return nil
}
