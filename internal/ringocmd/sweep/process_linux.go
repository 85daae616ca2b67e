package sweep

import "syscall"

// dieWithParent ends the command when the sweep is killed: two runs of a point
// at the same time would disturb each other's measurements.
func dieWithParent(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGTERM }
