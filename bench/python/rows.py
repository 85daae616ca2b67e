"""What julia.py and mandelbrot.py share: the rows of a picture computed by all
ranks, gathered on rank 0 and saved with matplotlib's default colours."""

import numpy as np
from mpi4py import MPI


def picture(width, height, fill, path):
    """fill(first, block) computes the rows of block, an array of rows by width,
    from row first on."""
    comm = MPI.COMM_WORLD
    rank, size = comm.Get_rank(), comm.Get_size()

    rows = height // size + (height % size > rank)
    first = comm.scan(rows) - rows
    mine = np.zeros((rows, width), dtype="i")
    fill(first, mine)

    counts = comm.gather(rows, root=0)
    whole = np.zeros((height, width), dtype="i") if rank == 0 else None
    row = MPI.INT.Create_contiguous(width)
    row.Commit()
    comm.Gatherv([mine, MPI.INT], [whole, (counts, None), row], root=0)
    row.Free()

    if rank == 0:
        import matplotlib
        matplotlib.use("Agg")
        from matplotlib import pyplot
        pyplot.imsave(path, whole)
