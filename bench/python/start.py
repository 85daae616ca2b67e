"""Starts as the other programs do and computes nothing: what every one of them
spends on the interpreter, its libraries and MPI."""

import numpy as np
from mpi4py import MPI
from numba import njit

comm = MPI.COMM_WORLD
total = comm.allreduce(1)

if comm.Get_rank() == 0:
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    print(total, "processes", np.__name__, njit.__name__, pyplot.__name__)
