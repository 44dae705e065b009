"""The stationary laws of LMC and of the randomized midpoint where the gradient is only Hoelder: F = x^2/2 + |x|^(1 + b)/2, b = 2^-k.

From x, with the midpoint at time s a and X_s = x - s a F'(x) + xi, xi from N(0, 2 s a), the step ends at X' = x - a F'(X_s) + xi + N(0, 2 a (1 - s)):

    p(y | x) = int_0^1 ds int dxi phi(xi; 2 s a) phi(y - x + a F'(X_s) - xi; 2 a (1 - s)).

Given y, xi is nearly a Gaussian, by whose rule the inner integral is taken where F' is smooth; where X_s may be zero, it is taken in t, |X_s| = L t^(1/b), in
which F' is smooth. Everything is even in x. The invariant law is solved for at Gauss nodes of panels that shrink towards zero.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.polynomial import hermite, legendre

from experiments.measures._panels import above, absolute, divergence, gauss_panels
from pmmtheory.errors import choice, count
from pmmtheory.estimate import Estimate
from pmmtheory.numerics.elimination import invariant

_RESOLUTIONS = (8, 12, 48, 24, 12), (9, 15, 60, 30, 13)
"""Nodes of a panel, of either half of the time of the midpoint, of either side of zero and of a Gaussian; and how often panels are halved towards zero."""

_SHARE = 0.5
"""The factor of |x|^(1 + b)."""

_END, _BAND, _CORE = 9.0, 8.6, 8.5
"""Where the axis ends, with 1e-23 of the mass beyond; and deviations beyond which a step does not lead, and of xi given y."""

_PAIRS = 8000
"""Pairs of points at once: they stay in the cache."""

_ROUNDING = 1e-12


def measure(device: str, step_size: float, scheme: str, halvings: int) -> dict[str, Estimate]:
    """tv, kl and w2 of the law of "LMC" or "RMM" to the target, with b = 2^-halvings."""
    midpoint, k = choice("scheme", scheme, ("LMC", "RMM")) == "RMM", count("halvings", halvings, 1, 3)
    rough, fine = (distances(step_size, k, midpoint, *resolution) for resolution in _RESOLUTIONS)
    # what rows miss is not seen in the difference of two resolutions that miss the same
    missed = 3 * fine.pop("missed") / step_size + _ROUNDING
    each = {"tv": missed, "kl": 2 * missed * math.sqrt(2 * fine["kl"]), "w2": missed}
    return {name: Estimate.of(fine[name], "elimination on panels", resolution=2 * abs(fine[name] - rough[name]), rows=each[name]) for name in fine}


def distances(a: float, k: int, midpoint: bool, nodes: int, times: int, sides: int, inner: int, depth: int, share: float = _SHARE) -> dict[str, float]:
    """At one resolution, and the mass `missed` that steps from the law do not find again; share = 0 makes the target a Gaussian."""
    noise = math.sqrt(2 * a)
    first = min(noise, 1.0)
    edges = np.concatenate([[0.0], first * 2.0 ** -np.arange(depth, 0, -1), np.linspace(first, _END, math.ceil((_END - first) / (2 * noise)) + 1)])
    x, w, half = gauss_panels(edges, nodes)
    step = _Step(a, k, share, times, sides, inner)
    moved = (_between(x, x, step, midpoint) + _between(x, -x, step, midpoint)) * w
    found = moved.sum(1)
    masses = invariant(torch.as_tensor(moved / found[:, None])).numpy()
    p, q = masses / w / 2, np.exp(-step.potential(x))
    whole = float((w * q).sum())
    q /= 2 * whole
    shift = _shift(x, above(p - q, half, nodes) * 2 * whole, step)
    missed = float(masses @ np.abs(found - 1))
    return {"tv": absolute(p - q, half, nodes), "kl": 2 * divergence(p, q, w), "w2": math.sqrt(float((masses * shift**2).sum())), "missed": missed}


def _shift(x: np.ndarray, more: np.ndarray, step: _Step) -> np.ndarray:
    """How far the target has as much mass above: int_x^(x + shift) exp(-F) = -more, by Newton's method."""
    at, weights = legendre.leggauss(12)
    shift = np.clip(-more * np.exp(step.potential(x)), -0.3, 0.3)
    for _ in range(8):
        between = shift * (np.exp(-step.potential(x[:, None] + shift[:, None] * (at + 1) / 2)) @ weights) / 2
        shift = np.clip(shift - (between + more) * np.exp(step.potential(x + shift)), -0.5, 0.5)
    found: np.ndarray = shift
    return found


