// Package topo describes the machine a process runs on: sockets, NUMA nodes,
// cores, hardware threads and caches, and how much of that the process may use
// (affinity mask, cgroup CPU quota and memory limit, CPUs taken offline).
//
// On Linux everything is read from sysfs, procfs and the cgroup file systems
// through an [io/fs.FS] whose root is the machine's root directory, so that a
// test describes any machine with a testing/fstest.MapFS. [Local] reads the
// machine itself; on other systems it asks the system for what it tells and
// says in [Machine.Source] how much of the answer is a guess.
//
// The launcher places ranks with it, `ringo sysinfo` prints it, and
// [UsableCores] is the default number of ranks.
package topo
