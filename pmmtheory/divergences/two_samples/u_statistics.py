"""Means over pairs of different points, with the errors of the jackknife."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from scipy.special import stdtrit
from torch import Tensor

from pmmtheory.estimate import Estimate

Kernel = Callable[[Tensor, Tensor], Tensor]
"""From points (n, d) and (m, d) to the matrix (n, m)."""

_BLOCK = 2000

_HEAVY = 8.0

_UPWARDS = 0.5
"""By how many of its standard errors a mean may be larger than its estimate that makes this one."""

_SOME = 300
"""Points that tell the eigenvalues of a kernel."""

_NORMAL = 1.959963984540054
"""Standard errors of a normal law in half of a 95% interval."""


def kernel_sums(x: Tensor, y: Tensor, kernel: Kernel) -> Tensor:
    """The sums over y of k(x_i, y), of shape (n,)."""
    return torch.cat([kernel(part, y).sum(1) for part in x.split(_BLOCK)])


def own_sums(x: Tensor, kernel: Kernel) -> Tensor:
    """The sums over the other points of x of k(x_i, x_j), of shape (n,)."""
    found = []
    for number, part in enumerate(x.split(_BLOCK)):
        values, rows = kernel(part, x), torch.arange(len(part))
        values[rows, number * _BLOCK + rows] = 0.0
        found.append(values.sum(1))
    return torch.cat(found)


def mean_of_pairs(x: Tensor, kernel: Kernel, method: str) -> Estimate:
    """E k(X, X') by all pairs of different points."""
    sums, n = own_sums(x, kernel), len(x)
    value = float(sums.sum()) / (n * (n - 1))
    rounding = 8 * torch.finfo(torch.float64).eps * float(sums.abs().sum()) / (n * (n - 1))
    left = _left_out(sums, None, 1)
    steepest, square = _spectrum(x, kernel)
    error = max(_widened(left) * math.sqrt(_jackknife(left)), _near_none(value, _jackknife(left), 4 * steepest / n, 2 * square / n**2))
    return Estimate.of(value, f"{method}, jackknife of {n} points", sampling=error, rounding=rounding)


def two_sample_mmd(x: Tensor, y: Tensor, kernel: Kernel) -> Estimate:
    """The unbiased estimate of E k(X, X') + E k(Y, Y') - 2 E k(X, Y), with an error of which 1.96 are the half width of a 95% interval."""
    sums = two_sample_sums(x, y, kernel)
    found, parts = mmd_of_sums(*sums), [(*_spectrum(some, kernel), len(some)) for some in (x, y)]
    slope, square = sum(4 * steepest / n for steepest, _, n in parts), 2 * sum(math.sqrt(square) / n for _, square, n in parts) ** 2
    error = max(half_width(found.parts["sampling"], *sums) / _NORMAL, _near_none(found.value, found.parts["sampling"] ** 2, slope, square))
    return Estimate.of(found.value, found.method, **{**found.parts, "sampling": error})


def two_sample_sums(x: Tensor, y: Tensor, kernel: Kernel) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """What `mmd_of_sums` takes."""
    return own_sums(x, kernel), own_sums(y, kernel), kernel_sums(x, y, kernel), kernel_sums(y, x, kernel)


def mmd_of_sums(own_x: Tensor, own_y: Tensor, across: Tensor, back: Tensor, size: float = 0.0) -> Estimate:
    """`two_sample_mmd` of what own_sums and kernel_sums give; size: that of the terms that cancelled in these, as a mean over pairs."""
    n, m = len(own_x), len(own_y)
    xx, yy, xy = float(own_x.sum()) / (n * (n - 1)), float(own_y.sum()) / (m * (m - 1)), float(across.sum()) / (n * m)
    square = sum(_jackknife(left) for left in _both_left_out(own_x, own_y, across, back))
    rounding = 8 * torch.finfo(torch.float64).eps * (abs(xx) + abs(yy) + 2 * abs(xy) + size)
    return Estimate.of(xx + yy - 2 * xy, f"jackknife of {n} and {m} points", sampling=math.sqrt(square), rounding=rounding)


def half_width(error: float, own_x: Tensor, own_y: Tensor, across: Tensor, back: Tensor) -> float:
    """That of a 95% interval, Student's, from a standard error of `mmd_of_sums`."""
    return _NORMAL * _widened(*_both_left_out(own_x, own_y, across, back)) * error


def _widened(*left: Tensor) -> float:
    """How many times as wide as that of a normal law a 95% interval is, by what leaving out each point of each set moves a mean over pairs.

    Student's law, with degrees of freedom by how far the squares vary that make up the jackknife's variance; at least 2. Their kurtosis k counts eight
    times, for few values show a small part of a heavy tail: so, for cubic kernels of normal points in 2 to 64 dimensions, intervals from 3 to 500 points of
    each set hold 93% to 100%.
    """
    total = doubt = 0.0
    for squares in (part.square() for part in left):
        total += float(squares.sum())
        doubt += (2 * float(squares.sum()) ** 2 + _HEAVY * len(squares) * float(squares.square().sum())) / (len(squares) - 1)
    return float(stdtrit(max(2 * total**2 / doubt, 2.0) if doubt else 2.0, 0.975)) / _NORMAL


def _near_none(value: float, variance: float, slope: float, square: float) -> float:
    """A standard error of what is no less than 0 in the mean, next to 0.

    There the variance grows like the mean t, no faster than slope t + square, and is found small where the mean is: it is taken for that of a t which is
    some of its own standard errors above the value, t - value = z (slope t + square)^(1/2), with the slope that the variance found has, if that is less.
    So, for Gaussian kernels and Stein's of 40 to 400 normal points whose laws are about n^(-1/2) apart, intervals hold 93% to 100%; 85% without.
    """
    slope = min(slope, variance / value) if value > 0 else slope
    return _UPWARDS * slope / 2 + math.sqrt((_UPWARDS * slope / 2) ** 2 + max(variance, slope * max(value, 0.0) + square))


def _spectrum(x: Tensor, kernel: Kernel) -> tuple[float, float]:
    """The largest eigenvalue of the kernel about its mean over some of the points, and the sum of the squares of all."""
    some = x[:: -(-len(x) // _SOME)]
    matrix = kernel(some, some)
    centred = matrix - matrix.mean(0) - matrix.mean(1)[:, None] + matrix.mean()
    values = torch.linalg.eigvalsh((centred + centred.T) / 2) / len(some)
    return max(float(values[-1]), 0.0), float(values.square().sum())


def _both_left_out(own_x: Tensor, own_y: Tensor, across: Tensor, back: Tensor) -> tuple[Tensor, Tensor]:
    return _left_out(own_x, across, len(own_y)), _left_out(own_y, back, len(own_x))


def _jackknife(left: Tensor) -> float:
    """What leaving out each point of one set adds to the variance."""
    return float((len(left) - 1) / len(left) * left.square().sum())


def _left_out(own: Tensor, across: Tensor | None, other: int) -> Tensor:
    """By how much leaving out each point moves the mean over pairs, less the mean of that.

    own are its sums of k over the rest of its set, across over the other set. Without point i the mean over pairs is
    (n (n - 1) mean - 2 own_i)/((n - 1)(n - 2)), that over both sets (n m xy - across_i)/((n - 1) m).
    """
    n = len(own)
    values = -2 * own / ((n - 1) * (n - 2))
    if across is not None:
        values = values + 2 * across / ((n - 1) * other)
    return values - values.mean()
