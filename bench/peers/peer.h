/* The benchmarks of "ringo bench" for other MPI libraries: the same loops, the
 * same warm-up, the same rows in CSV. A change of a loop here is a change in
 * internal/ringocmd/bench and in peer.py. */
#ifndef PEER_H
#define PEER_H

#include <mpi.h>
#include <stddef.h>
#include <stdint.h>

enum { large_message = 8192, timed_each = 4096, cache_line = 64, tag = 100, ack_tag = 101 };

/* What the command line says. */
struct options {
	long least, greatest; /* message sizes, -1: the benchmark's own */
	int step;             /* ratio of one size to the next */
	int iterations;       /* 0: the benchmark's own */
	int warmup;           /* -1: the benchmark's own */
	double limit;         /* seconds for one size, 0: none */
	int window, threads;
	int clean, alloc;
	double wait; /* seconds that idle waits */
	int names;   /* what follows the options */
	char **name;
};

extern struct options opt;
extern int rank, ranks;

/* Numbers of iterations, up to and above large_message. */
struct iterations { int count, warmup, count_large, warmup_large; };
extern const struct iterations latency_iterations, bandwidth_iterations, collective_iterations;

int64_t now(void);            /* nanoseconds */
int64_t since(int64_t start); /* without what reading the clock costs */

/* A span runs n iterations and returns the nanoseconds that this rank measured. */
typedef int64_t (*span_fn)(int n, void *arg);

/* measure runs span for the warm-up and for the iterations that count, on all
 * ranks together, and sets *n to the number of these. */
int64_t measure(struct iterations own, long size, span_fn span, void *arg, int *n);

/* next_size steps through the sizes: start with -1; -1 is the end. */
long next_size(long size, long least, long greatest);

void *buffer(size_t n); /* of n bytes, touched; ends the program if there is none */
void release(void *b);
void dirty(char *b, size_t n, int64_t value);       /* writes into every cache line */
void dirty_floats(float *b, size_t n, int64_t value);
void fail(const char *format, ...);

int latency(void), alloc_lat(void), bw(void), bibw(void), mbw_mr(void), multi_lat(void);
int collectives(void), overlap(void);
int idle(void), memory(void);

#endif
