#include "peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORLD MPI_COMM_WORLD

/* One collective on buffers that are ready. */
struct call {
	const char *name;
	long least; /* size in bytes; 0: there is no size */
	int sends, receives; /* messages in the buffers, per_rank or at_root */
	void (*block)(void);
	void (*start)(MPI_Request *);
	int writes_at_root; /* only rank 0 has something to send */
};

enum { per_rank = -1, at_root = -2 };

/* The collective at work. */
static long size;
static int n; /* elements of a message */
static char *s, *t;
static int *counts, *displs;

/* parts divides a vector as evenly as it goes: the first ranks get one element
 * more. */
static void parts(long elements)
{
	for (int i = 0, at = 0; i < ranks; i++) {
		counts[i] = elements / ranks + (i < elements % ranks);
		displs[i] = at;
		at += counts[i];
	}
}

static int block_elements(void) { return n / ranks > 0 ? n / ranks : 1; }

#define CALL(name, blocking, nonblocking) \
	static void name(void) { blocking; } \
	static void i##name(MPI_Request *req) { nonblocking; }

CALL(barrier, MPI_Barrier(WORLD), MPI_Ibarrier(WORLD, req))
CALL(bcast, MPI_Bcast(s, n, MPI_BYTE, 0, WORLD), MPI_Ibcast(s, n, MPI_BYTE, 0, WORLD, req))
CALL(reduce, MPI_Reduce(s, t, n, MPI_FLOAT, MPI_SUM, 0, WORLD), MPI_Ireduce(s, t, n, MPI_FLOAT, MPI_SUM, 0, WORLD, req))
CALL(allreduce, MPI_Allreduce(s, t, n, MPI_FLOAT, MPI_SUM, WORLD), MPI_Iallreduce(s, t, n, MPI_FLOAT, MPI_SUM, WORLD, req))
CALL(allgather, MPI_Allgather(s, n, MPI_BYTE, t, n, MPI_BYTE, WORLD), MPI_Iallgather(s, n, MPI_BYTE, t, n, MPI_BYTE, WORLD, req))
CALL(allgatherv, MPI_Allgatherv(s, n, MPI_BYTE, t, counts, displs, MPI_BYTE, WORLD), MPI_Iallgatherv(s, n, MPI_BYTE, t, counts, displs, MPI_BYTE, WORLD, req))
CALL(alltoall, MPI_Alltoall(s, n, MPI_BYTE, t, n, MPI_BYTE, WORLD), MPI_Ialltoall(s, n, MPI_BYTE, t, n, MPI_BYTE, WORLD, req))
CALL(alltoallv, MPI_Alltoallv(s, counts, displs, MPI_BYTE, t, counts, displs, MPI_BYTE, WORLD), MPI_Ialltoallv(s, counts, displs, MPI_BYTE, t, counts, displs, MPI_BYTE, WORLD, req))
CALL(scatter, MPI_Scatter(s, n, MPI_BYTE, t, n, MPI_BYTE, 0, WORLD), MPI_Iscatter(s, n, MPI_BYTE, t, n, MPI_BYTE, 0, WORLD, req))
CALL(scatterv, MPI_Scatterv(s, counts, displs, MPI_BYTE, t, n, MPI_BYTE, 0, WORLD), MPI_Iscatterv(s, counts, displs, MPI_BYTE, t, n, MPI_BYTE, 0, WORLD, req))
CALL(gather, MPI_Gather(s, n, MPI_BYTE, t, n, MPI_BYTE, 0, WORLD), MPI_Igather(s, n, MPI_BYTE, t, n, MPI_BYTE, 0, WORLD, req))
CALL(gatherv, MPI_Gatherv(s, n, MPI_BYTE, t, counts, displs, MPI_BYTE, 0, WORLD), MPI_Igatherv(s, n, MPI_BYTE, t, counts, displs, MPI_BYTE, 0, WORLD, req))
CALL(reduce_scatter, MPI_Reduce_scatter(s, t, counts, MPI_FLOAT, MPI_SUM, WORLD), MPI_Ireduce_scatter(s, t, counts, MPI_FLOAT, MPI_SUM, WORLD, req))
CALL(reduce_scatter_block, MPI_Reduce_scatter_block(s, t, block_elements(), MPI_FLOAT, MPI_SUM, WORLD), MPI_Ireduce_scatter_block(s, t, block_elements(), MPI_FLOAT, MPI_SUM, WORLD, req))
CALL(scan, MPI_Scan(s, t, n, MPI_FLOAT, MPI_SUM, WORLD), MPI_Iscan(s, t, n, MPI_FLOAT, MPI_SUM, WORLD, req))
CALL(exscan, MPI_Exscan(s, t, n, MPI_FLOAT, MPI_SUM, WORLD), MPI_Iexscan(s, t, n, MPI_FLOAT, MPI_SUM, WORLD, req))

