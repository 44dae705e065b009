"""Divergences of laws on the line with known densities, next to sums over a fine grid and to distribution functions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import brentq
from scipy.special import ndtr
from torch import Tensor

from experiments.measures._routes import attempt, beside, compared, held
from pmmtheory import divergences
from pmmtheory.estimate import Estimate
from pmmtheory.laws import LineLaw
from pmmtheory.noise.levels import Numbers
from pmmtheory.targets import GaussianMixture, Potential

_SPACING, _COARSER, _END = 0.08, 0.09, 9.0
"""Of the grid of a law, that of its lower resolution, and where they end."""
_NAMES = ("kl", "reverse_kl", "chi2", "hellinger", "tv", "w1")
_ORDERS = (0.3, 1.5)
TESTS: dict[str, Callable[[Tensor], Tensor]] = {
    "the square": lambda x: x**2,
    "a wave": lambda x: torch.cos(3 * x),
    "the distance from 0.3": lambda x: torch.abs(x - 0.3),
    "the mass beyond 0.3": lambda x: (x > 0.3).double(),
}
NAMES = (*_NAMES, *(f"renyi of order {a}" for a in _ORDERS), *(f"weak error of {test}" for test in TESTS))


@dataclass(frozen=True)
class _Mixture:
    """Weights, means and variances."""

    weights: tuple[float, ...]
    means: tuple[float, ...]
    variances: tuple[float, ...]

    def _standard(self, x: Numbers) -> Iterator[tuple[float, float, Numbers]]:
        for w, m, v in zip(self.weights, self.means, self.variances, strict=True):
            yield w, math.sqrt(v), (x - m) / math.sqrt(v)

    def density(self, x: Numbers) -> Numbers:
        """At points."""
        return np.asarray(np.sum([w * np.exp(-z * z / 2) / (s * math.sqrt(2 * math.pi)) for w, s, z in self._standard(x)], 0))

    def below(self, x: Numbers) -> Numbers:
        """The distribution function."""
        return np.asarray(np.sum([w * ndtr(z) for w, _, z in self._standard(x)], 0))

    def law(self, spacing: float = _SPACING, low: float = -_END, high: float = _END) -> LineLaw:
        """As one of a chain, with its lower resolution."""
        laws = [_law(self, step, low, high) for step in (spacing, spacing * _COARSER / _SPACING)]
        return laws[0].resolved_by(laws[1])

    def target(self) -> GaussianMixture:
        """As a target."""
        return GaussianMixture(list(self.weights), list(self.means), list(self.variances))


class _Kinked:
    """The density of exp(-|x| - x^2/2)."""

    _half = math.exp(0.5) * math.sqrt(2 * math.pi) * ndtr(-1)

    def density(self, x: Numbers) -> Numbers:
        """At points."""
        return np.asarray(np.exp(-np.abs(x) - x * x / 2) / (2 * self._half))

    def below(self, x: Numbers) -> Numbers:
        """The distribution function, by the nearer side of a normal one."""
        side = ndtr(-np.abs(x) - 1) / ndtr(-1) / 2
        return np.asarray(np.where(x < 0, side, 1 - side))

    def target(self) -> Potential:
        """As a target."""
        return Potential(lambda x: torch.abs(x) + x**2 / 2, name="kinked")


_P = _Mixture((0.3, 0.7), (-1.0, 0.9), (0.8, 0.6))
_Q = _Mixture((0.4, 0.6), (-0.8, 0.7), (0.9, 0.7))
_NEAR = _Mixture((0.3, 0.7), (-1.001, 0.9), (0.8, 0.601))
PAIRS: dict[str, tuple[_Mixture, _Mixture | _Kinked, bool]] = {
    "a law and a target": (_P, _Q, False),
    "two laws": (_P, _Q, True),
    "near laws": (_P, _NEAR, True),
    "a law and a target with a kink": (_P, _Kinked(), False),
}


@compared
def measure(device: str, pair: str) -> dict[str, Estimate]:
    """Every divergence of the pair."""
    first, second, laws = PAIRS[pair]
    one, two = first.law(), second.law() if laws and isinstance(second, _Mixture) else second.target()
    found = {name: attempt(getattr(divergences, name), one, two) for name in _NAMES}
    found |= {f"renyi of order {a}": attempt(divergences.renyi, one, two, a) for a in _ORDERS}
    found |= {f"weak error of {test}": attempt(divergences.weak, one, two, f) for test, f in TESTS.items()}
    return held({name: beside(found[name], other) for name, other in _others(first, second).items()}, 1e-8, {"w1": 1e-7})


def _law(mixture: _Mixture, spacing: float, low: float, high: float) -> LineLaw:
    grid = torch.arange(math.floor(low / spacing), math.ceil(high / spacing) + 1, dtype=torch.float64) * spacing
    wide = _Mixture((1.0,), (0.2,), (1.6,))
    return LineLaw(
        grid,
        torch.as_tensor(mixture.density(grid.numpy())),
        lambda x: torch.as_tensor(wide.density(x.numpy())),
        wider=lambda first, last: mixture.law(spacing, min(first, low), max(last, high)),
    )


def _others(p: _Mixture, q: _Mixture | _Kinked) -> dict[str, float]:
    """By Gauss rules on short panels, with an edge at every kink and wherever densities or distribution functions cross."""
    edges = np.linspace(-12, 12, 241)
    edges = np.sort(
        np.concatenate([edges, *(_crossings(function, edges) for function in (lambda x: p.density(x) - q.density(x), lambda x: p.below(x) - q.below(x)))])
    )
    x, w = np.polynomial.legendre.leggauss(12)
    half = np.diff(edges)[:, None] / 2
    points, weights = ((edges[:-1] + edges[1:])[:, None] / 2 + half * x).ravel(), (half * w).ravel()
    one, two = p.density(points), q.density(points)
    log = np.log(one) - np.log(two)
    excess = np.expm1(log)
    powers = {a: float(weights @ (two * (np.expm1(a * log) - a * excess))) for a in (0.5, *_ORDERS)}
    gap, below = one - two, p.below(points) - q.below(points)
    found = {
        "kl": float(weights @ (one * log - one + two)),
        "reverse_kl": float(weights @ (two * (excess - log))),
        "chi2": float(weights @ (two * excess**2)),
        "hellinger": math.sqrt(-powers[0.5]),
        "tv": float(weights @ np.abs(gap)) / 2,
        "w1": float(weights @ np.abs(below)),
    }
    found |= {f"renyi of order {a}": math.log1p(powers[a]) / (a - 1) for a in _ORDERS}
    return found | {f"weak error of {test}": abs(float(weights @ (f(torch.as_tensor(points)).numpy() * gap))) for test, f in TESTS.items()}


def _crossings(f: Callable[[Numbers], Numbers], edges: Numbers) -> list[float]:
    """Where a function is 0, once between two edges."""
    seen = edges[np.abs(edges) < 7]
    signs = np.sign(f(seen))
    return [brentq(f, seen[k], seen[k + 1], xtol=1e-15) for k in np.flatnonzero(signs[1:] * signs[:-1] < 0)]
