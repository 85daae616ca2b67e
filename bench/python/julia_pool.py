"""julia.py with a pool of workers that map the rows, as mpi4py.futures has it:
mpiexec -n 3 python3 -m mpi4py.futures julia_pool.py (two workers)."""

import argparse

import numpy as np
from mpi4py.futures import MPIPoolExecutor
from numba import njit

p = argparse.ArgumentParser()
p.add_argument("--multiplier", type=int, default=1)
p.add_argument("--out", default="julia.png")
a, _ = p.parse_known_args()  # -m mpi4py.futures leaves its own in the list

width, height = 640 * a.multiplier, 480 * a.multiplier
xmin, xmax, ymin, ymax = -2.0, 2.0, -1.5, 1.5
dx, dy = (xmax - xmin) / width, (ymax - ymin) / height
c = complex(0, 0.65)


@njit
def pixel(x, y):
    z = complex(x, y)
    n = 255
    while abs(z) < 3 and n > 1:
        z = z**2 + c
        n -= 1
    return n


def row(k):
    y = ymax - k * dy
    return bytes(pixel(xmin + j * dx, y) for j in range(width))


if __name__ == "__main__":
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    with MPIPoolExecutor() as pool:
        lines = list(pool.map(row, range(height)))
    pyplot.imsave(a.out, np.frombuffer(b"".join(lines), dtype=np.uint8).reshape(height, width))
