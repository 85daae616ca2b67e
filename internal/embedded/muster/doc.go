// Package muster gathers the ranks of a job that another launcher has started: they
// tell each other by its process manager on which host they are, and the ranks of a
// host get the memory that under Ringo's mpiexec the launcher makes.
//
//	card.go          what a rank tells the others of itself
//	muster_linux.go  the gathering, in the order below
//	socket_linux.go  the sockets of a rank, and what passes over them
//	host_linux.go    what this host is, its cores and its addresses
//	watch_linux.go   who has died, and whether the launcher has
//	news_linux.go    how far the ranks of other hosts have come
//
// Every rank opens sockets without a file (in Linux's abstract namespace) and puts
// its card, which names them and the host. After a fence the lowest rank of a
// host is its head: the others connect to it. Both ends prove that they know the key
// of the job, which rank 0 has put. Who cannot reach its head is a host of its own:
// what reaches a socket depends on namespaces and security modules, and nothing but
// the attempt tells. Each rank puts whose head it has, and after a second fence the
// head makes the memory for those that have it, and passes the descriptor. A third
// fence, in jobs of several hosts, follows the addresses of their connections.
//
// One socket stays open as long as its process lives, and the kernel closes a
// connection to it when it ends. So every rank keeps a connection to the next one of
// its host and marks it dead when it hangs up; there is no process number in it, which
// may be another one in another namespace.
package muster