def _between(x: np.ndarray, ends: np.ndarray, step: _Step, midpoint: bool) -> np.ndarray:
    """The density of a step from every node to every end."""
    found, reach = np.zeros((len(x), len(x))), _BAND * math.sqrt(2 * step.a) + step.a * (1 + 2 * step.share)
    rows, columns = np.nonzero(np.abs((x - step.a * step.force(x))[:, None] - ends) < reach)
    for begin in range(0, len(rows), _PAIRS):
        row, column = rows[begin : begin + _PAIRS], columns[begin : begin + _PAIRS]
        found[row, column] = step.midpoint(x[row], ends[column]) if midpoint else step.plain(x[row], ends[column])
    return found


class _Step:
    """Densities of a step from x to y, and the target."""

    def __init__(self, a: float, k: int, share: float, times: int, sides: int, inner: int):
        self.a, self.k, self.b, self.share = a, k, 0.5**k, share
        t, weights = legendre.leggauss(times)
        t, weights = (t + 1) / 2, weights / 2
        self.times = [*zip(t**2 / 2, weights * t, strict=True), *zip(1 - t**2 / 2, weights * t, strict=True)]  # smooth in the roots of s and 1 - s
        t, weights = legendre.leggauss(sides)
        t, grade = (t + 1) / 2, 2**k
        self.sides = list(zip(t, t**grade, weights / 2 * grade * t ** (grade - 1), strict=True))
        at, weights = hermite.hermgauss(inner)
        self.inner = list(zip(math.sqrt(2) * at, math.sqrt(2) * weights * np.exp(at * at), strict=True))

    def potential(self, x: np.ndarray) -> np.ndarray:
        found: np.ndarray = x * x / 2 + self.share * np.abs(x) ** (1 + self.b)
        return found

    def force(self, x: np.ndarray) -> np.ndarray:
        found: np.ndarray = x + self.share * (1 + self.b) * np.copysign(self._root(np.abs(x)), x)
        return found

    def _root(self, x: np.ndarray) -> np.ndarray:
        """x^b, by square roots, which are quicker than powers."""
        for _ in range(self.k):
            x = np.sqrt(x)
        return x

    def plain(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        found: np.ndarray = np.exp(-((y - x + self.a * self.force(x)) ** 2) / (4 * self.a)) / math.sqrt(4 * math.pi * self.a)
        return found

    def midpoint(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        total = np.zeros_like(x)
        for s, weight in self.times:
            total += weight * self._at(s, x, y)
        return total

    def _at(self, s: float, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Given the time s a of the midpoint."""
        a, pull = self.a, self.force(x)
        middle, before, after = x - s * a * pull, 2 * s * a, 2 * a * (1 - s)
        centre, width = s * (y - x + a * self.force(middle + s * (y - x + a * pull))), math.sqrt(before * after / (2 * a))
        core = _CORE * width + 2 * a * self.share * (1 + self.b) * self._root(
            np.abs(middle + centre) + _CORE * width
        )  # the force there is not that at the centre
        found, near = np.empty_like(x), np.abs(middle + centre) < core

        def weighed(xi: np.ndarray, force: np.ndarray, off: np.ndarray) -> np.ndarray:
            rest = off + a * force - xi
            density: np.ndarray = np.exp(xi * xi * (-0.5 / before) - rest * rest * (0.5 / after))
            return density

        m, start, off = centre[~near], middle[~near], (y - x)[~near]
        found[~near] = sum((weight * width * weighed(m + width * h, self.force(start + m + width * h), off) for h, weight in self.inner), np.zeros_like(m))
        m, start, off, core = centre[near], middle[near], (y - x)[near], core[near]
        total, slope = np.zeros_like(m), self.share * (1 + self.b)
        for size, sign in ((core + m + start, 1.0), (core - m - start, -1.0)):
            root = slope * self._root(size)
            for t, power, weight in self.sides:
                there = sign * power * size
                total += weight * size * weighed(there - start, there + sign * t * root, off)
        found[near] = total
        scaled: np.ndarray = found / (2 * math.pi * math.sqrt(before * after))
        return scaled
