"""The kernel distance of two sets of features."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pmmtheory.estimate import Estimate
from pmmtheory.images.set_distance import SetDistance, as_features

_BLOCK = 2000


def kernel_distance(x: Tensor, y: Tensor, net: str = "features") -> SetDistance:
    """The unbiased estimate of MMD^2 = E k(X, X') + E k(Y, Y') - 2 E k(X, Y), with k(a, b) = (a.b/d + 1)^3.

    Its mean over sets is the distance of the laws, so that it may be below 0. The standard error is that of the jackknife, which leaves out one
    point at a time: right where the laws differ, too large by up to sqrt(2) where they are equal.

    Parameters
    ----------
    x, y : tensors of shapes (n, d) and (m, d)
        Three points or more in each.
    net : str
        The name of the features.

    Raises
    ------
    InvalidParameter
        Naming `x` or `y` where there are too few points or values that are not finite.

    Source: Binkowski et al. 2018 (arXiv 1801.01401), the kernel inception distance (KID), with Inception features; Gretton et al. 2012, eq. 3.
    """
    x, y = as_features(x, y, net)
    n, m = len(x), len(y)
    own_x, own_y = (_kernel_sums(one, one) - _kernel(one, one) for one in (x, y))
    across, back = _kernel_sums(x, y), _kernel_sums(y, x)
    xx, yy, xy = float(own_x.sum()) / (n * (n - 1)), float(own_y.sum()) / (m * (m - 1)), float(across.sum()) / (n * m)
    value = xx + yy - 2 * xy
    square = sum(_jackknife(one, cross, k, other) for one, cross, k, other in ((own_x, across, xx, m), (own_y, back, yy, n)))
    rounding = 8 * torch.finfo(torch.float64).eps * (xx + yy + 2 * abs(xy))
    estimate = Estimate.of(value, f"jackknife of {n} and {m} points", sampling=math.sqrt(square), rounding=rounding)
    return SetDistance(f"kernel distance on {net}", estimate, (value - 1.96 * estimate.error, value + 1.96 * estimate.error))


def _kernel(x: Tensor, y: Tensor) -> Tensor:
    """k of the points of two sets, one by one."""
    return ((x * y).sum(1) / x.shape[1] + 1) ** 3


def _kernel_sums(x: Tensor, y: Tensor) -> Tensor:
    """The sums over y of k(x_i, y), of shape (n,)."""
    return torch.cat([((part @ y.T) / x.shape[1] + 1).pow_(3).sum(1) for part in x.split(_BLOCK)])


def _jackknife(own: Tensor, across: Tensor, mean: float, other: int) -> float:
    """What leaving out each point of one set adds to the variance; own are its sums of k over the rest of its set, across over the other set.

    Without point i the mean over pairs is (n (n - 1) mean - 2 own_i)/((n - 1)(n - 2)), that over both sets (n m xy - across_i)/((n - 1) m).
    """
    n = len(own)
    values = -2 * own / ((n - 1) * (n - 2)) + 2 * across / ((n - 1) * other)
    return float((n - 1) / n * (values - values.mean()).square().sum())
