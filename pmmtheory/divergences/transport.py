"""The Wasserstein distance of laws on the line, by the monotone map."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from pmmtheory.divergences.line_densities import OnGrid, shared_edges
from pmmtheory.divergences.line_integrals import METHOD
from pmmtheory.divergences.line_sides import LawSide, LineSide
from pmmtheory.estimate import Estimate
from pmmtheory.laws import LineLaw
from pmmtheory.numerics.panels import Antiderivative, integrals, nodes_of, weights_of
from pmmtheory.numerics.rules import gauss_legendre
from pmmtheory.numerics.tails import Tail, tails

_ROUGHLY = 1e-9
"""How well the map to a lower resolution is known, relative to the map that is looked for."""

_CLOSE, _ROUGH = 1e-11, 1e-4
"""How well displacements are known, relative to themselves: to a lower resolution, which only tells an error, roughly."""

_CURVED = 8.0
"""A bound on the square that a Newton step leaves over, times the length on which a density varies: half of its relative slope."""

Function = Callable[[Tensor], Tensor]

_READ = 1e-10
"""Where a density is this share of the largest the stretch of the tails is read off: further out displacements drown in rounding."""

_LEAST = 1e-17
"""Densities below a hundred times this share of the largest are not transported."""


def w2_line(pair: OnGrid) -> Estimate:
    """(int (T(x) - x)^2 p(x) dx)^(1/2) with the monotone map T: Q(T(x)) = P(x), solved as int_x^T q = P(x) - Q(x).

    The equation is solved for the displacement s = T - x itself, so that small distances keep their relative accuracy; where the map
    jumps across a gap of q the panels are halved until the jump is seen. What displaces a law by d changes the square by at most
    int (2 |s d| + d^2) p: "resolution" and "reference", where d leads to the lower resolution of either law, and "rounding". What
    interpolation, and mass that is lost at the "ends", do to the distribution functions changes it by twice int |s| times that. "tails"
    bounds what is moved beyond the points that are known.
    """
    law, both = pair.law, (LawSide(pair.law), pair.other)
    whole = Transport(*both)
    own, theirs = (None if side.coarse is None else Transport(side, side.coarse, _ROUGHLY * whole.size, _ROUGH) for side in both)

    def between(x: Tensor, s: Tensor) -> Tensor:
        return law.missed_below(x, whole.middle) + pair.other.missed_below(x + s, whole.middle)

    missing = sum(part.missed for part in (whole, own, theirs) if part is not None)
    lost = sum(side.lost for side in both)

    def moved(x: Tensor) -> Tensor:
        return (whole.shift(x) ** 2 * law.density(x).clamp_min(0.0))[None]

    def changed(x: Tensor) -> Tensor:
        p, s = law.density(x).clamp_min(0.0), whole.shift(x)
        none = torch.zeros_like(x)
        changes = [whole.rounding(x), none if own is None else own.shift(x), none if theirs is None else theirs.shift(x + s)]
        below = law.cdf(x)
        nearer = torch.minimum(below, 1 - below)
        off = torch.stack([torch.minimum(nearer, between(x, s)), nearer.clamp_max(lost), nearer.clamp_max(missing)])
        return torch.cat([torch.stack([p * (2 * torch.abs(s * d) + d**2) for d in changes]), 2 * torch.abs(s) * off])

    least = torch.full_like(law.values, max(law.accuracy.floor, _LEAST) * float(law.values.max()))
    sides = tails(law.grid, law.values, least, law.mean, law.accuracy.tail_index)
    low, high = law.mean - sides[0].distance, law.mean + sides[1].distance
    held = law.grid[(law.grid >= low) & (law.grid <= high)]
    noise = float((law.density(held).clamp_min(0.0) * whole.rounding(held) ** 2).sum()) * law.spacing
    inside = whole.edges[(whole.edges > low) & (whole.edges < high)]
    found = integrals(moved, torch.cat([inside.new_tensor([low]), inside, inside.new_tensor([high])]), 1e-8, noise, most=4000)
    square = float(found.values[0])
    rounding, resolution, reference, interpolation, ends, missed = (changed(nodes_of(found.edges)) * weights_of(found.edges)).sum((1, 2)).tolist()
    parts = {
        "quadrature": _root(found.error + missed, square) + 4e-16 * math.sqrt(max(square, 0.0)),
        "rounding": _root(rounding, square) + sum(side.shift for side in both),
        "interpolation": _root(interpolation + _hidden(law, whole), square),
        "ends": _root(ends, square),
        "tails": 0.0 if law.truncated else _root(_beyond(law, whole, sides), square),
        "resolution": law.accuracy.caution * _root(resolution, square),
    }
    if pair.other.coarse is not None:
        parts["reference"] = pair.other.caution * _root(reference, square)
    if any(side.start for side in both):  # that mass, moved by a standard deviation
        parts["start"] = sum(math.sqrt(side.start * side.covariance) for side in both)
    return Estimate.of(math.sqrt(max(square, 0.0)), METHOD, **parts)


def _root(change: float, square: float) -> float:
    """What a change of the square does to the root."""
    return change / (2 * math.sqrt(square)) if change < square else math.sqrt(max(change, 0.0))


def _hidden(law: LineLaw, whole: Transport) -> float:
    """What of the square hangs on mass near the ends that interpolation may have made: it may come from anywhere between."""
    below, missed, total = law.cdf(law.grid), law.missed_below(law.grid, whole.middle), 0.0
    for beyond in (below, 1 - below):
        hidden = (beyond < missed) & (beyond < 0.5)
        if bool(hidden.any()):
            total += float(missed[hidden].max() * whole.shift(law.grid[hidden]).square().max())
    return total


def _beyond(law: LineLaw, whole: Transport, sides: tuple[Tail, Tail]) -> float:
    """What of the square lies beyond the known points, where displacements grow like the distance from the mean."""
    seen, total = law.grid[law.values > _READ * law.values.max()], 0.0
    for place, tail in zip((seen[:1], seen[-1:]), sides, strict=True):
        stretch = float(torch.abs(whole.shift(place) / (place - law.mean)))
        total += stretch**2 * (tail.moment(2) + max(law.errors["ends"] * max(tail.distance, law.accuracy.reach) ** 2, law.accuracy.missed))
    return total


class Transport:
    """The monotone map from one law to another density.

    floor : what the difference of their distribution functions may be off by at least; missed : what it is off by at most.
    close : what a displacement may be off by, relative to itself.
    size : about int |p - q|. middle : where integrals from the left and from the right meet.
    """

    def __init__(self, law: LineSide, other: LineSide, floor: float = 1e-15, close: float = _CLOSE):
        self.law, self.other, self._close = law, other, close
        self.edges = shared_edges(law, other)
        found = integrals(lambda x: (law.density(x) - other.density(x))[None], self.edges, 1e-9, floor, most=4000)
        x = nodes_of(found.edges)
        gap = law.density(x) - other.density(x)
        self.missed, self.size = found.error, float(gap.abs().mean(-1) @ torch.diff(found.edges))
        self.gap = Antiderivative(found.edges, gap)
        self.middle = self.gap.middle
        self._farthest = float(self.edges[-1] - self.edges[0])

    def shift(self, x: Tensor) -> Tensor:
        """T(x) - x."""
        y = x.flatten()
        return displacement(y, self.gap(y), self.other.density, self.other.cdf, self.other.near, self.other.support, self._close).reshape(x.shape)

    def rounding(self, x: Tensor) -> Tensor:
        """What rounding may add to the displacement."""
        return (self.law.floor / torch.maximum(self.other.density(x), self.law.density(x)).clamp_min(1e-300)).clamp_max(self._farthest)


def displacement(x: Tensor, gap: Tensor, density: Function, cdf: Function, near: float, reach: tuple[float, float], close: float = _CLOSE) -> Tensor:
    """The s with int_x^{x+s} density = gap and x + s within reach, by bracketed Newton steps.

    Displacements below `near` integrate the density, which keeps their relative accuracy; larger ones take differences of the cdf. A Newton
    step d is the last where what it leaves over, about d^2 over the length on which the density varies, is below `close` times s.
    """
    result = torch.zeros_like(x)
    where = torch.arange(len(x), device=x.device)
    farthest = reach[1] - reach[0]
    low, high = torch.where(gap < 0, (reach[0] - x).clamp_max(0.0), 0.0), torch.where(gap < 0, 0.0, (reach[1] - x).clamp_min(0.0))
    start, shift = cdf(x), (gap / density(x).clamp_min(1e-290)).clamp(-0.05 * near, 0.05 * near)
    for _ in range(100):
        longest = float(torch.abs(shift).max())
        nodes, weights = (torch.as_tensor(a, device=x.device) for a in gauss_legendre(4 if longest < 0.01 * near else 8 if longest < 0.3 * near else 32))
        mass = (density(x[:, None] + shift[:, None] * nodes) * weights).sum(-1) * shift
        if longest >= near:
            mass = torch.where(torch.abs(shift) < near, mass, cdf(x + shift) - start)
        low, high = torch.where(mass < gap, shift, low), torch.where(mass < gap, high, shift)
        newton = shift + (gap - mass) / density(x + shift).clamp_min(1e-290)
        inside = (newton >= low) & (newton <= high)
        step = torch.where(inside, newton, (low + high) / 2)
        left = torch.where(inside, (_CURVED / near * (step - shift) ** 2).minimum(torch.abs(step - shift)), torch.abs(step - shift))
        going = (left > close * torch.abs(step) + 1e-300) & (high - low >= 1e-12 * farthest)
        result[where] = step
        if not bool(going.any()):
            break
        x, gap, start, shift, low, high, where = (part[going] for part in (x, gap, start, step, low, high, where))
    return result
