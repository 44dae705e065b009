"""Distances of Gaussian laws and scale mixtures from an isotropic Gaussian with the same centre, along the radius."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch

from pmmtheory.divergences.generator import Generator
from pmmtheory.divergences.radial import Radial
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.estimate import Estimate
from pmmtheory.laws import LinearLaw
from pmmtheory.laws.gaussian.law import Mixture

_NODES = (2, 3, 4, 6, 8, 12, 16, 20, 24)
"""Numbers of nodes for the random variance that are tried in turn."""

_GOAL, _ROUNDED, _WORST = 3e-9, 1e-6, 1e-2
"""Relative changes between two of them: what is enough, below which they no longer fall for rounding, and the largest that is reported instead of raised."""

_CAUTION = 3.0
"""How many times what a geometric sum of the changes leaves may be left: the numbers of nodes are not evenly spaced, and neither do the changes fall evenly."""

_FALLS = 4.0
"""A change that is so many times smaller than the two before it tell may be so by chance."""

_WIDER = 1.37
"""By how much the grid of the second radial integral is coarser."""

_DIGITS = 1e-12
"""What the generator of an integral may lose to rounding, relative to the integral."""


@dataclass(frozen=True)
class Sought:
    """A distance along the radius: its value, what a relative error of every variance does to it to first order, and rounding.

    whole : whether no grid is needed, so that none is varied. widest : how many times that of the reference a variance may be.
    """

    name: str
    value: Callable[[Radial], float]
    carried: Callable[[float, float], float]
    rounding: Callable[[Radial, float], float]
    whole: bool = False
    widest: float = math.inf


def sought_kl(law: LinearLaw) -> Sought:
    """Of order sqrt(d KL) e + d e^2."""
    return Sought("kl", lambda radial: radial.kl, _quadratic(_root(law), 1.0), Radial.rounding_of_integral)


def sought_chi2(law: LinearLaw) -> Sought:
    """Of order exp(sqrt(d log chi2) e + d e^2), with chi2."""
    root = _root(law)

    def carried(value: float, e: float) -> float:
        return (1 + value) * math.expm1(4 * root * e * math.sqrt(math.log1p(abs(value))) + (root * e) ** 2)

    return Sought("chi2", lambda radial: radial.chi2, carried, lambda radial, value: radial.rounding_of_chi2(), True, 2.0)


def sought_integral(law: LinearLaw, f: Generator) -> Sought:
    """Of int q f(p/q): near p = q it is f''(1) times KL."""
    if f.steep:
        raise InvalidParameter("law", f"{law.words} for {f.name}", "kl, reverse_kl, chi2, hellinger or a renyi of an order below 1 of a scale mixture")
    bend = max(1.0, f.bend)

    def rounding(radial: Radial, value: float) -> float:
        return bend * radial.rounding_of_integral(value) + _DIGITS * value

    return Sought(f.name, lambda radial: radial.integral(f), _quadratic(_root(law), bend), rounding)


def sought_distance(law: LinearLaw, name: str, value: Callable[[Radial], float], unit: float) -> Sought:
    """tv or w2, which a relative error e of the variances moves by sqrt(d) e units."""
    return Sought(name, value, lambda _, e: _root(law) * e * unit, lambda radial, value: radial.rounding_of_distance(value, unit))


def unit_of(law: LinearLaw) -> float:
    """The largest standard deviation."""
    return math.sqrt(float(law.blocks.diagonal(dim1=-2, dim2=-1).max()))


def _root(law: LinearLaw) -> float:
    return math.sqrt(law.dim * law.size)


def _quadratic(root: float, bend: float) -> Callable[[float, float], float]:
    return lambda value, e: bend * (2 * root * e * math.sqrt(abs(value)) + (root * e) ** 2)


def along_radius(sought: Sought, law: LinearLaw, variance: float) -> Estimate:
    """By one integral, with as many nodes for the random variance as the distance needs.

    Parts: "covariance", what the error of the covariances does; "resolution", the change from fewer nodes, carried on at the rate at which
    the changes fall, the change on another grid, and that from coarser rules for the midpoints of a step; "rounding".
    """
    rule = None if law.gaussian else law.mixtures[0] if law.mixtures else None
    if sought.widest < math.inf and not law.gaussian and law.isotropic and law.mixtures and not getattr(rule, "widest", math.inf) < sought.widest * variance:
        why = "here the random variance may reach twice that of the target"
        raise InvalidParameter("law", law.words, f"laws whose {sought.name} is surely finite: {why}")
    value, resolution, used = _radial(sought, law, _NODES[0], variance), 0.0, _NODES[0]
    if not law.gaussian:
        value, resolution, used = _by_more_nodes(sought, law, variance, value, getattr(rule, "rough", False))
        if (coarser := getattr(rule, "coarser", None)) is not None:
            resolution += _from_coarser(sought, law, used, variance, coarser)
    if not sought.whole:
        resolution += abs(value - _radial(sought, law, used, variance, _WIDER))
    variances, weights = (torch.atleast_1d(part) for part in law.mixture(used))
    rounding = sought.rounding(Radial(law.dim, variances.cpu(), weights.cpu(), variance), value)
    method = "radial integral" if law.gaussian else "radial integral over the random variance"
    return Estimate.of(value, method, covariance=sought.carried(value, law.numerical_error), resolution=resolution, rounding=rounding)


def _by_more_nodes(sought: Sought, law: LinearLaw, variance: float, value: float, rough: bool) -> tuple[float, float, int]:
    """The value, what is left of its changes, and the number of nodes; of a rough law of the variance a change may be small by chance."""
    changes, expected, ratio, used = [math.inf], math.inf, 0.5, _NODES[0]
    for nodes in _NODES[1:]:
        try:
            new = _radial(sought, law, nodes, variance)
        except NotConverged:  # the moments have no digits left for so many nodes: too few to see how the changes fall
            expected = max(expected, *changes[-2:]) if rough and len(changes) > 2 else expected
            break
        change, last = abs(new - value), changes[-1]
        if last <= _ROUNDED * value and change >= last:
            break
        ratio = min(0.9, max(0.5, change / last)) if 0 < last < math.inf else 0.5
        expected = max(change, last * min(1.0, last / changes[-2]) / _FALLS) if rough and len(changes) > 2 else change
        value, used = new, nodes
        changes.append(change)
        if expected <= max(_GOAL * value, sought.carried(value, law.numerical_error)):
            break
    if not expected <= _WORST * value:
        raise NotConverged(f"the {sought.name} of a scale mixture in dimension {law.dim}", expected / value, _WORST)
    return value, _CAUTION * expected * ratio / (1 - ratio), used


def _from_coarser(sought: Sought, law: LinearLaw, used: int, variance: float, rule: Callable[[int], Mixture]) -> float:
    """The change of the value from another rule for the variance, at the most nodes up to those used for which that has digits."""
    for nodes in (n for n in reversed(_NODES) if n <= used):
        try:
            other = _radial(sought, law, nodes, variance, rule=rule)
        except NotConverged:
            if nodes == _NODES[0]:
                raise
            continue
        return abs(_radial(sought, law, nodes, variance) - other)
    raise AssertionError


def _radial(sought: Sought, law: LinearLaw, nodes: int, variance: float, coarser: float = 1.0, rule: Callable[[int], Mixture] | None = None) -> float:
    variances, weights = (torch.atleast_1d(part).cpu() for part in (rule or law.mixture)(nodes))
    value = float(sought.value(Radial(law.dim, variances, weights, variance, coarser)))
    if not math.isfinite(value):
        raise InvalidParameter("law", law.words, f"laws whose {sought.name} is finite")
    return value