static const struct call calls[] = {
	{"barrier", 0, 1, 1, barrier, ibarrier, 0},
	{"bcast", 1, 1, 1, bcast, ibcast, 1},
	{"reduce", 4, 1, 1, reduce, ireduce, 0},
	{"allreduce", 4, 1, 1, allreduce, iallreduce, 0},
	{"allgather", 1, 1, per_rank, allgather, iallgather, 0},
	{"allgatherv", 1, 1, per_rank, allgatherv, iallgatherv, 0},
	{"alltoall", 1, per_rank, per_rank, alltoall, ialltoall, 0},
	{"alltoallv", 1, per_rank, per_rank, alltoallv, ialltoallv, 0},
	{"scatter", 1, at_root, 1, scatter, iscatter, 0},
	{"scatterv", 1, at_root, 1, scatterv, iscatterv, 0},
	{"gather", 1, 1, at_root, gather, igather, 0},
	{"gatherv", 1, 1, at_root, gatherv, igatherv, 0},
	{"reduce_scatter", 4, 1, 1, reduce_scatter, ireduce_scatter, 0},
	{"reduce_scatter_block", 4, 1, 1, reduce_scatter_block, ireduce_scatter_block, 0},
	{"scan", 4, 1, 1, scan, iscan, 0},
	{"exscan", 4, 1, 1, exscan, iexscan, 0},
};

enum { call_count = sizeof calls / sizeof *calls };

static long messages(int many)
{
	return many == per_rank || (many == at_root && rank == 0) ? ranks : many == at_root ? 0 : many;
}

/* ready sets everything for messages of one size. */
static void ready(const struct call *c, long bytes)
{
	size = bytes;
	n = c->least == 4 ? bytes / 4 : bytes;
	if (strcmp(c->name, "reduce_scatter") == 0)
		parts(n);
	else
		parts((long)n * ranks);
}

/* between is what comes between two collectives. */
static void between(const struct call *c, int i)
{
	if (c->least == 0)
		return;
	if (!opt.clean && (!c->writes_at_root || rank == 0)) {
		if (strcmp(c->name, "reduce_scatter_block") == 0)
			dirty_floats((float *)s, (size_t)block_elements() * ranks, i);
		else if (c->least == 4)
			dirty_floats((float *)s, n, i);
		else
			dirty(s, messages(c->sends) * size, i);
	}
	MPI_Barrier(WORLD);
}

static int64_t block_span(int count, void *arg)
{
	const struct call *c = arg;
	int64_t total = 0;
	for (int i = 0; i < count; i++) {
		int64_t start = now();
		c->block();
		total += since(start);
		between(c, i);
	}
	return total;
}

/* The computation that a nonblocking collective is overlapped with. */
static long work;
static int64_t computed;
static volatile double accumulator;

static void compute(long steps)
{
	double x = 1;
	for (long i = 0; i < steps; i++)
		x = x * 0.999999 + 0.5;
	accumulator = x;
}

static long work_for(int64_t ns)
{
	int64_t fastest = (int64_t)1 << 62;
	for (int i = 0; i < 5; i++) {
		int64_t start = now();
		compute(20000);
		int64_t took = now() - start;
		if (took > 0 && took < fastest)
			fastest = took;
	}
	long steps = (double)ns * 20000 / fastest;
	return steps > 1 ? steps : 1;
}

