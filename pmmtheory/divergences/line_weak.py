"""Weak errors on the line: the difference of the means of a test function."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pmmtheory.divergences.line_densities import OnGrid
from pmmtheory.divergences.line_integrals import METHOD
from pmmtheory.divergences.line_sides import LawSide, LineSide
from pmmtheory.divergences.line_target_side import TargetSide
from pmmtheory.divergences.pair import Function
from pmmtheory.errors import InvalidParameter
from pmmtheory.estimate import Estimate
from pmmtheory.numerics.answers import answered
from pmmtheory.numerics.panels import integrals, joined
from pmmtheory.numerics.tails import tails
from pmmtheory.targets.line import LineTarget

_EPS = 2.0**-52

_FINE, _STEEP, _JUMPS = 1 << 17, 100.0, 200
"""Into how many cells the range is parted to look for jumps of f; by how many times the median of changes over a cell one is more; and their largest number."""

_BOUNDED = 0.1
"""A function that grows like a smaller power of the distance is bounded, as far as it is seen."""


def weak_line(pair: OnGrid, f: Function) -> Estimate:
    """|int (f - c) (p - q)|, c the value of f in the middle, on panels that are halved where f has kinks or jumps.

    "resolution" and "reference" are what the errors of the densities do to it; "rounding" what points that were moved do, and the digits of f; "ends"
    counts lost mass, and what a solver left, which may be between modes, at the largest |f - c| there is on the panels; "tails" bounds what lies beyond the
    points that are known.

    Raises
    ------
    InvalidParameter
        Where f is not finite, of another shape than the points, or grows so fast that its means may be infinite; or where the law is not seen to fall.
    """
    sides, edges = (LawSide(pair.law), pair.other), _with_jumps(f, pair.edges)
    middle = edges.new_tensor([pair.law.mean])
    centre = _values(f, middle)

    def rows(x: Tensor) -> Tensor:
        value = _values(f, x)
        size, d = torch.abs(value - centre), pair.at(x)
        gap = pair.law.density(x) - d.q
        moved = sum((torch.abs(_values(f, x + side.shift) - value) for side in sides if side.shift), torch.zeros_like(x))
        digits = _EPS * (4 * size + torch.abs(value)) * torch.abs(gap) + size * torch.abs(pair.law.density(_next(x)) - pair.other.density(_next(x)) - gap)
        return torch.stack([(value - centre) * gap, size * d.p_error, size * d.q_error, moved * torch.maximum(d.p, d.q) + digits])

    found = integrals(rows, edges, 1e-10, _EPS, most=4000)
    value, resolution, reference, rounding = found.values.tolist()
    largest = float(torch.abs(_values(f, edges) - centre).max())
    lost = sum(side.lost + side.start + 2 * side.unplaced for side in sides)
    beyond = 0.0 if pair.law.truncated else sum(_beyond(side, f, float(centre)) for side in sides)
    parts = {"resolution": resolution, "reference": reference, "rounding": rounding, "ends": lost * largest, "tails": beyond}
    return Estimate.of(abs(value), METHOD, **parts, quadrature=found.error + 4 * _EPS * abs(value))


def weak_targets(one: LineTarget, two: LineTarget, f: Function) -> Estimate:
    """The same of two targets, each to the accuracy of its density."""
    edges = _with_jumps(f, joined(*(part for target in (one, two) for part in TargetSide(target).edges)))
    centre = _values(f, edges.new_tensor([one.mean]))

    def rows(x: Tensor) -> Tensor:
        value, p, q = _values(f, x), one.density(x), two.density(x)
        size = torch.abs(value - centre)
        moved = torch.abs(one.density(_next(x)) - p) + torch.abs(two.density(_next(x)) - q)
        return torch.stack([(value - centre) * (p - q), size * (8 * _EPS * (p + q) + moved) + _EPS * torch.abs(value) * torch.abs(p - q)])

    found = integrals(rows, edges, 1e-10, _EPS, most=4000)
    value, rounding = found.values.tolist()
    beyond = sum(_beyond(TargetSide(target), f, float(centre)) for target in (one, two))
    return Estimate.of(abs(value), "quadrature", tails=beyond, rounding=rounding, quadrature=found.error + 4 * _EPS * abs(value))


def _with_jumps(f: Function, edges: Tensor) -> Tensor:
    """The edges, with those of the cells of a fine grid in which f jumps: what is narrower than a panel no rule on it sees."""
    x = torch.linspace(float(edges[0]), float(edges[-1]), _FINE + 1, dtype=edges.dtype, device=edges.device)
    change = torch.abs(torch.diff(_values(f, x)))
    steep = change > max(_STEEP * float(change.median()), 1e-3 * float(change.max()))
    cells = (steep & (change > 0)).nonzero()[:, 0]
    if len(cells) > _JUMPS:  # a function that is steep all over has no jumps
        return edges
    return joined(edges, x[cells], x[cells + 1])


def _next(x: Tensor) -> Tensor:
    """Points as far on as their rounding may have moved them."""
    return x + _EPS * torch.abs(x)


def _values(f: Function, x: Tensor) -> Tensor:
    """f at points of any shape, checked."""
    value = answered(f, x)
    if value.shape != x.shape or not bool(torch.isfinite(value).all()):
        raise InvalidParameter(
            "f", "a function with other values", f"a function of points of shape (...) to finite numbers of the same shape, not {tuple(value.shape)}"
        )
    return value


def _beyond(side: LineSide, f: Function, centre: float) -> float:
    """A bound on int |f - c| of a density beyond the points where it is well known: |f - c| grows outwards no more slowly than it did."""
    x = side.points
    density, _, error = side.logs(x)
    return _outside(x, torch.abs(_values(f, x) - centre), density, error, side.tail_index)


def _outside(x: Tensor, size: Tensor, density: Tensor, error: Tensor, index: float) -> float:
    """The same from values on a grid, |f - c|, a density and its error; the density has moments of orders below the index."""
    top = int(torch.argmax(density))
    largest = torch.cat([torch.cummax(size[:top].flip(0), 0).values.flip(0), torch.cummax(size[top:], 0).values])
    growth = _growth(x, largest)
    sides = tails(x, largest * density, largest * error, float(x[top]), index - growth, light=False)
    total = sum(tail.moment(0) for tail, most in zip(sides, largest[[0, -1]].tolist(), strict=True) if most > 0)
    if not math.isfinite(total) and growth < _BOUNDED:
        raise InvalidParameter("law", "tails that are not known well enough", "a law of smaller rtol, for the mean of this function")
    if not math.isfinite(total):
        raise InvalidParameter("f", "a function that grows fast", "one whose mean under both laws is surely finite")
    return total


def _growth(x: Tensor, largest: Tensor) -> float:
    """The power of the distance that |f - c| grows like at the ends."""
    tenth, most = len(x) // 20, largest[[0, -1]].clamp_min(1e-300)
    before = largest[[tenth, -1 - tenth]].clamp_min(1e-300)
    return float((torch.log(most / before) / math.log(1 / 0.9)).max())
