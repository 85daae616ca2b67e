#!/usr/bin/env bash
# Intel MPI 2021.18.1 (wheel impi-rt), libmpi.so.12: a receive of 0 elements that
# matches a message of 4 ends with MPI_SUCCESS, and MPI_Get_count says 0; the message
# is gone without a word. A receive of 1 element is MPI_ERR_TRUNCATE, as it should
# be. The same binary on MPICH 5.0.2's libmpi.so.12 (one ABI) says MPI_ERR_TRUNCATE
# for both.
#
# Needs: Python with venv, a C compiler, x86-64 Linux.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
for p in mpich==5.0.2 impi-rt==2021.18.1; do
	python3 -m venv "${p%%=*}"
	"${p%%=*}/bin/pip" install -q --disable-pip-version-check --no-cache-dir --only-binary :all: "$p"
done
cat >short.c <<'C'
#include <mpi.h>
#include <stdio.h>
int main(int argc, char **argv)
{
	int rank, sent[4] = {1, 2, 3, 4}, got[4];
	MPI_Init(&argc, &argv);
	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
	for (int room = 0; room < 2; room++) {
		MPI_Status status;
		int class, count;
		if (rank == 0) {
			MPI_Send(sent, 4, MPI_INT, 1, 0, MPI_COMM_WORLD);
		} else {
			MPI_Error_class(MPI_Recv(got, room, MPI_INT, 0, 0, MPI_COMM_WORLD, &status), &class);
			MPI_Get_count(&status, MPI_INT, &count);
			printf("room for %d of 4: %s, count %d\n", room,
			       class == MPI_SUCCESS ? "MPI_SUCCESS" : class == MPI_ERR_TRUNCATE ? "MPI_ERR_TRUNCATE" : "another error", count);
		}
		MPI_Barrier(MPI_COMM_WORLD);
	}
	MPI_Finalize();
	return 0;
}
C
mpich/bin/mpicc -o short short.c
run() { LD_LIBRARY_PATH=$1/lib FI_PROVIDER=tcp I_MPI_FABRICS=shm timeout 60 "$1/bin/mpiexec" -n 2 ./short; }
status=0
check() {
	[ "$2" = "$3" ] || { printf '%s has changed:\n%s\n' "$1" "$2"; status=1; }
	printf '%s:\n%s\n' "$1" "$2"
}
check 'MPICH 5.0.2' "$(run mpich)" 'room for 0 of 4: MPI_ERR_TRUNCATE, count 0
room for 1 of 4: MPI_ERR_TRUNCATE, count 1'
check 'Intel MPI 2021.18.1' "$(run impi-rt)" 'room for 0 of 4: MPI_SUCCESS, count 0
room for 1 of 4: MPI_ERR_TRUNCATE, count 1'
exit $status
