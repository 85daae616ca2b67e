// Campaign starts many jobs, kills something in each at a random moment, and
// looks what becomes of the rest:
//
//	go run ./bench/campaign [-n 2000] [-seed 1]
//
// The ranks run the program in traffic, some of them in a wrapper (a shell, a
// Python script). Half of the blows fall in the first 0.2 s. Afterwards every job
// has to have ended within its time, with the status that its end deserves, with a
// report that names the rank that was killed, without wrong data, and without a
// process, a file or a segment of memory left. A job of which that is not true is
// one line, its output stays in the folder that the line names, and the status of
// the campaign is 1.
//
//   - main.go: options, the course of a campaign, and its table;
//   - blow.go: what is done to a job, and what has to come of it;
//   - job.go: one job;
//   - look.go: processes and files that belong to it.
//
// It needs Linux.
package main
