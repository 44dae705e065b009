"""The Wasserstein distance of laws on the line, by the monotone map."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from pmmtheory.divergences.pair import Density, Pair
from pmmtheory.estimate import Estimate
from pmmtheory.laws import LineLaw
from pmmtheory.laws.panels import Antiderivative, integrals, nodes_of
from pmmtheory.laws.tails import tails
from pmmtheory.targets.quadrature import gauss_legendre

Function = Callable[[Tensor], Tensor]

_READ = 1e-10
"""Where a density is this share of the largest the stretch of the tails is read off: further out displacements drown in rounding."""

_LEAST = 1e-17
"""Densities below a hundred times this share of the largest are not transported."""


def w2_line(law: LineLaw, other: Density, method: str) -> Estimate:
    """(int (T(x) - x)^2 p(x) dx)^(1/2) with the monotone map T: Q(T(x)) = P(x), solved as int_x^T q = P(x) - Q(x).

    The equation is solved for the displacement itself, so that small distances keep their relative accuracy; where the map jumps
    across a gap of q the panels are halved until the jump is seen. By the triangle inequality an error of a law is its own
    distance to its lower resolution: "resolution" and "reference". "tails" bounds what is moved beyond the points that are known.
    """
    square, missed, rounding, beyond = _square(law, other)
    value = math.sqrt(max(square, 0.0))
    floor = (1e-4 * value) ** 2
    parts = {"quadrature": _root(missed, square) + 4e-16 * value, "rounding": _root(rounding, square), "tails": _root(beyond, square)}
    if law.coarse is not None:
        parts["resolution"] = law.accuracy.caution * math.sqrt(max(sum(_square(law, law.coarse, floor)[:2]), 0.0))
    if isinstance(other, LineLaw) and other.coarse is not None:
        parts["reference"] = other.accuracy.caution * math.sqrt(max(sum(_square(other, other.coarse, floor)[:2]), 0.0))
    starts = [(part, part.errors.get("start", 0.0)) for part in (law, other) if isinstance(part, LineLaw)]
    if any(error for _, error in starts):  # that mass, moved by a standard deviation
        parts["start"] = sum(math.sqrt(error * part.covariance) for part, error in starts)
    return Estimate.of(value, method, **parts)


def _root(change: float, square: float) -> float:
    """What a change of the square does to the root."""
    return change / (2 * math.sqrt(square)) if change < square else math.sqrt(change)


def _square(law: LineLaw, other: Density, floor: float = 0.0) -> tuple[float, float, float, float]:
    """The square of the distance, and what the rule, rounding, and the cut of the tails may miss of it."""
    edges = Pair(law, other).edges
    x = nodes_of(edges)
    gap = Antiderivative(edges, law.density(x) - other.density(x))
    least = torch.full_like(law.values, max(law.accuracy.floor, _LEAST) * float(law.values.max()))
    left, right = tails(law.grid, law.values, least, law.mean, law.accuracy.tail_index)
    low, high = law.mean - left.distance, law.mean + right.distance
    inside = edges[(edges > low) & (edges < high)]
    inside = torch.cat([edges.new_tensor([low]), inside, edges.new_tensor([high])])
    near = 10 * other.spacing if isinstance(other, LineLaw) else 1 / math.sqrt(other._extreme_curvature(1.0))
    farthest = float(edges[-1] - edges[0])

    def shift(y: Tensor) -> Tensor:
        return displacement(y.flatten(), gap(y).flatten(), other.density, other.cdf, near, farthest).reshape(y.shape)

    held = law.grid[(law.grid >= low) & (law.grid <= high)]
    rounding = (
        float(
            (law.density(held) * (law.accuracy.floor / torch.maximum(other.density(held), law.density(held)).clamp_min(1e-300)).clamp_max(farthest) ** 2).sum()
        )
        * law.spacing
    )
    found = integrals(lambda y: (shift(y) ** 2 * law.density(y))[None], inside, 1e-8, max(floor, rounding), most=4000)
    beyond = 0.0
    seen = law.grid[law.values > _READ * law.values.max()]
    for place, tail in zip((seen[0], seen[-1]), (left, right), strict=True):
        stretch = float(torch.abs(shift(place[None]) / (place - law.mean)))
        if not law.truncated:
            beyond += stretch**2 * (tail.moment(2) + law.errors["ends"] * tail.distance**2)
    return float(found.values[0]), found.error, rounding, beyond


def displacement(x: Tensor, gap: Tensor, density: Function, cdf: Function, near: float, farthest: float) -> Tensor:
    """The s with int_x^{x+s} density = gap and |s| <= farthest, by bracketed Newton steps.

    Displacements below `near` integrate the density, which keeps their relative accuracy; larger ones take differences of the cdf.
    """
    nodes, weights = (torch.as_tensor(a, device=x.device) for a in gauss_legendre(32))
    few, light = (torch.as_tensor(a, device=x.device) for a in gauss_legendre(8))
    result = torch.zeros_like(x)
    where = torch.arange(len(x), device=x.device)
    low, high = torch.where(gap < 0, -farthest, 0.0).to(x.dtype), torch.where(gap < 0, 0.0, farthest).to(x.dtype)
    start, shift = cdf(x), (gap / density(x).clamp_min(1e-290)).clamp(-0.05 * near, 0.05 * near)
    for _ in range(100):
        rule = (few, light) if float(torch.abs(shift).max()) < 0.3 * near else (nodes, weights)
        fine = (density(x[:, None] + shift[:, None] * rule[0]) * rule[1]).sum(-1) * shift
        mass = torch.where(torch.abs(shift) < near, fine, cdf(x + shift) - start)
        low, high = torch.where(mass < gap, shift, low), torch.where(mass < gap, high, shift)
        newton = shift + (gap - mass) / density(x + shift).clamp_min(1e-290)
        step = torch.where((newton >= low) & (newton <= high), newton, (low + high) / 2)
        going = (torch.abs(step - shift) > 1e-11 * torch.abs(step) + 1e-300) & (high - low >= 1e-12 * farthest)
        result[where] = step
        if not bool(going.any()):
            break
        x, gap, start, shift, low, high, where = (part[going] for part in (x, gap, start, step, low, high, where))
    return result
