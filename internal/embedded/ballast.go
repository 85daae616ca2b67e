package embedded

import "os"

// ballast is memory that is never touched, and so never resident. The garbage
// collector runs when the heap has grown by its own size: for a rank whose heap
// is small that would be after each 4 MiB of requests, hundreds of times a
// second in a program that starts millions of them, each time to the cost of
// its peers' cores. With the ballast it is after some ballastSize.
var ballast []byte

const ballastSize = 12 << 20

// takeBallast is called once, by a rank that is a process, unless its user has
// decided how the collector is to run.
func takeBallast() {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		ballast = make([]byte, ballastSize)
	}
}

// dropBallast leaves the heap to a program that goes on after Finalize.
func dropBallast() {
	if ballast != nil {
		ballast = nil
	}
}
