"""The rules of the draws of steps, next to moments in closed form and to sums over all that can be."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from math import exp, expm1, inf
from typing import Any

import numpy as np
from scipy.integrate import quad
from scipy.stats import norm

from experiments.measures._arrays import Pairs, all_apart
from experiments.measures._routes import compared, held
from pmmtheory.estimate import Estimate
from pmmtheory.noise.levels import Numbers
from pmmtheory.schemes import Index, Midpoints, Normal, QuadratureTime, Uniform
from pmmtheory.schemes.draw import Rule
from pmmtheory.schemes.draws import all_of, discrete_gauss, some_of
from pmmtheory.schemes.midpoint_sets import simplex_rule


@compared
def measure(device: str) -> dict[str, Estimate]:
    """The rule of every draw."""
    found = all_apart(
        {
            "moments of normals": _normals,
            "moments of times": _times,
            "sets of midpoints against all subsets": _subsets,
            "sets of midpoints against a Poisson process": _process,
            "sets of midpoints of large K": _interpolated,
            "one midpoint": _single,
        }
    )
    return held(found, but={"sets of midpoints against": 1e-6, "sets of midpoints of large K": 1e-7})


def _moments(rule: Rule, most: int) -> Numbers:
    values, weights = rule
    return np.array([weights @ values**k for k in range(most + 1)])


def _normals() -> Pairs:
    """Moments up to the sixth, whole and beyond two places, and E cos(2 z) = e^-2."""
    pairs: list[tuple[Any, Any]] = []
    places = (-0.4, 0.9)
    for level in (0, 2):
        values, weights = Normal().rule(level)
        pairs += [(_moments((values, weights), 6)[::2], [1, 1, 3, 15]), (weights @ np.cos(2 * values), exp(-2))]
        values, weights = Normal().split(places, level)
        for low, high in zip((-inf, *places), (*places, inf), strict=True):
            within = (values > low) & (values < high)
            expected = [quad(lambda z, k=k: z**k * norm.pdf(z), low, high, epsrel=1e-13)[0] for k in range(4)]
            pairs += [(_moments((values[within], weights[within]), 3), expected)]
    return pairs


def _times() -> Pairs:
    uniform = [1 / (k + 1) for k in range(20)]
    pairs: list[tuple[Any, Any]] = []
    for level in (0, 2):
        pairs += [(_moments(draw.rule(level), 19), uniform) for draw in (Uniform(), Index(inf))]
        for draw in (Uniform(), Index(inf)):
            values, weights = draw.split((0.3, 0.8), level)
            for low, high in ((0.0, 0.3), (0.3, 0.8), (0.8, 1.0)):
                within = (values > low) & (values < high)
                pairs += [(_moments((values[within], weights[within]), 9), [(high ** (k + 1) - low ** (k + 1)) / (k + 1) for k in range(10)])]
        pairs += [(_moments(Index(n).rule(level), 15), [sum((i / n) ** k for i in range(n)) / n for k in range(16)]) for n in (3, 11, 12, 70)]
    pairs += [(_moments(some_of(n, 0), 15), [sum((i / n) ** k for i in range(n)) / n for k in range(16)]) for n in (20, 90)]
    pairs += [
        (_moments(discrete_gauss(30, 4), 7), [sum((i / 30) ** k for i in range(30)) / 30 for k in range(8)]),
        (all_of(3), [0, 1 / 3, 2 / 3, 1 / 3, 1 / 3, 1 / 3]),
    ]
    pairs += [(_moments(QuadratureTime(3).rule(0), 5), uniform[:6])]
    for n in (1, 2, 4):
        found, weights = simplex_rule(n, 5)
        products = [weights.sum(), weights @ np.prod(found, 1), weights @ found[:, 0], weights @ found[:, -1] ** 2]
        pairs += [(products, [1.0, 1 / 2**n, 1 / (n + 1), n / (n + 2)])]
    return pairs


def _over(draw: Midpoints, level: int, f: Callable[[Numbers], Numbers]) -> float:
    """E f of the midpoints of a set, by the rule."""
    (times, marks), weights = draw.rule(level)
    return float(weights @ f(np.where(marks, times, np.nan)))


def _product(times: Numbers) -> Numbers:
    return np.asarray(np.exp(0.4 * np.nansum(times, 0)))


def _last(times: Numbers) -> Numbers:
    return np.asarray(np.max(times, 0, where=~np.isnan(times), initial=0.0))


def _spread(times: Numbers) -> Numbers:
    known = ~np.isnan(times)
    return np.where(known.any(0), np.max(times, 0, where=known, initial=0.0) - np.min(times, 0, where=known, initial=1.0), 0.0)


def _subsets() -> Pairs:
    pairs: list[tuple[Any, Any]] = []
    for k, intensity in ((1, 1.0), (4, 1.0), (7, 1.6)):
        p = intensity / k
        sets = [np.array(chosen) / k for size in range(k) for chosen in combinations(range(1, k), size)]
        chances = [p ** len(chosen) * (1 - p) ** (k - 1 - len(chosen)) for chosen in sets]
        for f in (_product, _last, _spread):
            pairs += [
                (
                    _over(Midpoints(k, "bernoulli", intensity), 0, f),
                    sum(chance * float(f(chosen[:, None])[0]) for chance, chosen in zip(chances, sets, strict=True)),
                )
            ]
    return pairs


def _process() -> Pairs:
    """E exp(0.4 sum of times), E last, and E (last - first) of a process of rate c on [0, 1]."""
    pairs: list[tuple[Any, Any]] = []
    for c, level in ((1.0, 0), (1.0, 2)):
        draw = Midpoints(inf, "bernoulli", c)
        last = 1 - (1 - exp(-c)) / c
        first = (1 - exp(-c)) / c - exp(-c)
        for f, expected in ((_product, exp(c * (expm1(0.4) / 0.4 - 1))), (_last, last), (_spread, last - first)):
            pairs += [(_over(draw, level, f), expected)]
    return pairs


def _interpolated() -> Pairs:
    """Of 40 substeps, from those of a few K: an interpolation in 1/K."""
    k, c = 40, 1.0
    chances = [c / k * (1 - c / k) ** (k - 1 - i) for i in range(1, k)]
    return [
        (_over(Midpoints(k, "bernoulli"), 1, _product), np.prod([1 + c / k * expm1(0.4 * i / k) for i in range(1, k)])),
        (_over(Midpoints(k, "bernoulli"), 1, _last), sum(chance * i / k for i, chance in enumerate(chances, 1))),
    ]


def _single() -> Pairs:
    """Moments of the one time, and what its force counts."""
    pairs: list[tuple[Any, Any]] = []
    for k in (2, 5, 60):
        for kind, first in (("single", 0), ("interior", 1)):
            expected = [sum((i / k) ** m for i in range(first, k)) / (k - first) for m in range(8)]
            for listed in (False, True):
                draw = Midpoints(k, kind, listed=listed)
                pairs += [(_moments(draw.one(0), 7), expected), (_moments(draw.one(0, few=True), 7), expected), (draw.weight, k - first)]
        (times, _), weights = Midpoints(k, "interior").rule(1)
        pairs += [(_moments((times[0], weights), 7), [sum((i / k) ** m for i in range(1, k)) / (k - 1) for m in range(8)])]
    pairs += [(_moments(Midpoints(inf, "single").one(0), 7), [1 / (m + 1) for m in range(8)]), (Midpoints(1, "single").one(0), [0.0, 1.0])]
    return pairs
