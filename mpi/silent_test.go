package mpi_test

import "github.com/ringo-mpi/ringo/internal/engine"

// silentEngines is one rank on an engine that does nothing and allocates
// nothing: what remains is the cost of package mpi.
func silentEngines() []engine.Engine {
	e := newFakeWorld(1)[0].(*fakeEngine)
	return []engine.Engine{&silentEngine{e, &silentComm{e.world}}}
}

type silentEngine struct {
	*fakeEngine
	comm *silentComm
}

func (e *silentEngine) World() engine.Comm { return e.comm }

type silentComm struct{ *fakeComm }

func (*silentComm) Send(engine.Buf, int, int, engine.SendMode, <-chan struct{}) error { return nil }
func (*silentComm) Recv(engine.Buf, int, int, <-chan struct{}) (engine.Status, error) {
	return engine.Status{}, nil
}
func (*silentComm) Collective(engine.Coll, <-chan struct{}) error { return nil }
func (*silentComm) Probe(int, int, bool, <-chan struct{}) (engine.Status, bool, error) {
	return engine.Status{}, false, nil
}
