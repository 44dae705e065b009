"""On what scale a law varies, and how well a grid holds it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from pmmtheory.numerics.interpolation import interpolate
from pmmtheory.targets.line import LineTarget

SHORTEST = 0.16
"""The spacing of a grid on which a law is told between its points, over the shortest scale on which it varies."""

_POINTS, _SEEN = 801, 0.5
"""At which a law is looked at, and the largest spacing of these relative to the narrowest component of a mixture, and to where one gives way to another."""

_LEAST = 2.0**-10
"""The smallest factor that is counted on: the error of degree 11 falls by 2^-12 in the end."""

_BLOCK = 16
"""Points of a neighbourhood."""


def roughness(target: LineTarget, low: float, high: float) -> float:
    """The inverse of the shortest scale on which a law varies where its mass is, seen from low to high: the root of the largest curvature.

    Not where its density is below 1e-16 of the mass over the length: between far modes the curvature is large, and nothing is there. A
    mixture says itself how narrow its components are, however narrow.
    """
    variances = getattr(target, "variances", None)
    narrowest = 0.0 if variances is None else 1 / math.sqrt(float(variances.min()))
    x = torch.linspace(low, high, _POINTS, dtype=torch.float64)
    if not 0 < float(x[1] - x[0]) * max(narrowest, narrowest**2 * _apart(target)) < _SEEN:
        edges = target.quadrature.edges  # narrow where it is steep
        x = torch.cat([x, edges[(edges > low) & (edges < high)]])
    curvature = target.curvature(x).abs()
    if float(curvature.max()) > narrowest**2:
        curvature = torch.where(target.density(x) * (high - low) > 1e-16, curvature, 0.0)
    return max(narrowest, math.sqrt(float(curvature.max())))


def _apart(target: LineTarget) -> float:
    """How far the means of a mixture lie apart."""
    means = getattr(target, "means", None)
    return 0.0 if means is None else float(means.max() - means.min())


def total(density: Callable[[Tensor], Tensor], low: float, high: float, least: int, most: int) -> tuple[Tensor, Tensor]:
    """Equally spaced points, and the density there, at so many points (of `least` times a power of two) that their sum is one to 1e-9.

    Points that miss a mode, or see one that is narrower than their spacing, have another sum. Gives up at `most` points.
    """
    n = least
    while True:
        x = torch.linspace(low, high, n, dtype=torch.float64)
        values = density(x)
        if abs(float(values.sum()) * (high - low) / (n - 1) - 1) < 1e-9 or 2 * n > most:
            return x, values
        n *= 2


@dataclass(frozen=True)
class Missed:
    """What a density on a uniform grid is off by between its points.

    Attributes
    ----------
    share : float
        In total variation; infinite on fewer than 48 points.
    left, right : (n,) tensors
        What an integral of the density from the left end, and from the right, is off by at the points.
    """

    share: float
    left: Tensor
    right: Tensor

    def within(self, change: Tensor) -> Missed:
        """No more than a change of the mass at every point, (n,)."""
        left, right = torch.cumsum(change, 0), torch.cumsum(change.flip(0), 0).flip(0)
        return Missed(min(self.share, float(change.sum()) / 2), torch.minimum(self.left, left), torch.minimum(self.right, right))


def interpolation_error(values: Tensor, table: Tensor, density: Callable[[Tensor, Tensor], Tensor]) -> Missed:
    """What a density is off by where a table is interpolated.

    values : the density at the points. table : what is interpolated. density : maps a value of the table, and the number of its point, to the density.

    Points are predicted from every eighth, every fourth and every other point. Errors fall by a factor that stays the same where the law
    has a singularity, and shrinks the faster the smoother it is: it is taken to go on shrinking as from the first to the second time, no
    further than to 2^-10. The factors are those of the neighbourhood: where the law turns sharply errors fall more slowly than elsewhere.
    """
    if len(values) < 48:
        return _unknown(values)
    seen = []
    for stride in (8, 4, 2):
        errors = torch.zeros_like(values)
        if len(values) >= 12 * stride:
            where, off = _missed(values, table, density, stride)
            errors[where] = stride * off / values.sum()
        seen.append(errors)
    if not bool(torch.isfinite(torch.stack(seen)).all()):
        return _unknown(values)
    eighth, fourth, second = (_around(errors) for errors in seen)
    then = _falls(second, fourth)
    first = torch.where(eighth > 0, _falls(fourth, eighth), then)
    next_falls = (then * (then / first).clamp_max(1.0)).clamp_min(_LEAST).repeat_interleave(_BLOCK)[: len(values)]
    expected = 2 * next_falls * seen[-1]
    left = torch.cumsum(expected, 0)
    right = torch.cumsum(expected.flip(0), 0).flip(0)
    return Missed(float(expected.abs().sum()), left.abs(), right.abs())


def _unknown(values: Tensor) -> Missed:
    nothing = torch.full_like(values, math.inf)
    return Missed(math.inf, nothing, nothing)


def _falls(finer: Tensor, coarser: Tensor) -> Tensor:
    """The factor from errors of a coarser to those of a finer grid, 1 where nothing was seen."""
    return torch.where(coarser > 0, (finer / coarser.clamp_min(1e-300)).clamp(_LEAST, 1.0), 1.0)


def _around(errors: Tensor) -> Tensor:
    """Sums of absolute values over each block of points and those next to it."""
    blocks = torch.nn.functional.pad(errors.abs(), (0, -len(errors) % _BLOCK)).reshape(-1, _BLOCK).sum(1)
    padded = torch.nn.functional.pad(blocks, (1, 1))
    return padded[:-2] + padded[1:-1] + padded[2:]


def _missed(values: Tensor, table: Tensor, density: Callable[[Tensor, Tensor], Tensor], stride: int) -> tuple[Tensor, Tensor]:
    """The points half way between those of a grid so many times as coarse, and what the density is off by there."""
    where = torch.arange(stride // 2, len(values) - stride, stride, device=values.device)
    predicted = density(interpolate(table[::stride], 0.0, float(stride), where.to(values.dtype)), where)
    return where, predicted - values[where]
