//go:build !unix

package native

import "time"

// cpuTime is not known on this system: nothing is said to be used.
func cpuTime() time.Duration { return 0 }
