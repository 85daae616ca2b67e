#include "peer.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* One end of a pair of ranks. */
struct pingpong {
	int peer, tag, first;
	long size;
	char *send, *recv;
	int n;         /* of a thread */
	int64_t total; /* of a thread */
};

static void send_one(struct pingpong *p)
{
	MPI_Send(p->send, (int)p->size, MPI_BYTE, p->peer, p->tag, MPI_COMM_WORLD);
}

static void receive_one(struct pingpong *p)
{
	MPI_Recv(p->recv, (int)p->size, MPI_BYTE, p->peer, p->tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

static int64_t pingpong_span(int n, void *arg)
{
	struct pingpong *p = arg;
	size_t write = opt.clean ? 0 : p->size;
	int64_t total = 0, start = now();
	int each = p->size >= timed_each;
	for (int i = 0; i < n; i++) {
		if (p->first) {
			if (each)
				start = now();
			send_one(p);
			receive_one(p);
			if (each)
				total += since(start);
		} else {
			receive_one(p);
			send_one(p);
		}
		dirty(p->send, write, i);
	}
	return each ? total : now() - start;
}

static long last_size(long least, long greatest)
{
	long last = -1;
	for (long s = -1; (s = next_size(s, least, greatest)) >= 0;)
		last = s;
	return last;
}

int latency(void)
{
	long last = last_size(0, 4 << 20);
	if (last < 0)
		return 0;
	struct pingpong p = {.peer = 1 - rank, .tag = tag, .first = rank == 0, .send = buffer(last), .recv = buffer(last)};
	if (rank == 0)
		printf("size,latency_us\n");
	for (long size = -1; (size = next_size(size, 0, 4 << 20)) >= 0;) {
		int n;
		p.size = size;
		int64_t ns = measure(latency_iterations, size, pingpong_span, &p, &n);
		if (rank == 0)
			printf("%ld,%.5f\n", size, ns / (double)n / 2e3);
	}
	release(p.send);
	release(p.recv);
	return 0;
}

int alloc_lat(void)
{
	opt.alloc = 1;
	return latency();
}

static void *pingpong_thread(void *arg)
{
	struct pingpong *p = arg;
	p->total = pingpong_span(p->n, p);
	return NULL;
}

/* together runs the spans of all threads at once and returns the sum of their
 * times. */
static int64_t together(int n, void *arg)
{
	struct pingpong *pairs = arg;
	pthread_t *threads = malloc(sizeof *threads * opt.threads);
	int64_t total = 0;
	for (int i = 0; i < opt.threads; i++) {
		pairs[i].n = n;
		if (pthread_create(&threads[i], NULL, pingpong_thread, &pairs[i]) != 0)
			fail("cannot start a thread");
	}
	for (int i = 0; i < opt.threads; i++) {
		pthread_join(threads[i], NULL);
		total += pairs[i].total;
	}
	free(threads);
	return total;
}

int multi_lat(void)
{
	long last = last_size(0, 4 << 20);
	if (last < 0)
		return 0;
	int half = ranks / 2, first = rank < half;
	struct pingpong *pairs = calloc(opt.threads, sizeof *pairs);
	for (int i = 0; i < opt.threads; i++)
		pairs[i] = (struct pingpong){.peer = first ? rank + half : rank - half, .tag = tag + i, .first = first, .send = buffer(last), .recv = buffer(last)};
	if (rank == 0)
		printf("size,latency_us\n");
	for (long size = -1; (size = next_size(size, 0, 4 << 20)) >= 0;) {
		for (int i = 0; i < opt.threads; i++)
			pairs[i].size = size;
		int n;
		int64_t ns = measure(latency_iterations, size, together, pairs, &n);
		double mean = first ? ns / (double)n / 2e3 / opt.threads : 0, sum;
		MPI_Reduce(&mean, &sum, 1, MPI_DOUBLE, MPI_SUM, 0, MPI_COMM_WORLD);
		if (rank == 0)
			printf("%ld,%.5f\n", size, sum / half);
	}
	return 0;
}

/* One end of a pair of ranks of which the one sends windows of messages to the
 * other, or both to each other. */
struct stream {
	int peer, sender;
	long size;
	char *send, *recv, ack[4];
	MPI_Request *reqs;
};

static struct stream new_stream(int peer, int sender, long last)
{
	return (struct stream){.peer = peer, .sender = sender, .send = buffer(last), .recv = buffer(last), .reqs = malloc(sizeof(MPI_Request) * 2 * opt.window)};
}

static int64_t stream_span(int n, void *arg)
{
	struct stream *s = arg;
	int each = s->size >= timed_each;
	size_t write = opt.clean ? 0 : s->size;
	int64_t total = 0, start = now();
	for (int i = 0; i < n; i++) {
		if (!s->sender) {
			for (int j = 0; j < opt.window; j++)
				MPI_Irecv(s->recv, (int)s->size, MPI_BYTE, s->peer, tag, MPI_COMM_WORLD, &s->reqs[j]);
			MPI_Waitall(opt.window, s->reqs, MPI_STATUSES_IGNORE);
			MPI_Send(s->ack, 4, MPI_BYTE, s->peer, ack_tag, MPI_COMM_WORLD);
			continue;
		}
		if (each)
			start = now();
		for (int j = 0; j < opt.window; j++)
			MPI_Isend(s->send, (int)s->size, MPI_BYTE, s->peer, tag, MPI_COMM_WORLD, &s->reqs[j]);
		MPI_Waitall(opt.window, s->reqs, MPI_STATUSES_IGNORE);
		MPI_Recv(s->ack, 4, MPI_BYTE, s->peer, ack_tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
		if (each)
			total += since(start);
		dirty(s->send, write, i);
	}
	return each ? total : now() - start;
}

static int64_t both_span(int n, void *arg)
{
	struct stream *s = arg;
	int each = s->size >= timed_each;
	int out = s->sender ? tag + 10 : tag, in = s->sender ? tag : tag + 10;
	size_t write = opt.clean ? 0 : s->size;
	int64_t total = 0, start = now();
	for (int i = 0; i < n; i++) {
		if (each)
			start = now();
		for (int j = 0; j < opt.window; j++)
			MPI_Irecv(s->recv, (int)s->size, MPI_BYTE, s->peer, in, MPI_COMM_WORLD, &s->reqs[j]);
		for (int j = 0; j < opt.window; j++)
			MPI_Isend(s->send, (int)s->size, MPI_BYTE, s->peer, out, MPI_COMM_WORLD, &s->reqs[opt.window + j]);
		MPI_Waitall(opt.window, s->reqs + opt.window, MPI_STATUSES_IGNORE);
		MPI_Waitall(opt.window, s->reqs, MPI_STATUSES_IGNORE);
		if (each)
			total += since(start);
		dirty(s->send, write, i);
	}
	return each ? total : now() - start;
}

static int streams(int ways, span_fn span)
{
	long last = last_size(1, 4 << 20);
	if (last < 0)
		return 0;
	struct stream s = new_stream(1 - rank, rank == 0, last);
	if (rank == 0)
		printf("size,mb_per_s\n");
	for (long size = -1; (size = next_size(size, 1, 4 << 20)) >= 0;) {
		int n;
		s.size = size;
		int64_t ns = measure(bandwidth_iterations, size, span, &s, &n);
		if (rank == 0)
			printf("%ld,%.4f\n", size, (double)ways * size * n * opt.window / ns * 1e3);
	}
	return 0;
}

int bw(void) { return streams(1, stream_span); }
int bibw(void) { return streams(2, both_span); }

int mbw_mr(void)
{
	long last = last_size(1, 4 << 20);
	if (last < 0)
		return 0;
	int pairs = ranks / 2, sender = rank < pairs;
	struct stream s = new_stream(sender ? rank + pairs : rank - pairs, sender, last);
	if (rank == 0)
		printf("size,mb_per_s,messages_per_s\n");
	for (long size = -1; (size = next_size(size, 1, 4 << 20)) >= 0;) {
		int n;
		s.size = size;
		int64_t ns = measure(bandwidth_iterations, size, stream_span, &s, &n), slowest;
		if (!sender)
			ns = 0;
		MPI_Reduce(&ns, &slowest, 1, MPI_INT64_T, MPI_MAX, 0, MPI_COMM_WORLD);
		if (rank == 0) {
			double messages = (double)pairs * n * opt.window / (slowest * 1e-9);
			printf("%ld,%.4f,%.1f\n", size, messages * size * 1e-6, messages);
		}
	}
	return 0;
}
