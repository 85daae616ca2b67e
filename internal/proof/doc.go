// Package proof has the first words of a connection between processes of a job, and
// the sockets for them. The two ends prove to each other that they know the key of
// the job, over random numbers of both, so that nothing that was heard once is of use
// again:
//
//	caller   magic, its rank, number
//	called   its number, the proof over both
//	caller   the proof over both
package proof
