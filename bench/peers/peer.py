"""The benchmarks of "ringo bench" for mpi4py: the same loops, the same warm-up,
the same rows in CSV. A change of a loop here is a change in
internal/ringocmd/bench and in peer.h.

    mpirun -n 2 python3 peer.py latency -m 1:1024
"""

import argparse
import sys
import time

from mpi4py import MPI

TAG = 100
LARGE = 8192
TIMED_EACH = 4096
CACHE_LINE = 64

world = MPI.COMM_WORLD
rank = world.Get_rank()
ranks = world.Get_size()
now = time.perf_counter


def parse():
    p = argparse.ArgumentParser()
    p.add_argument("benchmark", choices=sorted(BENCHMARKS))
    p.add_argument("-m", default=":")
    p.add_argument("-s", type=int, default=2, help="ratio of one size to the next")
    p.add_argument("-i", type=int, default=0)
    p.add_argument("-x", type=int, default=-1)
    p.add_argument("-T", type=float, default=0)
    p.add_argument("-C", action="store_true", help="do not write the buffer")
    return p.parse_args()


def sizes(least, greatest):
    low, _, high = options.m.partition(":")
    size, greatest = int(low or least), int(high or greatest)
    while size <= greatest:
        yield size
        size = max(1, size * options.s)


def clock_cost():
    d = []
    for _ in range(1001):
        start = now()
        d.append(now() - start)
    return sorted(d)[500]


def measure(own, size, span):
    """Run span for the warm-up and the iterations that count; return the number
    of these and the seconds that this rank measured."""
    count, warmup, count_large, warmup_large = own
    if size > LARGE:
        count, warmup = count_large, warmup_large
    if options.x >= 0:
        warmup = options.x
    if options.i > 0:
        count = options.i
    if options.T > 0:
        most = options.T / 4
        if not settled and options.x < 0:
            settled.append(True)
            warmup, most = sys.maxsize, SETTLING
        count = warm(warmup, count, most, span)
    elif warmup > 0:
        span(warmup)
    world.Barrier()
    return count, span(count)


settled = []
SETTLING = 0.025  # seconds that the first warm-up of a run takes, as in "ringo bench"


def warm(warmup, count, most, span):
    total, done, chunk, each = 0.0, 0, 1, 1e9
    while chunk > 0:
        world.Barrier()
        start = now()
        span(chunk)
        took = now() - start
        done += chunk
        total += took
        each = min(each, max(1e-9, took / chunk))
        chunk = 0 if done >= warmup or total >= most else min(2 * chunk, warmup - done)
        chunk = world.bcast(chunk, 0)
    return world.bcast(min(count, max(1, int(options.T / each))), 0)


def dirty(buf, size, value):
    if size > 0 and not options.C:
        value &= 7
        buf[0:size:CACHE_LINE] = bytes([value]) * ((size + CACHE_LINE - 1) // CACHE_LINE)


def latency():
    """As osu_latency, with buffers."""
    if rank == 0:
        print("size,latency_us", flush=True)
    for size in sizes(0, 4 << 20):
        data, got = bytearray(size), bytearray(size)
        send, recv = [data, size, MPI.BYTE], [got, size, MPI.BYTE]

        def span(n):
            each, total, peer = size >= TIMED_EACH, 0.0, 1 - rank
            Send, Recv = world.Send, world.Recv
            start = now()
            for i in range(n):
                if rank == 0:
                    if each:
                        start = now()
                    Send(send, peer, TAG)
                    Recv(recv, peer, TAG)
                    if each:
                        total += max(0.0, now() - start - cost)
                else:
                    Recv(recv, peer, TAG)
                    Send(send, peer, TAG)
                if each:  # below, slicing would take longer than the message
                    dirty(data, size, i)
            return total if each else now() - start

        row("%d", size, measure((10000, 100, 1000, 10), size, span), 2)


def object_lat():
    """The same with pickled objects."""
    if rank == 0:
        print("size,latency_us", flush=True)
    for size in sizes(1, 1 << 20):
        data = bytes(size)

        def span(n):
            peer = 1 - rank
            send, recv = world.send, world.recv
            start = now()
            if rank == 0:
                for _ in range(n):
                    send(data, peer, TAG)
                    recv(source=peer, tag=TAG)
            else:
                for _ in range(n):
                    recv(source=peer, tag=TAG)
                    send(data, peer, TAG)
            return now() - start

        row("%d", size, measure((10000, 100, 1000, 10), size, span), 2)


def allreduce():
    """As osu_allreduce; the average over the ranks."""
    from array import array

    if rank == 0:
        print("size,avg_us", flush=True)
    for size in sizes(4, 1 << 20):
        n = max(1, size // 4)
        data, got = array("f", [0.0] * n), array("f", [0.0] * n)
        send, recv = [data, n, MPI.FLOAT], [got, n, MPI.FLOAT]

        def span(count):
            total, Allreduce, Barrier = 0.0, world.Allreduce, world.Barrier
            for i in range(count):
                start = now()
                Allreduce(send, recv, MPI.SUM)
                total += max(0.0, now() - start - cost)
                if not options.C:
                    data[0] = i & 7
                Barrier()
            return total

        count, seconds = measure((1000, 100, 100, 10), size, span)
        mean = world.reduce(seconds / count, MPI.SUM, 0)
        if rank == 0:
            print("%d,%.5f" % (4 * n, mean / ranks * 1e6), flush=True)


def row(form, size, measured, ways):
    count, seconds = measured
    if rank == 0:
        print((form + ",%.5f") % (size, seconds / count / ways * 1e6), flush=True)


def version():
    if rank == 0:
        import mpi4py

        print("mpi4py %s on %s" % (mpi4py.__version__, MPI.Get_library_version().splitlines()[0]), flush=True)


BENCHMARKS = {"latency": latency, "object_lat": object_lat, "allreduce": allreduce, "version": version}
options = parse()
cost = clock_cost()
BENCHMARKS[options.benchmark]()
