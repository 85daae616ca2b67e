package engine

// The interfaces of this file are for jobs whose processes become more. They
// are optional: where a launcher or a library below cannot start or connect
// processes, the job has those of its world.

// Growing is an Engine whose processes may become more.
type Growing interface {
	// Procs returns how many processes the engine knows, those of the world and
	// those that have joined: their numbers are 0 to n-1. more is closed when
	// there are further ones.
	Procs() (n int, more <-chan struct{})
}

// Spawner is an Engine that starts processes (MPI 5.0 §11.8).
type Spawner interface {
	// Spawn starts programs and returns the communicator of the members of c and,
	// as its other group, all processes started. errs has an entry for each
	// process that was asked for. Only rank root of c gives programs. Collective
	// over c.
	Spawn(c Comm, root int, programs []Program, done <-chan struct{}) (made Comm, errs []error, err error)

	// Parent returns the communicator with those that have spawned this process
	// as its other group; nil for a process that was not spawned.
	Parent() Comm
}

// Program is what a Spawner starts: Procs processes of the executable file
// Path.
type Program struct {
	Path  string
	Args  []string // without the name of the program
	Procs int
	Env   []string // "NAME=value", besides the environment of the job
	Dir   string   // "": that of the job
	Hosts []string // nil: the launcher chooses
}

// Ports is an Engine that connects jobs which were started apart (MPI 5.0
// §11.9).
type Ports interface {
	// OpenPort returns the name of a new port, under which other jobs reach this
	// process; ClosePort gives it back.
	OpenPort() (string, error)
	ClosePort(port string) error

	// Accept and Connect return the communicator of the members of c and, as its
	// other group, those of the communicator that calls the other function. Only
	// rank root of c gives the port. Collective over c.
	Accept(c Comm, root int, port string, done <-chan struct{}) (Comm, error)
	Connect(c Comm, root int, port string, done <-chan struct{}) (Comm, error)
}
