package launch

// Spread says on which hosts the ranks of a job run.
type Spread struct {
	Hosts []Remote
	Place []int // the host of each rank
	Here  int   // which of the hosts this one is; -1: none
}

// Remote is a host.
type Remote struct {
	Name string // by which users know it
	User string // on that host; "": the one who calls mpiexec
	Port int    // of the remote shell; 0: its own
}
