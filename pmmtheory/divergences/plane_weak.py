"""Weak errors in the plane: the difference of the means of a test function."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pmmtheory.divergences.pair import Function
from pmmtheory.divergences.plane_integrals import METHOD, finer
from pmmtheory.divergences.plane_sides import NOTHING, Axes, PlaneSide, points
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.estimate import Estimate
from pmmtheory.laws import PlanarLaw
from pmmtheory.numerics.answers import answered

_NONE, _MOST = 1e-10, 6_000_000
"""Mass of the other law beyond the grid that is none; and points of a grid that holds both."""

_FINE, _NEAR, _ROUGH = 1000, 4, 1e-3
"""Points of an axis at least on which it is looked how rough f is: where it is off a cubic by more than this share of its range over so many cells around."""

_DIGITS = 1e-13
"""What digits of f may do to that, relative to it."""

_UNKNOWN = 0.05
"""The largest share of the means of |f| that may be where densities are not told from none."""


def weak_plane(law: PlanarLaw, other: PlaneSide, f: Function) -> Estimate:
    """|int (f - c) (p - q)|, c the value of f in the middle of the law, on grids of three spacings that hold both laws; finer ones where f is rough.

    "resolution" and "reference" are what the lower resolutions give, "solver" what the solver left at the largest |f - c| there is, and "ends" lost mass;
    "quadrature" is twice the largest change from grid to grid, and what f is off a cubic through its neighbours where it is rough; "tails" what the
    outermost part of the grid holds, for what is beyond it.

    Raises
    ------
    InvalidParameter
        Where f is not finite, of another shape than the points, or grows so fast that its means may be infinite.
    NotConverged
        Where the laws lie so far apart that no grid holds both.
    """
    times, several = finer(law, other.spacings), 1
    centre = float(_values(f, law.mean.reshape(1, 1, 2)))
    ends = _ends(law, other, times)
    finest = math.ceil(_FINE / min(len(axis) for axis in _holding(law, ends, 3 * times)))
    if bool(_off_cubics(_values(f, points(_holding(law, ends, 3 * times * finest)))).any()):
        several = finest
    found, axes = [], law.axes
    for k in (1, 2, 3):
        axes = _holding(law, ends, k * times * several)
        cell = math.prod(float(axis[1] - axis[0]) for axis in axes)
        size, p, q = _values(f, points(axes)) - centre, law.on(axes), other.on(axes)
        found.append(float((size * (p - q)).sum()) * cell)
    change = torch.zeros_like(p) if law.coarse is None else torch.abs(p - law.coarse.on(axes))
    log_q, unknown = other.logs(axes)
    theirs = torch.where(unknown, q.abs(), q * other.shift(axes, log_q))
    largest, both = float(size.abs().max()), size.abs() * (p.abs() + q.abs())
    margins = [1 + len(axis) // 12 for axis in axes]
    outer = float(both.sum() - both[margins[0] : -margins[0], margins[1] : -margins[1]].sum()) * cell
    faint = torch.maximum(p, q) < NOTHING * max(float(p.max()), float(q.max()))
    if float(both[faint].sum()) > _UNKNOWN * float(both.sum()):
        raise InvalidParameter("f", "a function that grows fast", "one whose mean under both laws is surely finite")
    gap = torch.nn.functional.max_pool2d((p - q).abs()[None], 3, 1, 1)[0]
    return Estimate.of(
        abs(found[-1]),
        METHOD,
        resolution=law.caution * float((size.abs() * change).sum()) * cell,
        solver=2 * law.unplaced * largest,
        reference=float((size.abs() * theirs).sum()) * cell + (other.left + other.lost) * largest,
        quadrature=2 * max(abs(one - two) for one in found for two in found) + float((_off_cubics(size) * gap).sum()) * cell,
        ends=law.lost * largest,
        tails=outer + 2 * max(0.0, 1 - float(q.sum()) * cell) * largest,
        rounding=1e-15 * (largest + abs(centre)),
    )


def _ends(law: PlanarLaw, other: PlaneSide, times: int) -> Tensor:
    """Low and high on both axes, (2, 2): of the grid of the law, and of the other law where it has mass beyond."""
    axes = law.finer(times)
    missing = 1 - float(other.on(axes).sum()) * math.prod(float(axis[1] - axis[0]) for axis in axes)
    if missing < _NONE:
        return law.box
    ends = torch.stack([torch.minimum(law.box[:, 0], other.box[:, 0]), torch.maximum(law.box[:, 1], other.box[:, 1])], 1)
    wider = (ends[:, 1] - ends[:, 0]) / (law.box[:, 1] - law.box[:, 0])
    if float(wider.prod()) * math.prod(3 * len(axis) for axis in axes) > _MOST:
        raise NotConverged("the weak error of laws that lie so far apart that no grid holds both", missing, _NONE)
    return ends


def _holding(law: PlanarLaw, ends: Tensor, times: int) -> Axes:
    """The axes of the law with so many times as many cells, continued to these ends."""
    first, second = (_continued(axis, low, high) for axis, (low, high) in zip(law.finer(times), ends.tolist(), strict=True))
    return first, second


def _continued(axis: Tensor, low: float, high: float) -> Tensor:
    step = float(axis[1] - axis[0])
    before, after = (math.ceil(gap / step - 1e-6) for gap in (float(axis[0]) - low, high - float(axis[-1])))
    return float(axis[0]) + step * torch.arange(-before, len(axis) + after, dtype=axis.dtype, device=axis.device)


def _off_cubics(value: Tensor) -> Tensor:
    """By how much values on a grid, (n, m), are off cubics through four neighbours, along both axes, where f is rough; 0 elsewhere."""
    total = torch.zeros_like(value)
    for axis in (0, 1):
        along = value.movedim(axis, -1)[None]
        near = torch.nn.functional.pad(along, (3, 3), mode="replicate")
        cubic = (9 * (near[..., 2:-4] + near[..., 4:-2]) - near[..., :-6] - near[..., 6:]) / 16
        highest, lowest = (torch.nn.functional.max_pool1d(side, 2 * _NEAR + 1, 1, _NEAR) for side in (along, -along))
        off = (along - cubic).abs()
        off[..., :3] = off[..., -3:] = 0.0
        total += torch.where(off > _ROUGH * (highest + lowest) + _DIGITS * along.abs(), off, 0.0)[0].movedim(-1, axis)
    return total


def _values(f: Function, x: Tensor) -> Tensor:
    """f at points (..., 2), checked."""
    value = answered(f, x)
    if value.shape != x.shape[:-1] or not bool(torch.isfinite(value).all()):
        raise InvalidParameter(
            "f", "a function with other values", f"a function of points of shape (..., 2) to finite numbers of shape (...), not {tuple(value.shape)}"
        )
    return value
