"""The total variation distance in the plane: the integral of |p - q|, across the lines on which p = q."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pmmtheory.divergences.plane_sides import PlaneSide
from pmmtheory.errors import NotConverged
from pmmtheory.laws import PlanarLaw

_MOST = 5000
"""Points of an axis beyond which the integral is out of reach."""


def tv_plane(law: PlanarLaw, other: PlaneSide) -> tuple[float, float]:
    """int |p - q| / 2 over the grid of the law, and half of the mass of q beyond it; and the error of the quadrature.

    Between the points of a grid |p - q| is the modulus of a linear function on triangles, whose integral is exact: what is left is of
    second order in the spacing, and two grids extrapolate; a third tells by how much that may be off, which is no less than a tenth of what
    the extrapolation changes: that of two pairs of grids may agree by luck, as lines cross the grids at any angle.
    """
    times = _times(law, other)
    first, second, third = (_on_triangles(law, other, times * k) for k in (1, 2, 4))
    before, value = (4 * second - first) / 3, (4 * third - second) / 3
    return value, max(abs(value - before), abs(value - third) / 10)


def _times(law: PlanarLaw, other: PlaneSide) -> int:
    times = max(1, *(math.ceil(own / (1.5 * theirs)) for own, theirs in zip(law.spacings, other.crossings, strict=True)))
    if 4 * times * max(len(axis) for axis in law.axes) > _MOST:
        raise NotConverged(f"the total variation of laws whose scales differ by a factor of {times}", math.nan, law.numerical_error)
    return times


def _on_triangles(law: PlanarLaw, other: PlaneSide, times: int) -> float:
    axes = law.finer(times)
    cell = math.prod(float(axis[1] - axis[0]) for axis in axes)
    q = other.on(axes)
    f = law.on(axes) - q
    a, b, c, d = f[:-1, :-1], f[1:, :-1], f[1:, 1:], f[:-1, 1:]
    both = _modulus(a, b, c) + _modulus(a, c, d) + _modulus(b, c, d) + _modulus(a, b, d)
    rim = float(f.abs().sum()) - float((a.abs() + b.abs() + c.abs() + d.abs()).sum()) / 4
    return (float(both.sum()) / 4 + rim) * cell / 2 + max(0.0, 1 - float(q.sum()) * cell) / 2


def _modulus(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """The mean over a triangle of |f|, f linear with these values at the corners.

    Where one corner differs in sign from the others, its part of the triangle has the share a^2/((a - b)(a - c)) and the mean a/3.
    """
    least, middle, most = torch.minimum(torch.minimum(a, b), c), torch.median(torch.stack([a, b, c]), 0).values, torch.maximum(torch.maximum(a, b), c)
    lone = torch.where(middle > 0, least, most)
    near, far = middle, torch.where(middle > 0, most, least)
    crossed = (least < 0) & (most > 0)
    share = lone**2 / torch.where(crossed, (lone - near) * (lone - far), 1.0)
    return torch.where(crossed, torch.where(middle > 0, 1.0, -1.0) * (a + b + c) / 3 + 2 * share * lone.abs() / 3, torch.abs(a + b + c) / 3)
