"""Weak errors in the plane: the difference of the means of a test function."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pmmtheory.divergences.pair import Function
from pmmtheory.divergences.plane_integrals import METHOD, finer
from pmmtheory.divergences.plane_sides import PlaneSide, points
from pmmtheory.errors import InvalidParameter
from pmmtheory.estimate import Estimate
from pmmtheory.laws import PlanarLaw
from pmmtheory.numerics.answers import answered


def weak_plane(law: PlanarLaw, other: PlaneSide, f: Function) -> Estimate:
    """|int (f - c) (p - q)|, c the value of f in the middle of the law, on grids of three spacings.

    "resolution" and "reference" are what the lower resolutions give, "solver" what the solver left at the largest |f - c| there is, and "ends" lost mass;
    "quadrature" is twice the largest change from grid to grid, and "tails" what the outermost part of the grid holds, for what is beyond it.
    """
    times = finer(law, other.spacings)
    centre = float(_values(f, law.mean.reshape(1, 1, 2)))
    axes, found = law.finer(times), []
    for k in (3, 2, 1):
        axes = law.finer(k * times)
        cell = math.prod(float(axis[1] - axis[0]) for axis in axes)
        size = _values(f, points(axes)) - centre
        p, q = law.on(axes), other.on(axes)
        found.append(float((size * (p - q)).sum()) * cell)
    change = torch.zeros_like(p) if law.coarse is None else torch.abs(p - law.coarse.on(axes))
    log_q, unknown = other.logs(axes)
    theirs = torch.where(unknown, q.abs(), q * other.shift(axes, log_q))
    largest = float(size.abs().max())
    margins = [1 + len(axis) // 12 for axis in axes]
    both = size.abs() * (p.abs() + q.abs())
    outer = float(both.sum() - both[margins[0] : -margins[0], margins[1] : -margins[1]].sum()) * cell
    missing = max(0.0, 1 - float(q.sum()) * cell)
    return Estimate.of(
        abs(found[0]),
        METHOD,
        resolution=law.caution * float((size.abs() * change).sum()) * cell,
        solver=2 * law.unplaced * largest,
        reference=float((size.abs() * theirs).sum()) * cell + (other.left + other.lost) * largest,
        quadrature=2 * max(abs(one - two) for one in found for two in found),
        ends=law.lost * largest,
        tails=outer + 2 * missing * largest,
        rounding=1e-15 * (largest + abs(centre)),
    )


def _values(f: Function, x: Tensor) -> Tensor:
    """f at points (..., 2), checked."""
    value = answered(f, x)
    if value.shape != x.shape[:-1] or not bool(torch.isfinite(value).all()):
        raise InvalidParameter(
            "f", "a function with other values", f"a function of points of shape (..., 2) to finite numbers of shape (...), not {tuple(value.shape)}"
        )
    return value
