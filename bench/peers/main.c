#include "peer.h"

#include <stdarg.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

struct options opt = {.least = -1, .greatest = -1, .step = 2, .warmup = -1, .window = 64, .threads = 2, .wait = 10};
int rank, ranks;

const struct iterations latency_iterations = {10000, 100, 1000, 10};
const struct iterations bandwidth_iterations = {100, 10, 20, 2};
const struct iterations collective_iterations = {1000, 100, 100, 10};

void fail(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fprintf(stderr, "peer: rank %d: ", rank);
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n");
	va_end(args);
	MPI_Abort(MPI_COMM_WORLD, 1);
	exit(1);
}

int64_t now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t clock_cost;

static int ascending(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static void measure_clock(void)
{
	int64_t d[1001];
	for (int i = 0; i < 1001; i++) {
		int64_t start = now();
		d[i] = now() - start;
	}
	qsort(d, 1001, sizeof *d, ascending);
	clock_cost = d[500];
}

int64_t since(int64_t start)
{
	int64_t took = now() - start - clock_cost;
	return took > 0 ? took : 0;
}

static int64_t least_of(int64_t a, int64_t b) { return a < b ? a : b; }

/* settling is how many nanoseconds the first warm-up of a run takes, as in
 * "ringo bench". */
static const int64_t settling = 25 * 1000 * 1000;

/* warm is the warm-up under a time limit: it grows until it is done or has taken
 * so many nanoseconds, and tells how many iterations fit into the limit. It
 * believes its fastest part: in a slow one somebody else had the core. */
static int warm(int warmup, int n, int64_t most, span_fn span, void *arg)
{
	int64_t total = 0, each = INT64_MAX, limit = opt.limit * 1e9;
	for (int done = 0, chunk = 1; chunk > 0;) {
		MPI_Barrier(MPI_COMM_WORLD);
		int64_t start = now();
		span(chunk, arg);
		int64_t took = now() - start;
		done += chunk;
		total += took;
		each = least_of(each, took / chunk > 0 ? took / chunk : 1);
		if (done >= warmup || total >= most)
			chunk = 0;
		else
			chunk = least_of(2 * chunk, warmup - done);
		MPI_Bcast(&chunk, 1, MPI_INT, 0, MPI_COMM_WORLD);
	}
	int fit = least_of(n, limit / each > 1 ? limit / each : 1);
	MPI_Bcast(&fit, 1, MPI_INT, 0, MPI_COMM_WORLD);
	return fit;
}

int64_t measure(struct iterations own, long size, span_fn span, void *arg, int *n)
{
	int warmup = size > large_message ? own.warmup_large : own.warmup;
	int count = size > large_message ? own.count_large : own.count;
	if (opt.warmup >= 0)
		warmup = opt.warmup;
	if (opt.iterations > 0)
		count = opt.iterations;
	static int settled;
	int64_t most = opt.limit * 1e9 / 4;
	if (!settled && opt.warmup < 0) {
		settled = 1;
		warmup = INT_MAX;
		most = settling;
	}
	if (opt.limit > 0)
		count = warm(warmup, count, most, span, arg);
	else if (warmup > 0)
		span(warmup, arg);
	MPI_Barrier(MPI_COMM_WORLD);
	*n = count;
	return span(count, arg);
}

long next_size(long size, long least, long greatest)
{
	if (opt.least >= 0)
		least = opt.least;
	if (opt.greatest >= 0)
		greatest = opt.greatest;
	size = size < 0 ? least : size == 0 ? 1 : size * opt.step;
	return size > greatest ? -1 : size;
}

void *buffer(size_t n)
{
	void *b = NULL;
	size_t room = n > 0 ? n : 1;
	if (opt.alloc)
		MPI_Alloc_mem(room, MPI_INFO_NULL, &b);
	else if (posix_memalign(&b, 4096, room) != 0)
		b = NULL;
	if (b == NULL)
		fail("there is no memory for %zu bytes", n);
	memset(b, 0, room);
	return b;
}

void release(void *b)
{
	if (opt.alloc)
		MPI_Free_mem(b);
	else
		free(b);
}

void dirty(char *b, size_t n, int64_t value)
{
	for (size_t i = 0; i < n; i += cache_line)
		((volatile char *)b)[i] = (char)(value & 7);
}

void dirty_floats(float *b, size_t n, int64_t value)
{
	for (size_t i = 0; i < n; i += cache_line / sizeof *b)
		((volatile float *)b)[i] = (float)(value & 7);
}

static double cpu_seconds(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return u.ru_utime.tv_sec + u.ru_stime.tv_sec + 1e-6 * (u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

int idle(void)
{
	char message = 1;
	double percent = 0;
	MPI_Barrier(MPI_COMM_WORLD);
	if (rank == 0) {
		struct timespec t = {(time_t)opt.wait, (long)((opt.wait - (time_t)opt.wait) * 1e9)};
		nanosleep(&t, NULL);
		for (int peer = 1; peer < ranks; peer++)
			MPI_Send(&message, 1, MPI_BYTE, peer, tag, MPI_COMM_WORLD);
	} else {
		double before = cpu_seconds();
		int64_t start = now();
		MPI_Recv(&message, 1, MPI_BYTE, 0, tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
		percent = 100 * (cpu_seconds() - before) / ((now() - start) * 1e-9);
	}
	double *all = buffer(sizeof *all * ranks);
	MPI_Gather(&percent, 1, MPI_DOUBLE, all, 1, MPI_DOUBLE, 0, MPI_COMM_WORLD);
	if (rank == 0) {
		printf("rank,percent_of_core\n");
		for (int peer = 1; peer < ranks; peer++)
			printf("%d,%.4f\n", peer, all[peer]);
	}
	return 0;
}

/* memory tells how much memory the process alone has written, and how much it
 * has in all. */
int memory(void)
{
	char out = 1, in;
	for (int i = 0; i < ranks; i++)
		MPI_Sendrecv(&out, 1, MPI_BYTE, (rank + i) % ranks, tag, &in, 1, MPI_BYTE, (rank + ranks - i) % ranks, tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
	int64_t one = 1, sum;
	MPI_Allreduce(&one, &sum, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
	MPI_Barrier(MPI_COMM_WORLD);
	int64_t mine[2] = {0, 0};
	FILE *f = fopen("/proc/self/smaps_rollup", "r");
	if (f == NULL)
		fail("there is no /proc/self/smaps_rollup");
	char line[256];
	long kib;
	while (fgets(line, sizeof line, f) != NULL) {
		if (sscanf(line, "Private_Dirty: %ld kB", &kib) == 1)
			mine[0] = kib;
		if (sscanf(line, "Rss: %ld kB", &kib) == 1)
			mine[1] = kib;
	}
	fclose(f);
	int64_t *all = buffer(2 * sizeof *all * ranks);
	MPI_Gather(mine, 2, MPI_INT64_T, all, 2, MPI_INT64_T, 0, MPI_COMM_WORLD);
	if (rank == 0) {
		printf("rank,own_kib,resident_kib\n");
		for (int peer = 0; peer < ranks; peer++)
			printf("%d,%lld,%lld\n", peer, (long long)all[2 * peer], (long long)all[2 * peer + 1]);
	}
	return 0;
}

static int empty(void) { return 0; }

static int version(void)
{
	char text[MPI_MAX_LIBRARY_VERSION_STRING];
	int length;
	MPI_Get_library_version(text, &length);
	text[strcspn(text, "\n")] = 0;
	if (rank == 0)
		printf("%s\n", text);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(void);
	int least_ranks;
} benchmarks[] = {
	{"latency", latency, 2}, {"alloc_lat", alloc_lat, 2}, {"bw", bw, 2}, {"bibw", bibw, 2},
	{"mbw_mr", mbw_mr, 2}, {"multi_lat", multi_lat, 2}, {"collectives", collectives, 1},
	{"overlap", overlap, 1}, {"idle", idle, 2}, {"memory", memory, 1}, {"empty", empty, 1},
	{"version", version, 1},
};

enum { benchmark_count = sizeof benchmarks / sizeof *benchmarks };

static void usage(void)
{
	fprintf(stderr, "usage: peer BENCHMARK [-m LEAST:GREATEST] [-s STEP] [-i ITERATIONS] [-x WARMUP]\n"
			"\t[-T SECONDS] [-w WINDOW] [-t THREADS] [-W SECONDS] [-C (clean)] [-A (alloc)] [COLLECTIVE...]\n"
			"benchmarks:");
	for (int i = 0; i < benchmark_count; i++)
		fprintf(stderr, " %s", benchmarks[i].name);
	fprintf(stderr, "\n");
	exit(2);
}

static void parse(int argc, char **argv)
{
	int c;
	optind = 2;
	while ((c = getopt(argc, argv, "+m:s:i:x:T:w:t:W:CA")) != -1) {
		switch (c) {
		case 'm':
			if (sscanf(optarg, "%ld:%ld", &opt.least, &opt.greatest) != 2)
				usage();
			break;
		case 's': opt.step = atoi(optarg); break;
		case 'i': opt.iterations = atoi(optarg); break;
		case 'x': opt.warmup = atoi(optarg); break;
		case 'T': opt.limit = atof(optarg); break;
		case 'w': opt.window = atoi(optarg); break;
		case 't': opt.threads = atoi(optarg); break;
		case 'W': opt.wait = atof(optarg); break;
		case 'C': opt.clean = 1; break;
		case 'A': opt.alloc = 1; break;
		default: usage();
		}
	}
	if (opt.step < 2 || opt.window < 1 || opt.threads < 1)
		usage();
	opt.names = argc - optind;
	opt.name = argv + optind;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		usage();
	int which = 0;
	while (which < benchmark_count && strcmp(benchmarks[which].name, argv[1]) != 0)
		which++;
	if (which == benchmark_count)
		usage();
	parse(argc, argv);
	if (strcmp(argv[1], "multi_lat") == 0) {
		int level;
		MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &level);
		if (level != MPI_THREAD_MULTIPLE)
			fail("the library has no MPI_THREAD_MULTIPLE");
	} else {
		MPI_Init(&argc, &argv);
	}
	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	MPI_Comm_size(MPI_COMM_WORLD, &ranks);
	/* Rows are seen when they are known, also if the rest takes for ever. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (ranks < benchmarks[which].least_ranks)
		fail("%s needs %d ranks", argv[1], benchmarks[which].least_ranks);
	measure_clock();
	int status = benchmarks[which].run();
	MPI_Finalize();
	return status;
}
