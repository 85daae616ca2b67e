// Package sysinfo collects what a benchmark should say about the machine it
// ran on: processor, cores, memory, operating system, user. The names of the
// attributes are those of cloudmesh's `cms sysinfo`, with more of the same kind
// where it says nothing (sockets, NUMA nodes, caches, limits of the cgroup).
//
// The numbers of sockets, cores and threads come from package topo, the rest
// from the system. What a system does not tell is left out of the table.
package sysinfo
