"""Errors that are a step^p + b step^q with a known q, neither term negligible: p and a, free of b."""

from __future__ import annotations

import numpy as np

from pmmtheory.rates.root import root
from pmmtheory.rates.sequence import SIGMAS, Array, Points, Sequence

SEEN = 2.0
"""Differences enter that are so many times their error."""
EXPONENTS = (-20.0, 20.0)


def rates_beside(points: Points, other: float) -> Sequence:
    """The p of each three neighbours on a curve a step^p + b step^other."""
    found = _Differences(points, other)
    ratios = np.log(found.values[:-1] / found.values[1:])
    exponents = np.array([_solve(found, k, ratio) for k, ratio in enumerate(ratios)])
    relative = found.bounds / np.abs(found.values)
    gaps = found.middles[:-1] - found.middles[1:]
    last = exponents[-1] if len(exponents) else 0.0

    def effect(r: float) -> Array:
        return np.asarray(-np.diff(found.effect(last, r)) / gaps)

    return Sequence(exponents + other, (relative[:-1] + relative[1:]) / gaps, (found.middles[:-1] + found.middles[1:]) / 2, effect)


def constants_beside(points: Points, rate: float, other: float) -> Sequence:
    """The logarithm of the a of each two neighbours on a curve a step^rate + b step^other."""
    found = _Differences(points, other)
    sizes = found.values / -np.diff(np.exp((rate - other) * found.x))
    usable = bool(np.all(sizes > 0))
    logs = np.log(sizes) + found.unit if usable else np.zeros(0)
    return Sequence(logs, (found.bounds / np.abs(found.values))[: len(logs)], found.middles[: len(logs)], lambda r: found.effect(rate - other, r))


class _Differences:
    """error / step^other of each step less that of the next: free of the other term; those of one sign, beyond their errors, up to the smallest step."""

    def __init__(self, points: Points, other: float):
        x = points.x
        scaled = points.y - other * x
        self.unit = float(scaled[-1])
        values = np.exp(scaled - self.unit)
        differences, bounds = -np.diff(values), SIGMAS * (values * points.noise)[:-1] + SIGMAS * (values * points.noise)[1:]
        good = (np.abs(differences) > SEEN * bounds) & (np.sign(differences) == np.sign(differences[-1]))
        start = int(np.flatnonzero(~good)[-1]) + 1 if not good.all() else 0
        self.values, self.bounds, self.x = differences[start:], bounds[start:], x[start:]
        self.middles = (self.x[1:] + self.x[:-1]) / 2

    def effect(self, exponent: float, r: float) -> Array:
        """What a correction step^r of the first term adds to the logarithms, up to a factor."""
        x = self.x - self.x[-1]
        return np.asarray(np.diff(np.exp((exponent + r) * x)) / np.diff(np.exp(exponent * x)))


def _solve(found: _Differences, k: int, ratio: float) -> float:
    """The exponent with which differences of step^exponent have that (logarithmic) ratio: it grows with the exponent."""

    def excess(s: float) -> float:
        return _log_length(found.x, k, s) - _log_length(found.x, k + 1, s) - ratio

    return root(excess, *EXPONENTS, 1e-13)


def _log_length(x: Array, k: int, s: float) -> float:
    """The logarithm of the integral of exp(s t) from x_{k+1} to x_k."""
    half, middle = s * (x[k] - x[k + 1]) / 2, (x[k] + x[k + 1]) / 2
    return float(s * middle + np.log(x[k] - x[k + 1]) + (np.log(np.sinh(half) / half) if abs(half) > 1e-8 else 0.0))