static int64_t overlap_span(int count, void *arg)
{
	const struct call *c = arg;
	int64_t total = 0;
	computed = 0;
	for (int i = 0; i < count; i++) {
		MPI_Request req;
		int64_t start = now();
		c->start(&req);
		if (work > 0) {
			int64_t before = now();
			compute(work);
			computed += since(before);
		}
		MPI_Wait(&req, MPI_STATUS_IGNORE);
		total += since(start);
		if (c->least > 0)
			between(c, i);
		else
			MPI_Barrier(WORLD);
	}
	return total;
}

static double reduced(double x, MPI_Op op)
{
	double out = 0;
	MPI_Reduce(&x, &out, 1, MPI_DOUBLE, op, 0, WORLD);
	return out;
}

static void blocking_row(const struct call *c)
{
	int count;
	int64_t ns = measure(collective_iterations, size, block_span, (void *)c, &count);
	double mine = ns / (double)count / 1e3;
	double mean = reduced(mine, MPI_SUM) / ranks, least = reduced(mine, MPI_MIN), greatest = reduced(mine, MPI_MAX);
	if (rank == 0)
		printf("%s,%ld,%.5f,%.5f,%.5f,%d\n", c->name, size, mean, least, greatest, count);
}

static void overlap_row(const struct call *c)
{
	int count;
	work = 0;
	int64_t ns = measure(collective_iterations, size, overlap_span, (void *)c, &count);
	double own = reduced(ns / (double)count, MPI_SUM) / ranks;
	MPI_Bcast(&own, 1, MPI_DOUBLE, 0, WORLD);
	work = work_for(own);
	ns = measure(collective_iterations, size, overlap_span, (void *)c, &count);
	double overall = reduced(ns / (double)count, MPI_SUM) / ranks;
	double took = reduced(computed / (double)count, MPI_SUM) / ranks;
	double hidden = 100 - 100 * (overall - took) / own;
	if (rank == 0)
		printf("i%s,%ld,%.5f,%.5f,%.5f,%.3f\n", c->name, size, overall / 1e3, took / 1e3, own / 1e3, hidden < 0 ? 0 : hidden > 100 ? 100 : hidden);
}

static void run(const struct call *c, void (*row)(const struct call *))
{
	if (c->least == 0) {
		ready(c, 0);
		row(c);
		return;
	}
	long last = -1;
	for (long b = -1; (b = next_size(b, c->least, 1 << 20)) >= 0;)
		last = b;
	if (last < 0)
		return;
	/* reduce_scatter_block rounds up to an element for each rank. */
	long room = last + (c->least == 4 ? 4 * (long)ranks : 0);
	s = buffer(messages(c->sends) * room);
	t = buffer(messages(c->receives) * room);
	long before = -1;
	for (long b = -1; (b = next_size(b, c->least, 1 << 20)) >= 0;) {
		long whole = b / c->least * c->least;
		if (whole < c->least)
			whole = c->least;
		if (whole == before)
			continue;
		before = whole;
		ready(c, whole);
		row(c);
	}
	release(s);
	release(t);
}

static int all(void (*row)(const struct call *))
{
	counts = malloc(sizeof *counts * ranks);
	displs = malloc(sizeof *displs * ranks);
	for (int i = 0; i < call_count; i++) {
		int chosen = opt.names == 0;
		for (int j = 0; j < opt.names; j++)
			chosen = chosen || strcmp(opt.name[j], calls[i].name) == 0;
		if (chosen)
			run(&calls[i], row);
	}
	return 0;
}

int collectives(void)
{
	if (rank == 0)
		printf("collective,size,avg_us,min_us,max_us,iterations\n");
	return all(blocking_row);
}

int overlap(void)
{
	if (rank == 0)
		printf("collective,size,overall_us,compute_us,own_us,overlap_percent\n");
	return all(overlap_row);
}
