"""Monte Carlo pi: for N = 4^5 ... 4^14, 64 runs spread over the ranks, mean and
standard deviation, two plots.

--compile darts   numba compiles the making of the darts; numpy counts them, in
                  blocks of 100,000: the program that the comparison is with
--compile loop    numba compiles all of a run into one loop and keeps the machine
                  code for the next one: the most that numba can do
"""

import argparse

import numpy as np
from mpi4py import MPI
from numba import njit

p = argparse.ArgumentParser()
p.add_argument("--max-power", type=int, default=14)
p.add_argument("--runs", type=int, default=64)
p.add_argument("--compile", choices=["darts", "loop"], default="darts")
a = p.parse_args()

comm = MPI.COMM_WORLD
rank, size = comm.Get_rank(), comm.Get_size()


@njit
def throw(n):
    return 2 * np.random.random((n, 2)) - 1


def hits_in_blocks(n, block=100_000):
    hits = 0
    for first in range(0, n, block):
        darts = throw(min(block, n - first))
        hits += np.sum(np.linalg.norm(darts, axis=-1) <= 1.0)
    return hits


@njit(cache=True)
def hits_in_a_loop(n):
    hits = 0
    for _ in range(n):
        x = np.random.random()
        y = np.random.random()
        if x * x + y * y <= 1.0:
            hits += 1
    return hits


hits = hits_in_blocks if a.compile == "darts" else hits_in_a_loop

rows = []
for power in range(5, a.max_power + 1):
    n = 4**power
    mine = [4.0 * hits(n) / n for _ in range(a.runs // size)]
    parts = comm.gather(mine, root=0)
    if rank == 0:
        estimates = np.concatenate(parts)
        rows.append((n, estimates.mean(), estimates.std()))
        print(*rows[-1], flush=True)

if rank == 0:
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    table = np.array(rows)
    pyplot.figure()
    pyplot.errorbar(np.log2(table[:, 0]), table[:, 1], yerr=table[:, 2])
    pyplot.xlabel("log2(number of darts N)")
    pyplot.ylabel("estimate of pi")
    pyplot.savefig("pi_vs_log2_N.png")
    pyplot.figure()
    pyplot.plot(np.log2(table[:, 0]), np.log2(table[:, 2]))
    pyplot.xlabel("log2(number of darts N)")
    pyplot.ylabel("log2(standard deviation)")
    pyplot.savefig("log2_std_vs_log2_N.png")
