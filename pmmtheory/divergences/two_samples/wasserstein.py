"""W2 of two samples on lines, less what two samples of one law are apart."""

from __future__ import annotations

import math
from typing import Any

import torch
from scipy.special import ndtri, stdtrit
from torch import Tensor

from pmmtheory.divergences.two_samples.points import both
from pmmtheory.errors import InvalidParameter, count, fits, whole
from pmmtheory.estimate import Estimate
from pmmtheory.targets.target import generator

_GROUPS = 10

_WIDER = float(stdtrit(_GROUPS - 1, 0.975) / ndtri(0.975))
"""Of a standard error from so few groups, that 1.96 of it are Student's interval."""


def w2_squared(x: Any, y: Any) -> Estimate:
    """W2^2 of the laws on the line that two samples are from, less the sampling floor; it may be below 0.

    W2^2 of the samples themselves, by their quantiles, exceeds that of the laws by what each is off its own law. Halves of a sample show how much: with
    x', x'' the halves of x,

        W2^2(x, y) - (W2^2(x', x'') + W2^2(y', y''))/4,

    as samples of n points of one law are apart by a multiple of 1/n. The error: "sampling", the jackknife over ten groups of points, so that 1.96 of
    it are Student's interval, and "floor", by how much quarters say otherwise than halves. For points that are independent of each other.

    Parameters
    ----------
    x, y : samples of shapes (n,) and (m,)
        At least 40 points each.

    Raises
    ------
    InvalidParameter
        Naming what is not allowed.

    Source: del Barrio, Gine & Utzet 2005, for samples on the line.

    Examples
    --------
    >>> from pmmtheory.targets import Gaussian
    >>> near, far = (w2_squared(Gaussian(m, 1.0).sample(2000, 1), Gaussian().sample(2000, 2)) for m in (0.0, 1.0))
    >>> abs(near.value) < 3 * near.error, abs(far.value - 1) < 3 * far.error
    (True, True)
    """
    one, other = both(x, y)
    if one.shape[1] != 1:
        raise InvalidParameter("x", tuple(one.shape), "points on the line; in more dimensions there is sliced_w2_squared")
    return _debiased(one, other, f"quantiles of {len(one)} and {len(other)} points, jackknife")


def sliced_w2_squared(x: Any, y: Any, directions: int = 64, seed: int = 0) -> Estimate:
    """The mean over directions u of W2^2 of u . X and u . Y, less the sampling floor, as w2_squared in each direction; it may be below 0.

    The mean over the sphere: directions are random, and how far those drawn are off all is part of the error, "directions".

    Parameters
    ----------
    x, y : samples of shapes (n, d) and (m, d)
        At least 40 points each.
    directions : int
        Two or more.
    seed : int
        Of the directions.

    Raises
    ------
    InvalidParameter
        Naming what is not allowed.

    Source: Bonneel, Rabin, Peyre & Pfister 2015.

    Examples
    --------
    >>> from pmmtheory.targets import Gaussian
    >>> found = sliced_w2_squared(Gaussian([1.0, 0.0, 0.0], 1.0).sample(2000, 1), Gaussian(dim=3).sample(2000, 2))
    >>> abs(found.value - 1 / 3) < 4 * found.error
    True
    """
    one, other = both(x, y)
    many = count("directions", directions, 2, 100_000)
    fits("directions", directions, 4.0 * many * (len(one) + len(other)))
    units = torch.randn((one.shape[1], many), generator=generator(whole("seed", seed)), dtype=torch.float64)
    units = units / units.norm(dim=0)
    return _debiased(one @ units, other @ units, f"{many} directions of {len(one)} and {len(other)} points, jackknife")


def _debiased(x: Tensor, y: Tensor, method: str) -> Estimate:
    """The mean over columns, with its errors."""
    x, y = (_shuffled(one) for one in (x, y))
    each = _statistic(x, y)
    value = float(each.mean())
    groups = (torch.arange(_GROUPS)[:, None] != torch.arange(_GROUPS)).tolist()
    left = torch.stack([_statistic(_kept(x, keep), _kept(y, keep)).mean() for keep in groups])
    sampling = _WIDER * math.sqrt(float((_GROUPS - 1) / _GROUPS * (left - left.mean()).square().sum()))
    floor = abs(float((_floor(x, 1) + _floor(y, 1) - _floor(x, 2) - _floor(y, 2)).mean()))
    parts = {"sampling": sampling, "floor": floor}
    if x.shape[1] > 1:
        parts["directions"] = float(each.std()) / math.sqrt(x.shape[1])
    return Estimate.of(value, method, **parts)


def _statistic(x: Tensor, y: Tensor) -> Tensor:
    found: Tensor = _square(x, y) - _floor(x, 1) - _floor(y, 1)
    return found


def _floor(x: Tensor, halvings: int) -> Tensor:
    """E W2^2 of a sample from its law, by its parts of the size n/2^halvings."""
    pieces = [x[k :: 2**halvings] for k in range(2**halvings)]
    apart = torch.stack([_square(a, b) for a, b in zip(pieces[::2], pieces[1::2], strict=True)]).mean(0)
    return apart / 2.0 ** (halvings + 1)


def _square(x: Tensor, y: Tensor) -> Tensor:
    """W2^2 of the columns of two samples."""
    x, y = x.sort(0).values, y.sort(0).values
    if len(x) == len(y):
        same: Tensor = (x - y).square().mean(0)
        return same
    n, m = len(x), len(y)
    ends = torch.cat([torch.arange(1, n + 1) * m, torch.arange(1, m + 1) * n]).unique()  # levels of the quantile functions, times n m
    before = torch.cat([ends.new_zeros(1), ends[:-1]])
    gaps = x[torch.div(before, m, rounding_mode="floor")] - y[torch.div(before, n, rounding_mode="floor")]
    found: Tensor = (ends - before).to(x.dtype) / (n * m) @ gaps.square()
    return found


def _shuffled(x: Tensor) -> Tensor:
    """The points in random order."""
    return x[torch.randperm(len(x), generator=generator(1))]


def _kept(x: Tensor, keep: list[bool]) -> Tensor:
    """The sample without a group of points, of which every half and quarter has as many."""
    return x[torch.tensor(keep)[torch.arange(len(x)) // 4 % _GROUPS]]
