package topo

import "os"

// Local describes this machine as this process sees it.
func Local() (*Machine, error) {
	m, err := Read(os.DirFS("/"))
	if err != nil {
		return counted(), nil
	}
	return m, nil
}

// LocalUsableCores returns how many cores this process can keep busy: the
// default number of ranks of the launcher. At least 1.
func LocalUsableCores() int {
	n, err := UsableCores(os.DirFS("/"))
	if err != nil {
		return counted().UsableCores()
	}
	return n
}
