/* The C side of the comparison: the same loops as rank.go, on the same library.
 * latency THREADS ITERATIONS CASE... with THREADS single or multiple. Rank 0 prints "CASE
 * nanoseconds" lines. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int rank, size;

static void pingpong(char *buf, int n, int loops) {
	for (int i = 0; i < loops; i++) {
		if (rank == 0) {
			MPI_Send(buf, n, MPI_BYTE, 1, 1, MPI_COMM_WORLD);
			MPI_Recv(buf, n, MPI_BYTE, 1, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
		} else if (rank == 1) {
			MPI_Recv(buf, n, MPI_BYTE, 0, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
			MPI_Send(buf, n, MPI_BYTE, 0, 1, MPI_COMM_WORLD);
		}
	}
}

static void allreduce(double *in, double *out, int n, int loops) {
	for (int i = 0; i < loops; i++)
		MPI_Allreduce(in, out, n, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
}

static void bcast(char *buf, int n, int loops) {
	for (int i = 0; i < loops; i++)
		MPI_Bcast(buf, n, MPI_BYTE, 0, MPI_COMM_WORLD);
}

static void barrier(int loops) {
	for (int i = 0; i < loops; i++)
		MPI_Barrier(MPI_COMM_WORLD);
}

static void once(const char *name, char *a, char *b, int loops) {
	int n = atoi(strchr(name, ':') ? strchr(name, ':') + 1 : "0");
	if (!strncmp(name, "pingpong", 8))
		pingpong(a, n, loops);
	else if (!strncmp(name, "allreduce", 9))
		allreduce((double *)a, (double *)b, n / 8, loops);
	else if (!strncmp(name, "bcast", 5))
		bcast(a, n, loops);
	else
		barrier(loops);
}

int main(int argc, char **argv) {
	int provided, level = !strcmp(argv[1], "multiple") ? MPI_THREAD_MULTIPLE : MPI_THREAD_SINGLE;
	int loops = atoi(argv[2]);
	MPI_Init_thread(&argc, &argv, level, &provided);
	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	MPI_Comm_size(MPI_COMM_WORLD, &size);
	char *a = malloc(8 << 20), *b = malloc(8 << 20);
	memset(a, 0, 8 << 20);
	memset(b, 0, 8 << 20);
	for (int i = 3; i < argc; i++) {
		int n = atoi(strchr(argv[i], ':') ? strchr(argv[i], ':') + 1 : "0");
		int count = n >= 65536 ? loops / 50 + 1 : loops;
		once(argv[i], a, b, count / 10 + 1);
		MPI_Barrier(MPI_COMM_WORLD);
		double t = MPI_Wtime();
		once(argv[i], a, b, count);
		t = MPI_Wtime() - t;
		if (!strncmp(argv[i], "pingpong", 8))
			t /= 2; /* one way */
		if (rank == 0)
			printf("%s %.1f\n", argv[i], t / count * 1e9);
	}
	MPI_Finalize();
	return 0;
}
