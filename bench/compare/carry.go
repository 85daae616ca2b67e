package main

import "slices"

// carry has a peer's messages go by connections between its processes where that is
// measured, although they are on one machine.
func (m *measurement) carry(p *peer) {
	if m.transport != tcpTransport {
		return
	}
	switch p.name {
	case ringo:
		p.env = append(p.env, "RINGO_TRANSPORT=tcp")
	case mpich: // whichever of the two it is built for
		p.env = append(p.env, "MPIR_CVAR_NOLOCAL=1", "MPIR_CVAR_CH4_NETMOD=ofi", "FI_PROVIDER=tcp", "UCX_TLS=tcp,self")
	case intelMPI:
		p.env = append(p.env, "I_MPI_FABRICS=ofi", "FI_PROVIDER=tcp")
	case openMPI:
		launch := p.launch
		p.launch = func(ranks int) []string {
			return slices.Concat(launch(ranks), []string{"--mca", "pml", "ob1", "--mca", "btl", "tcp,self"})
		}
	}
}

// The transports that are compared.
const (
	shmTransport = "shm"
	tcpTransport = "tcp"
)
