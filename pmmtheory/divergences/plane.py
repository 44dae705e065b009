"""Distances of a law in the phase plane from the invariant law of its target, or from another law there."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from pmmtheory.divergences.line import entropy
from pmmtheory.errors import InvalidParameter
from pmmtheory.estimate import Estimate
from pmmtheory.laws import PlaneLaw
from pmmtheory.targets.line import LineTarget

_DENSE = 601
"""Velocities on [-9, 9]: enough for the kinks of |p - q|."""

Reference = LineTarget | PlaneLaw


def between(name: str, law: PlaneLaw, other: Reference) -> Estimate:
    """kl, tv or chi2 of the joint law of position and velocity; a target stands for pi(u) N(v; 0, 1).

    The error bounds what a law and its coarser resolution can differ by, as in divergences.line.between.
    """
    if name not in _DISTANCES:
        raise InvalidParameter("law", f"a law in the phase plane for {name}", "kl, tv or chi2 there; law.position and law.velocity have every distance")
    distance = _DISTANCES[name]
    value = distance(law, other)
    error = 4e-16 * abs(value)
    if name == "tv":  # what the kinks of |p - q| cost on the grid of positions
        error += abs(value - tv_plane(law, other, every=2))
    for part in (law, other):
        if isinstance(part, PlaneLaw) and part.coarse is not None:
            change = abs(distance(part, part.coarse))
            error += change if name == "tv" else 2 * math.sqrt(abs(value) * change) + change
    return Estimate(value, error, "exact law in the phase plane")


def kl_plane(law: PlaneLaw, other: Reference) -> float:
    """int q ((1 + r) log(1 + r) - r) with r = p/q - 1."""
    return _integral(law, other, lambda r, q: q * entropy(r))


def chi2_plane(law: PlaneLaw, other: Reference) -> float:
    """int q r^2."""
    return _integral(law, other, lambda r, q: q * r * r)


def tv_plane(law: PlaneLaw, other: Reference, every: int = 1) -> float:
    """int |p - q| / 2, exact in every cell of the velocity for a straight line between its ends."""
    v = torch.linspace(-9.0, 9.0, _DENSE, dtype=law.grid.dtype, device=law.grid.device)
    gap = (law.over_normal(law.grid, v) - _reference(law, other, v)) * _normal(v)
    left, right = gap[:, :-1], gap[:, 1:]
    size = left.abs() + right.abs()
    crossed = (left**2 + right**2) / size.clamp_min(1e-300)
    cells = torch.where(left * right < 0, crossed, size) / 2
    return float(cells[::every].sum()) * every * law.spacing * float(v[1] - v[0]) / 2


_DISTANCES: dict[str, Callable[[PlaneLaw, Reference], float]] = {"kl": kl_plane, "tv": tv_plane, "chi2": chi2_plane}


def _integral(law: PlaneLaw, other: Reference, integrand: Callable[[Tensor, Tensor], Tensor]) -> float:
    """Over both variables by the trapezoid rule; where q is rounding it is left out."""
    v = torch.linspace(-9.0, 9.0, 181, dtype=law.grid.dtype, device=law.grid.device)
    q = _reference(law, other, v)
    kept = q > 1e-16 * q.max()
    r = torch.where(kept, law.over_normal(law.grid, v) / q.clamp_min(1e-300) - 1, 0.0).clamp_min(-1.0)
    return float((integrand(r, q) * _normal(v)).sum()) * law.spacing * float(v[1] - v[0])


def _reference(law: PlaneLaw, other: Reference, v: Tensor) -> Tensor:
    """q(u, v) / phi(v) on the grid of the law."""
    if isinstance(other, PlaneLaw):
        return other.over_normal(law.grid, v)
    return other.density(law.grid)[:, None].expand(-1, len(v))


def _normal(v: Tensor) -> Tensor:
    return torch.exp(-v * v / 2) / math.sqrt(2 * math.pi)
