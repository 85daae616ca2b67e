"""The Julia set of z^2 + 0.65i: region [-2,2]x[-1.5,1.5], 255 steps.

--compile as in mandelbrot.py
"""

import argparse

from numba import njit

import rows

p = argparse.ArgumentParser()
p.add_argument("--multiplier", type=int, default=1)
p.add_argument("--compile", choices=["pixel", "rows"], default="pixel")
p.add_argument("--out", default="julia.png")
a = p.parse_args()

width, height = 640 * a.multiplier, 480 * a.multiplier
xmin, xmax, ymin, ymax = -2.0, 2.0, -1.5, 1.5
dx, dy = (xmax - xmin) / width, (ymax - ymin) / height
c = complex(0, 0.65)


@njit(cache=a.compile == "rows")
def pixel(x, y):
    z = complex(x, y)
    n = 255
    while abs(z) < 3 and n > 1:
        z = z**2 + c
        n -= 1
    return n


def fill(first, block):
    for i in range(block.shape[0]):
        y = ymax - (first + i) * dy
        for j in range(block.shape[1]):
            block[i, j] = pixel(xmin + j * dx, y)


if a.compile == "rows":
    @njit(cache=True)
    def compiled(first, block, xmin, ymax, dx, dy):
        for i in range(block.shape[0]):
            y = ymax - (first + i) * dy
            for j in range(block.shape[1]):
                block[i, j] = pixel(xmin + j * dx, y)

    def fill(first, block):
        compiled(first, block, xmin, ymax, dx, dy)

rows.picture(width, height, fill, a.out)
