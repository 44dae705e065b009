"""Distances between a law on the line and a target or another law, each to the accuracy of the law."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter
from pmmtheory.estimate import Estimate
from pmmtheory.laws import LineLaw
from pmmtheory.laws.grid import absolute_integral, cumulative
from pmmtheory.targets.line import LineTarget
from pmmtheory.targets.quadrature import gauss_legendre

Density = LineTarget | LineLaw
Function = Callable[[Tensor], Tensor]
Measured = tuple[float, float]
"""A distance, and what of it may lie beyond the grid."""

_ROUNDING = 1e-12
"""Below this the integrand at the ends of a grid may be rounding, which the error of the estimate tells."""


def between(distance: Callable[[LineLaw, Density], Measured], law: LineLaw, other: Density, metric: bool) -> Estimate:
    """The distance, with an error that bounds what a law and its coarser resolution can differ by.

    For a metric the bound is d(law, coarse), by the triangle inequality; the root of a divergence is a metric to leading
    order between near laws, which gives 2 sqrt(D e) + e with e = D(law, coarse). A difference of two values could vanish by accident.
    """
    ends = (other.start, float(other.grid[-1])) if isinstance(other, LineLaw) else (other.quadrature.low, other.quadrature.high)
    value, error = distance(law.covering(*ends), other)
    error += 4e-16 * abs(value)
    for part in (law, other):
        if isinstance(part, LineLaw) and part.coarse is not None:
            change = abs(distance(part, part.coarse)[0])
            error += change if metric else 2 * math.sqrt(abs(value) * change) + change
    if law.coarse is not None:  # seen on another grid: the error of the distance itself
        error += abs(value - distance(law.coarse.covering(*ends), other)[0])
    return Estimate(value, error, "exact law on the line")


def kl_line(law: LineLaw, other: Density) -> Measured:
    """int q ((1 + r) log(1 + r) - r) with r = p/q - 1: no cancellation between p log p and p log q."""
    r, q = _excess(law, other)
    return _integral(q * entropy(r), law, other)


def entropy(r: Tensor) -> Tensor:
    """(1 + r) log(1 + r) - r, by its series near 0."""
    series = r * r * (1 / 2 - r * (1 / 6 - r * (1 / 12 - r * (1 / 20 - r / 30))))
    exact = torch.special.xlogy(1 + r, 1 + r) - r
    return torch.where(torch.abs(r) < 1e-3, series, exact)


def chi2_line(law: LineLaw, other: Density) -> Measured:
    """int (p - q)^2 / q."""
    r, q = _excess(law, other)
    return _integral(q * r * r, law, other)


def renyi_line(law: LineLaw, other: Density, order: float) -> Measured:
    """log(int p^order q^(1 - order)) / (order - 1)."""
    r, q = _excess(law, other)
    inside = torch.expm1(order * torch.log1p(r)) - order * r
    value, beyond = _integral(q * inside, law, other)
    return math.log1p(value) / (order - 1), beyond / ((1 + value) * abs(order - 1))


def tv_line(law: LineLaw, other: Density) -> Measured:
    """int |p - q| / 2, exact at the crossings of p and q."""
    return absolute_integral(law.values - other.density(law.grid), law.start, law.spacing) / 2, 0.0


def w2_line(law: LineLaw, other: Density) -> Measured:
    """(int (T(x) - x)^2 p(x) dx)^(1/2) with the monotone map T: Q(T(x)) = P(x), solved as int_x^T q = P(x) - Q(x).

    The equation is solved for the displacement itself, so that small distances keep their relative accuracy.
    """
    inside = law.values > 1e-17 * law.values.max()
    x, p = law.grid[inside], law.values[inside]
    gap = cumulative(law.values - other.density(law.grid), law.spacing)[inside]
    near = 10 * other.spacing if isinstance(other, LineLaw) else 1 / math.sqrt(other._extreme_curvature(1.0))
    shift = displacement(x, gap, other.density, other.cdf, near, float(law.grid[-1] - law.grid[0]))
    return math.sqrt(float((shift**2 * p).sum()) * law.spacing), 0.0


def _integral(values: Tensor, law: LineLaw, other: Density) -> Measured:
    """The integral of a function that must have decayed near the ends of the grid, and a bound on what lies beyond them.

    Near, not at them: no mass comes in from beyond the grid, so that any law falls off in its last few points. Of two laws on
    grids nothing is known beyond them.
    """
    length, sizes = law.spacing * law.grid.shape[0], values.abs()
    margin = 1 + law.grid.shape[0] // 20
    near, largest = float(torch.cat([sizes[:margin], sizes[-margin:]]).max()), float(sizes.max())
    beyond = float(sizes[[0, -1]].max()) * length
    if isinstance(other, LineTarget) and near > 1e-3 * largest and near * length > _ROUNDING:
        raise InvalidParameter("law", "tails too heavy for the other", "laws whose distance is finite: the integrand does not decay here")
    return float(values.sum()) * law.spacing, beyond


def _excess(law: LineLaw, other: Density) -> tuple[Tensor, Tensor]:
    """p/q - 1 (at least -1) and q on the grid of the law."""
    q = other.density(law.grid)
    if isinstance(other, LineLaw):
        both = (law.values > 1e-15 * law.values.max()) & (q > 1e-15 * law.values.max())
        q = torch.where(both, q, 0.0)
        return torch.where(both, law.values / q.clamp_min(1e-300) - 1, 0.0), q
    if not bool((q > 0).all()):
        raise InvalidParameter("target", "density 0 on the grid of the law", "a target whose support covers that of the law")
    return (law.values / q - 1).clamp_min(-1.0), q


def displacement(x: Tensor, gap: Tensor, density: Function, cdf: Function, near: float, farthest: float) -> Tensor:
    """The s with int_x^{x+s} density = gap and |s| <= farthest, by bracketed Newton steps.

    Displacements below `near` integrate the density, which keeps their relative accuracy; larger ones take differences of the cdf.
    """
    nodes, weights = (torch.as_tensor(a, device=x.device) for a in gauss_legendre(32))
    low = torch.where(gap < 0, -farthest, 0.0).to(x.dtype)
    high = torch.where(gap < 0, 0.0, farthest).to(x.dtype)
    start, shift = cdf(x), torch.zeros_like(x)
    for _ in range(100):
        fine = (density(x[:, None] + shift[:, None] * nodes) * weights).sum(-1) * shift
        mass = torch.where(torch.abs(shift) < near, fine, cdf(x + shift) - start)
        low, high = torch.where(mass < gap, shift, low), torch.where(mass < gap, high, shift)
        newton = shift + (gap - mass) / density(x + shift).clamp_min(1e-290)
        step = torch.where((newton >= low) & (newton <= high), newton, (low + high) / 2)
        done = torch.abs(step - shift) <= 1e-11 * torch.abs(step) + 1e-300
        shift = step
        if bool((done | (high - low < 1e-12 * farthest)).all()):
            break
    return shift
