// Package atomicfile writes files that are there whole or not at all: the
// content goes to a temporary file in the same folder, which takes its final
// name when everything was written. A full disc, an error half way or a killed
// process leaves the file of before, or none.
//
// On Linux the temporary file has no name, so that a process that is killed
// leaves nothing in the folder, whatever kills it. (To replace a file it has a
// name of its own for the moment between two system calls.) Elsewhere, and on
// file systems that know no such files (NFS is one), it has a name from the
// start, and [File.Discard] removes it: a program that handles signals returns
// from what it does, and one that does not calls [RemoveOnSignal] when it begins.
//
// A path that names something other than a regular file (a device, a pipe such
// as /dev/stdout) is written directly: there is nothing to rename.
//
// Errors are one line that names the final path.
//
// In an MPI program the rank that has the result writes it.
package atomicfile
