"""The Mandelbrot set: region [-2,1]x[-1,1], 127 steps.

--compile pixel   numba compiles the function of a pixel, Python loops over the
                  pixels: the program that the comparison is with
--compile rows    numba compiles the loops, too, and keeps the machine code for
                  the next run: the most that numba can do
"""

import argparse

from numba import njit

import rows

p = argparse.ArgumentParser()
p.add_argument("--multiplier", type=int, default=1)
p.add_argument("--compile", choices=["pixel", "rows"], default="pixel")
p.add_argument("--out", default="mandelbrot.png")
a = p.parse_args()

width, height, steps = 1200 * a.multiplier, 800 * a.multiplier, 127
xmin, xmax, ymin, ymax = -2.0, 1.0, -1.0, 1.0
dx, dy = (xmax - xmin) / width, (ymax - ymin) / height


@njit(cache=a.compile == "rows")
def pixel(x, y, limit):
    c = complex(x, y)
    z = 0j
    n = 0
    while abs(z) < 2 and n < limit:
        z = z**2 + c
        n += 1
    return n


def fill(first, block):
    for i in range(block.shape[0]):
        y = ymin + (first + i) * dy
        for j in range(block.shape[1]):
            block[i, j] = pixel(xmin + j * dx, y, steps)


if a.compile == "rows":
    @njit(cache=True)
    def compiled(first, block, xmin, ymin, dx, dy, steps):
        for i in range(block.shape[0]):
            y = ymin + (first + i) * dy
            for j in range(block.shape[1]):
                block[i, j] = pixel(xmin + j * dx, y, steps)

    def fill(first, block):
        compiled(first, block, xmin, ymin, dx, dy, steps)

rows.picture(width, height, fill, a.out)
