"""Means over pairs of different points, with the errors of the jackknife."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from pmmtheory.estimate import Estimate

Kernel = Callable[[Tensor, Tensor], Tensor]
"""From points (n, d) and (m, d) to the matrix (n, m)."""

_BLOCK = 2000


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
    return Estimate.of(value, f"{method}, jackknife of {n} points", sampling=math.sqrt(_jackknife(sums, None, 1)), rounding=rounding)


def two_sample_mmd(x: Tensor, y: Tensor, kernel: Kernel) -> Estimate:
    """The unbiased estimate of E k(X, X') + E k(Y, Y') - 2 E k(X, Y)."""
    return mmd_of_sums(own_sums(x, kernel), own_sums(y, kernel), kernel_sums(x, y, kernel), kernel_sums(y, x, kernel))


def mmd_of_sums(own_x: Tensor, own_y: Tensor, across: Tensor, back: Tensor, size: float = 0.0) -> Estimate:
    """`two_sample_mmd` of what own_sums and kernel_sums give; size: that of the terms that cancelled in these, as a mean over pairs."""
    n, m = len(own_x), len(own_y)
    xx, yy, xy = float(own_x.sum()) / (n * (n - 1)), float(own_y.sum()) / (m * (m - 1)), float(across.sum()) / (n * m)
    square = _jackknife(own_x, across, m) + _jackknife(own_y, back, n)
    rounding = 8 * torch.finfo(torch.float64).eps * (abs(xx) + abs(yy) + 2 * abs(xy) + size)
    return Estimate.of(xx + yy - 2 * xy, f"jackknife of {n} and {m} points", sampling=math.sqrt(square), rounding=rounding)


def _jackknife(own: Tensor, across: Tensor | None, other: int) -> float:
    """What leaving out each point of one set adds to the variance; own are its sums of k over the rest of its set, across over the other set.

    Without point i the mean over pairs is (n (n - 1) mean - 2 own_i)/((n - 1)(n - 2)), that over both sets (n m xy - across_i)/((n - 1) m).
    """
    n = len(own)
    values = -2 * own / ((n - 1) * (n - 2))
    if across is not None:
        values = values + 2 * across / ((n - 1) * other)
    return float((n - 1) / n * (values - values.mean()).square().sum())
