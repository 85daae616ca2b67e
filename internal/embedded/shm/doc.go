// Package shm carries ranks that are processes of one host: a segment of shared
// memory (package segment), futexes to sleep on, and the kernel's copies between
// the memories of processes.
//
// Files:
//
//	shm     the job as one rank sees it, and its links
//	join    Create for the launcher, Join for a rank: the environment
//	reach   copies out of a peer's memory and into it
//	probe   whether they reach that peer, and no other process
//	pool    boards and allocated memory, which lie in the segment
//	arena   a rank's part of the segment, in pages
//	spread  ranks that outnumber cores spread themselves over them
//
// internal/start puts it together with the endpoint (package embedded);
// internal/launch creates the memory of a job.
package shm
