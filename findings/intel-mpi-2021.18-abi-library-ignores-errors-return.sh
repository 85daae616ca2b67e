#!/usr/bin/env bash
# Intel MPI 2021.18.1 (wheel impi-rt), the MPI-5 ABI library libmpi_abi.so.1: after
# MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN) an error of a call still aborts
# the job ("Fatal error in internal_Send: Invalid rank"), although
# MPI_Comm_get_errhandler answers MPI_ERRORS_RETURN. A handler made by
# MPI_Comm_create_errhandler is called, and the program goes on. The same binary on
# MPICH 5.0.2's libmpi_abi.so.1 gets MPI_ERR_RANK back. A program that wants to
# handle errors on that library has to set a handler of its own.
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
cat >errors.c <<'C'
#include <mpi.h>
#include <stdio.h>
static void called(MPI_Comm *comm, int *code, ...) { (void)comm; (void)code; printf("the handler is called\n"); }
int main(int argc, char **argv)
{
	int word = 0, class;
	MPI_Errhandler now, own;
	MPI_Init(&argc, &argv);
	setvbuf(stdout, NULL, _IONBF, 0);
	MPI_Comm_create_errhandler(called, &own);
	MPI_Comm_set_errhandler(MPI_COMM_SELF, own);
	MPI_Send(&word, 1, MPI_INT, 99, 0, MPI_COMM_SELF);
	MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
	MPI_Comm_get_errhandler(MPI_COMM_SELF, &now);
	printf("the handler is %s\n", now == MPI_ERRORS_RETURN ? "MPI_ERRORS_RETURN" : "another");
	MPI_Error_class(MPI_Send(&word, 1, MPI_INT, 99, 0, MPI_COMM_SELF), &class);
	printf("the call returns %s\n", class == MPI_ERR_RANK ? "MPI_ERR_RANK" : "something else");
	MPI_Finalize();
	return 0;
}
C
mpich/bin/mpicc_abi -o errors errors.c
run() { LD_LIBRARY_PATH=$1/lib FI_PROVIDER=tcp I_MPI_FABRICS=shm timeout 60 "$1/bin/mpiexec" -n 1 ./errors 2>err || echo "status $?"; }
status=0
check() {
	[ "$2" = "$3" ] || { printf '%s has changed:\n%s\n' "$1" "$2"; status=1; }
	printf '%s:\n%s\n' "$1" "$2"
}
before='the handler is called
the handler is MPI_ERRORS_RETURN'
check 'MPICH 5.0.2' "$(run mpich)" "$before
the call returns MPI_ERR_RANK"
check 'Intel MPI 2021.18.1' "$(run impi-rt)" "$before
status 6"
grep -q 'Invalid rank' err || { cat err; status=1; }
exit $status
