package mpi

import (
	"os"
	"sync"
)

// ballast is memory that is never touched, and so never resident. The garbage
// collector runs when the heap has grown by its own size: with a small heap that
// is after each 4 MiB of requests or received objects, hundreds of times a second
// in a program that has many of them, each time to the cost of its peers' cores.
// With the ballast it is after some ballastSize.
var ballast []byte

const (
	ballastSize  = 12 << 20
	ballastAfter = 1 << 20 // bytes of received objects
)

var ballastOnce sync.Once

// garbage notes that a rank has received an object of n bytes.
func (p *process) garbage(n int) {
	if p.received.Add(int64(n)) > ballastAfter {
		takeBallast()
	}
}

// takeBallast is called when a rank has started many requests, or received many
// objects. It does nothing where the user has decided how the collector is to
// run.
func takeBallast() {
	ballastOnce.Do(func() {
		if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
			ballast = make([]byte, ballastSize)
		}
	})
}
