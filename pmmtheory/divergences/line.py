"""Distances between a law on the line and a target or another law, each to the accuracy of the law."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from pmmtheory.divergences.comparison import Comparison
from pmmtheory.divergences.pair import LARGE, Densities, Density, Pair, normaliser_error
from pmmtheory.divergences.transport import w2_line
from pmmtheory.errors import InvalidParameter
from pmmtheory.estimate import Estimate
from pmmtheory.laws import LineLaw
from pmmtheory.numerics.panels import Antiderivative, Integrals, integrals, nodes_of
from pmmtheory.numerics.tails import tails
from pmmtheory.targets.line import LineTarget

METHOD = "exact law on the line"

Integrand = Callable[[Densities], Tensor]
"""Maps densities to (4, ...): the integrand of a divergence, and what the errors of p, of q and of their squares do to it."""


def between(name: str, law: LineLaw, other: Density, order: float = 2.0) -> Estimate:
    """The distance of this name ("tv", "w2", "kl", "chi2" or "renyi" of an order), with its error in named parts.

    "resolution" and "reference" are what the errors of the first and of the second density do to the distance, to second order;
    "quadrature" is that of the integral; "tails" bounds what lies beyond the points where the densities are known.

    Raises
    ------
    InvalidParameter
        Where the distance is infinite, or the reference is not known where the law has mass.
    """
    if name == "tv":
        return _tv(law, other)
    if name == "w2":
        return w2_line(law, other, METHOD)
    if name in ("chi2", "renyi") and (name == "chi2" or order > 1) and math.isfinite(law.accuracy.tail_index) and _quadratic(other):
        raise _infinite(name, "its tails are a power of |x|, those of the reference are Gaussian")
    integrand = {"kl": _kl, "chi2": _chi2}.get(name) or (lambda d: _renyi(d, order))
    roots = name == "renyi" and order < 1
    estimate = _divergence(Pair(law, other).covering(roots), integrand, name)
    if name != "renyi":
        return estimate
    if roots and law.wider is None and not law.truncated:  # what lies under the root of a density that is zero beyond the grid
        estimate = Estimate.of(estimate.value, METHOD, **estimate.parts, ends=(law.edge + law.accuracy.floor) ** order)
    scale = 1 / ((1 + estimate.value) * abs(order - 1))
    return Estimate.of(math.log1p(estimate.value) / (order - 1), METHOD, **{part: scale * error for part, error in estimate.parts.items()})


def _tv(law: LineLaw, other: Density) -> Estimate:
    """int |p - q| / 2: half the total variation of the antiderivative of p - q, whose turning points are the zeros of p - q."""

    def gap(x: Tensor) -> Tensor:
        return law.density(x) - other.density(x)

    found = integrals(lambda x: gap(x)[None], Pair(law, other).edges, goal=1e-10, most=4000)
    nodes = nodes_of(found.edges)
    below = Antiderivative(found.edges, gap(nodes))
    x = torch.cat([torch.cat([found.edges[:-1, None], nodes], 1).flatten(), found.edges[-1:]])
    sign = torch.where(gap(x) < 0, -1.0, 1.0).to(x)
    left = torch.nonzero(sign[:-1] * sign[1:] < 0).flatten()
    low, high, before = x[left], x[left + 1], sign[left]
    for _ in range(50):
        middle = (low + high) / 2
        same = gap(middle) * before > 0
        low, high = torch.where(same, middle, low), torch.where(same, high, middle)
    turns = below.at((low + high) / 2, gap)
    value = float(torch.diff(turns, prepend=turns.new_zeros(1), append=turns.new_zeros(1)).abs().sum()) / 2
    reference = other.numerical_error if isinstance(other, LineLaw) else normaliser_error(other)
    own = {**law.errors, "reference": reference}
    return Estimate.of(value, METHOD, **{part: error for part, error in own.items() if math.isfinite(error)}, quadrature=found.error + 4e-16 * (1 + value))


def entropy(r: Tensor) -> Tensor:
    """(1 + r) log(1 + r) - r, by its series near 0."""
    series = r * r * (1 / 2 - r * (1 / 6 - r * (1 / 12 - r * (1 / 20 - r / 30))))
    exact = torch.special.xlogy(1 + r, 1 + r) - r
    return torch.where(torch.abs(r) < 1e-3, series, exact)


def _kl(d: Densities) -> Tensor:
    """int q ((1 + r) log(1 + r) - r) with r = p/q - 1: no cancellation between p log p and p log q."""
    small = d.log < LARGE
    value = torch.where(small, d.q * entropy(d.excess), d.p * d.log.clamp_min(0) - d.p + d.q)
    ratio = torch.exp(d.log.clamp(max=600))
    first = torch.abs(torch.where(d.p > 0, d.log, torch.log(d.p_error.clamp_min(1e-300)) - torch.log(d.q.clamp_min(1e-300)))) * d.p_error
    second = torch.where(small, torch.abs(d.excess), ratio) * d.q_error
    squares = d.p_error**2 / torch.maximum(d.p, d.p_error).clamp_min(1e-300) + d.p * (d.q_error / d.q.clamp_min(1e-300)).clamp_max(1e6) ** 2
    return torch.stack([value, first, second, squares])


def _chi2(d: Densities) -> Tensor:
    """int (p - q)^2 / q."""
    ratio = torch.exp(d.log.clamp(max=600))
    value = torch.where(d.log < LARGE, d.q * d.excess**2, _power(d, 1.0))
    difference = torch.where(d.log < LARGE, torch.abs(d.excess), ratio)
    first, second = 2 * difference * d.p_error, difference * (ratio + 1) * d.q_error
    squares = d.p_error**2 / d.q.clamp_min(1e-300) + d.p * ratio * (d.q_error / d.q.clamp_min(1e-300)).clamp_max(1e6) ** 2
    return torch.stack([value, first, second, squares])


def _renyi(d: Densities, order: float) -> Tensor:
    """int p^order q^(1 - order) - 1."""
    power = torch.exp((order * d.log).clamp(-700, 600))
    inside = torch.expm1((order * d.log).clamp(-700, 600)) - order * d.excess
    near = torch.abs(d.excess) < 1e-3
    r = d.excess
    series = order * (order - 1) * r * r * (1 / 2 + r * (order - 2) / 6 * (1 + r * (order - 3) / 4))
    value = torch.where(d.log < LARGE, d.q * torch.where(near, series, inside), _power(d, order - 1) - order * d.p)
    known = torch.maximum(d.p, d.p_error).clamp_min(1e-300)
    slope = order * torch.exp((order - 1) * (torch.log(known) - torch.log(d.q.clamp_min(1e-300))).clamp(-600, 600))
    first = torch.where(d.p > d.p_error, torch.abs(slope - order), slope + order) * d.p_error
    second = abs(1 - order) * torch.abs(power - 1) * d.q_error
    relative = (d.q_error / d.q.clamp_min(1e-300)).clamp_max(1e6)
    squares = order * abs(order - 1) * slope * d.p_error**2 / known + abs(order * (order - 1)) * d.q * power * relative**2
    return torch.stack([value, first, second, squares])


def _power(d: Densities, power: float) -> Tensor:
    """p (p/q)^power where log(p/q) is large: what exceeds the numbers stays so large that it is seen to."""
    return torch.exp((torch.log(d.p) + power * d.log).clamp(max=705))


def _divergence(pair: Pair, integrand: Integrand, name: str) -> Estimate:
    """int of the integrand, with its error."""
    found = _by_trapezoids(pair, integrand) if pair.on_one_grid else integrals(lambda x: integrand(pair.at(x)), pair.shared)
    value, first, second, squares = found.values.tolist()
    if not math.isfinite(value) or abs(value) > 1e250:
        raise _infinite(name, "the integrand exceeds what a number holds")
    parts = {"resolution": first, "reference": second, "squares": squares, "quadrature": found.error + 4e-16 * abs(value)}
    if not pair.law.truncated:
        parts["tails"] = _beyond(pair, integrand, name, value, sum(parts.values())) + _unknown(pair, name)
    unknown = not all(math.isfinite(part) for part in parts.values()) or second + squares > abs(value)
    if unknown and second + squares > 1e-10:
        raise InvalidParameter("other", "a law whose tails are not known well enough", f"one for which the {name} is decided by densities that are known")
    return Estimate.of(value, METHOD, **parts)


def _by_trapezoids(pair: Pair, integrand: Integrand) -> Integrals:
    """On the grid of the law, where the trapezoid rule is spectrally accurate: a rule of half its points misses the root of what it misses."""
    grid, spacing = pair.known, pair.law.spacing
    values = integrand(pair.at(grid))
    whole = values.sum(1) * spacing
    half = float(values[0, ::2].sum()) * 2 * spacing
    error = 10 * min(abs(half - float(whole[0])), 1e140) ** 2 / max(float(values[0].abs().sum()) * spacing, 1e-300)
    return Integrals(whole, error, grid[[0, -1]])


def _beyond(pair: Pair, integrand: Integrand, name: str, value: float, error: float) -> float:
    """A bound on the integral beyond the points where the law is well known; refuses where it does not decay."""
    x = pair.known
    f, *errors = integrand(pair.at(x))
    seen = f - torch.stack(errors).sum(0)
    top, total = int(torch.argmax(seen)), 0.0
    if min(top, len(x) - 1 - top) <= len(x) // 50 and float(seen[top]) * float(x[-1] - x[0]) > 1e-9 * abs(value):
        raise _infinite(name, "the integrand does not decay where the densities are known")
    peak = float(x[top])
    for tail in tails(x, torch.abs(f), torch.stack(errors).sum(0), peak, light=False):
        share, rough = tail.moment(0), tail.density * tail.distance
        if math.isfinite(share):
            total += share
        elif rough <= 1e-3 * (1e-6 * abs(value) + error) or rough < 1e-12:
            total += rough
        else:
            raise _infinite(name, "the integrand does not decay where the densities are known")
    return total


def _unknown(pair: Pair, name: str) -> float:
    """What the mass of the law where the reference is not known may add, if the reference is no smaller than a number can be there."""
    outside = pair.outside
    if name == "kl":  # log q falls no faster than a quadratic that reaches rounding at the ends
        return max(700.0, 100 * pair.reach**2) * outside
    if outside > 1e-100 and name == "chi2":
        raise InvalidParameter("other", "a law whose tails are not known", "one that is known where the first has mass, for its chi2")
    return math.sqrt(outside)


def _infinite(name: str, why: str) -> InvalidParameter:
    return InvalidParameter("law", "tails too heavy for the other", f"laws whose {name} is finite: {why}")


def _quadratic(other: Density) -> bool:
    """Whether the tails of the reference are Gaussian."""
    return isinstance(other, LineTarget) and min(other.tail_curvature) > 0


class OnLine(Comparison):
    """Laws on the line, or such a law and a target."""

    def takes(self, name: str, law: Any, other: Any) -> bool:
        return isinstance(law, LineLaw) and (isinstance(other, LineLaw) or (isinstance(other, LineTarget) and other.dim == 1))

    def between(self, name: str, law: Any, other: Any, order: float) -> Estimate:
        return between(name, law, other, order)
