"""How far mass of a law on the line may have to move for what its distribution function may be off by."""

from __future__ import annotations

import torch

from pmmtheory.divergences.line_sides import LineSide
from pmmtheory.numerics.interpolation import piecewise_linear


def displaced(side: LineSide, middle: float) -> float:
    """int d^2 p, with d(x) the way from x to where the distribution function is more, or less, by what it may be off by.

    That is twice the share of a density that has no place or is rounding, and what interpolation does to integrals from both ends up to `middle`. Within a
    cell d is that over the density; between modes that lie apart it is the way from one to the other.
    """
    if side.rounded == 0:
        return 0.0
    x = side.points
    p, below = side.density(x).clamp_min(1e-300), side.cdf(x).cummax(0).values
    nearer, cell = torch.minimum(below, 1 - below), float(x[1] - x[0])
    off = torch.minimum(nearer, 2 * side.rounded * nearer + side.missed_below(x, middle))
    near, ways = off / p, []
    for moved in (below - off, below + off):
        far = (piecewise_linear(moved, below, x) - x).abs()
        ways.append(float((torch.where(near < cell, near, far) ** 2 * p).sum()) * cell)
    return max(ways)
