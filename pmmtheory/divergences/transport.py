"""The Wasserstein distance of laws on the line, by the monotone map."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pmmtheory.divergences.line_densities import OnGrid, shared_edges
from pmmtheory.divergences.line_displaced import displaced
from pmmtheory.divergences.line_integrals import METHOD
from pmmtheory.divergences.line_sides import LawSide, LineSide
from pmmtheory.errors import NotConverged
from pmmtheory.estimate import Estimate
from pmmtheory.laws import LineLaw
from pmmtheory.numerics.interpolation import piecewise_linear
from pmmtheory.numerics.panels import Antiderivative, integrals, nodes_of, weights_of
from pmmtheory.numerics.rules import gauss_legendre
from pmmtheory.numerics.tails import Tail, tails

_ROUGHLY = 1e-9
"""How well the map to a lower resolution is known, relative to the map that is looked for."""

_CLOSE, _ROUGH = 1e-11, 1e-4
"""How well displacements are known, relative to themselves: to a lower resolution, which only tells an error, roughly."""

_NEGLIGIBLE = 1e-11
"""The share of the square of the distance that displacements of little mass may be off by, in all; of one to a lower resolution, its root."""

_CURVED = 8.0
"""A bound on the square that a Newton step leaves over, times the length on which a density varies: half of its relative slope."""

_DIGITS = 2e-15
"""Mass that rounding of the distribution functions may move as far as any is."""

_FLAT, _READ = 1e-280, 1e-10
"""A density below which nothing is told by it: halving the bracket is. And the share of the largest density where the stretch of the tails is read off:
further out displacements drown in rounding."""

_SHARE, _FLOOR, _LEAST_GAP = 1e-3, 1e-11, 1e-15
"""A rule for the difference of two distribution functions need miss no less than this share of what the laws are off by, up to a limit, nor than rounding."""

_LEAST = 1e-17
"""Densities below a hundred times this share of the largest are not transported."""


def w2_line(pair: OnGrid) -> Estimate:
    """(int (T(x) - x)^2 p(x) dx)^(1/2) with the monotone map T: Q(T(x)) = P(x), solved as int_x^T q = P(x) - Q(x).

    The equation is solved for the displacement s = T - x itself, so that small distances keep their relative accuracy; where the map
    jumps across a gap of q the panels are halved until the jump is seen. What displaces a law by d changes the square by at most
    int (2 |s d| + d^2) p: "resolution" and "reference", where d leads to the lower resolution of either law, and "rounding". What
    interpolation, mass lost at the "ends", and what is rounding or has no place do to the distribution functions changes it by twice int |s| times
    that, and by int d^2 p for the way d to where they are as much more. "tails" bounds what is moved beyond the points that are known.
    """
    law, both = pair.law, (LawSide(pair.law), pair.other)
    whole = Transport(*both, floor=min(_SHARE * sum(side.off for side in both), _FLOOR))
    own, theirs = (None if side.coarse is None else Transport(side, side.coarse, _ROUGHLY * whole.size, _ROUGH) for side in both)

    def between(x: Tensor, s: Tensor) -> Tensor:
        return law.missed_below(x, whole.middle) + pair.other.missed_below(x + s, whole.middle)

    missing = sum(part.missed for part in (whole, own, theirs) if part is not None)
    lost, rounded = sum(side.lost for side in both), sum(side.rounded for side in both)

    def moved(x: Tensor) -> Tensor:
        return (whole.shift(x) ** 2 * law.density(x).clamp_min(0.0))[None]

    def changed(x: Tensor) -> Tensor:
        p, s = law.density(x).clamp_min(0.0), whole.shift(x)
        none = torch.zeros_like(x)
        changes = [whole.rounding(x), none if own is None else own.shift(x), none if theirs is None else theirs.shift(x + s)]
        below = law.cdf(x)
        nearer = torch.minimum(below, 1 - below)
        off = torch.stack([torch.minimum(nearer, between(x, s)), nearer.clamp_max(lost) + 2 * rounded * nearer, nearer.clamp_max(missing)])
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
    farthest = float(whole.shift(nodes_of(found.edges)).abs().max())
    parts = {
        "quadrature": _root(found.error + missed, square) + (_CLOSE + _NEGLIGIBLE) * math.sqrt(max(square, 0.0)),
        "rounding": _root(rounding + _DIGITS * farthest**2, square) + sum(side.shift for side in both),
        "interpolation": _root(interpolation + _hidden(law, whole), square),
        "ends": _root(ends + sum(displaced(side, whole.middle) for side in both), square),
        "tails": 0.0 if law.truncated else _root(_beyond(law, whole, sides), square),
        "resolution": law.accuracy.caution * _root(resolution, square),
    }
    if pair.other.coarse is not None:
        parts["reference"] = pair.other.caution * _root(reference, square)
    if any(side.start for side in both):  # that mass, moved by a standard deviation
        parts["start"] = sum(math.sqrt(side.start * side.covariance) for side in both)
    if not parts["tails"] < math.inf:
        raise NotConverged("the W2 of a law whose tails are not resolved")
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
            total += float(missed[hidden].max() * whole.shift(law.grid[hidden], _ROUGH).square().max())
    return total


def _beyond(law: LineLaw, whole: Transport, sides: tuple[Tail, Tail]) -> float:
    """What of the square lies beyond the known points, where displacements grow like the distance from the mean.

    The density on the rest of the grid may hang on kicks and fall more slowly than where it is known: its second moment there is taken as it is found.
    """
    sizes, total, away = law.values.abs(), 0.0, law.grid - law.mean
    for distance, tail in zip((-away, away), sides, strict=True):
        held = float((sizes * distance**2)[distance > tail.distance].sum()) * law.spacing
        beyond = tail.moment(2) + max(law.errors["ends"] * max(tail.distance, law.accuracy.reach) ** 2, law.accuracy.missed)
        total += _stretch(law, whole, distance, tail) ** 2 * (held + beyond)
    return total


def _stretch(law: LineLaw, whole: Transport, distance: Tensor, tail: Tail) -> float:
    """The largest displacement over the distance from the mean, at the last places of a side that tell it: those whose density is more than noise."""
    told = (law.values > max(_READ, law.accuracy.floor) * law.values.max()) & (distance > 0)
    if not bool(told.any()):
        return 1.0
    places = told & (distance >= min(tail.distance, float(distance[told].max())))
    return float((whole.shift(law.grid[places], _ROUGH) / distance[places]).abs().max())


class Transport:
    """The monotone map from one law to another density.

    floor : what the difference of their distribution functions may be off by at least; missed : what it is off by at most.
    close : what a displacement may be off by, relative to itself.
    size : about int |p - q|. middle : where integrals from the left and from the right meet.
    """

    def __init__(self, law: LineSide, other: LineSide, floor: float = 0.0, close: float = _CLOSE):
        self.law, self.other, self._close = law, other, close
        self.edges = shared_edges(law, other)
        found = integrals(lambda x: (law.density(x) - other.density(x))[None], self.edges, 1e-9, max(floor, _LEAST_GAP), most=4000)
        x = nodes_of(found.edges)
        gap = law.density(x) - other.density(x)
        self.missed, self.size = found.error, float(gap.abs().mean(-1) @ torch.diff(found.edges))
        self.gap = Antiderivative(found.edges, gap)
        self.middle = self.gap.middle
        self._farthest = float(self.edges[-1] - self.edges[0])
        self._known = x.new_zeros((2, 0))
        least = float((self.gap(x).abs() * weights_of(found.edges)).sum()) ** 2  # the distance is no less than int |P - Q|
        self._negligible = (_NEGLIGIBLE if close < _ROUGH else math.sqrt(_NEGLIGIBLE)) * least / self._farthest

    def shift(self, x: Tensor, close: float | None = None) -> Tensor:
        """T(x) - x; to the accuracy of the map unless given another. What is known is not solved for again."""
        y, (places, shifts) = x.flatten(), self._known
        found, new = torch.zeros_like(y), torch.ones_like(y, dtype=torch.bool)
        if len(places):
            nearest = torch.searchsorted(places, y).clamp_max(len(places) - 1)
            found, new = shifts[nearest], places[nearest] != y
        if bool(new.any()):
            z = y[new]
            guess = piecewise_linear(z, places, shifts) if len(places) else None
            found[new] = displacement(z, self.gap(z), self.other, close or self._close, self.law.density(z), self._negligible, guess)
        if close is None:
            every, order = torch.sort(torch.cat([places, y[new]]))
            self._known = torch.stack([every, torch.cat([shifts, found[new]])[order]])
        return found.reshape(x.shape)

    def rounding(self, x: Tensor) -> Tensor:
        """What rounding may add to the displacement."""
        return (self.law.floor / torch.maximum(self.other.density(x), self.law.density(x)).clamp_min(1e-300)).clamp_max(self._farthest)


def displacement(
    x: Tensor,
    gap: Tensor,
    other: LineSide,
    close: float = _CLOSE,
    weight: Tensor | float = 0.0,
    negligible: float = -1.0,
    guess: Tensor | None = None,
) -> Tensor:
    """The s with int_x^{x+s} q = gap and x + s within the support of the other density q, by bracketed Newton steps.

    Displacements below `near` integrate the density, which keeps their relative accuracy; larger ones take differences of the distribution
    function, and its logarithm from the nearer end, as in tails mass falls exponentially. Near x a step follows the exponential function that the density
    resembles there, no further than nine tenths of its mass. A step d is the last where what it leaves over,
    about d^2 over the length on which the density varies, is below `close` times s, or where 2 s times that is `negligible` for the weight.
    A step that leaves the support ends there: where all mass up to its end is not enough, that is the answer.
    """
    near, farthest, result = other.near, other.support[1] - other.support[0], torch.zeros_like(x)
    where, weight = torch.arange(len(x), device=x.device), weight * torch.ones_like(x)
    low = torch.where(gap < 0, (other.support[0] - x).clamp_max(0.0), 0.0)
    high = torch.where(gap < 0, 0.0, (other.support[1] - x).clamp_min(0.0))
    end, start = torch.where(gap < 0, low, high), other.cdf(x)
    shift = (gap / other.density(x).clamp_min(1e-290)).clamp(-0.05 * near, 0.05 * near) if guess is None else guess.clamp(low, high)
    for _ in range(100):
        longest, slope = float(torch.abs(shift).max()), other.density(x + shift)
        nodes, weights = (torch.as_tensor(a, device=x.device) for a in gauss_legendre(4 if longest < 0.01 * near else 8 if longest < 0.3 * near else 32))
        along = other.density(x[:, None] + shift[:, None] * nodes)
        mass = (along @ weights) * shift
        advance = gap - mass
        fall = torch.log((slope / along[:, -1]).clamp(1e-300, 1e300)) / (shift * (1 - nodes[-1]))
        bend = (fall.clamp(-2 * _CURVED / near, 2 * _CURVED / near) * advance / slope).nan_to_num(0.0)
        if longest >= near:
            far, below = torch.abs(shift) >= near, other.cdf(x + shift)
            mass = torch.where(far, below - start, mass)
            left, right = (part * torch.log1p(((gap - mass) / part).clamp_min(-1.0)) for part in (below, below - 1))
            advance = torch.where(far, torch.where(below < 0.5, left, right), advance)
            bend = torch.where(far, 0.0, bend)
        low, high = torch.where(mass < gap, shift, low), torch.where(mass < gap, high, shift)
        newton = shift + advance / slope * _exponential(bend)
        steep = (slope > _FLAT) & (shift != end)  # at the end itself the other law has no mass, whatever its density is
        inside = (newton >= low) & (newton <= high) & steep
        end = torch.where(shift == end, math.nan, end)  # tried once, it is none any more
        beyond = steep & torch.where(gap < 0, (newton < low) & (low == end), (newton > high) & (high == end))
        step = torch.where(inside, newton, torch.where(beyond, end, (low + high) / 2))
        change, size = torch.abs(step - shift), torch.abs(step)
        over = torch.where(inside, (_CURVED / near * change**2).minimum(change), change)
        going = (over > close * size + 1e-300) & (high - low >= 1e-12 * farthest) & (2 * weight * over * torch.maximum(size, over) > negligible)
        result[where] = step
        if not bool(going.any()):
            break
        parts = x, gap, start, step, low, high, end, where, weight
        x, gap, start, shift, low, high, end, where, weight = (part[going] for part in parts)
    return result


def _exponential(bend: Tensor) -> Tensor:
    """log(1 + z)/z: what share of a Newton step solves the equation for a density e^(fall s), z the fall over that step; z is kept above -0.9."""
    z = bend.clamp_min(-0.9)
    return torch.where(z.abs() < 1e-8, 1.0, torch.log1p(z) / z)
